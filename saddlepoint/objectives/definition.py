"""The reader of a person's own objective: f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid, or f=...; coupling=pairs.

Keys may stand in any order. f4 and link are optional; without a link D is the raw output, and nothing is inferred.
"""

import difflib
from dataclasses import dataclass

from saddlepoint.objectives.paired import COUPLINGS, Paired
from saddlepoint.objectives.parser import check_length, error_at, parse
from saddlepoint.objectives.separable import IDENTITY, LINKS, Separable
from saddlepoint.objectives.tree import Tree

_SEPARABLE = ("f1", "f2", "f3", "f4", "link")
_PAIRED = ("f", "coupling")
_EXAMPLE = "write f1=...; f2=...; f3=..., with f4=... and link=sigmoid where needed"


@dataclass(frozen=True, kw_only=True)
class _Entry:
    key: str
    at: int  # where the key stands, from 0
    start: int  # where its value stands
    end: int


def read_definition(text: str) -> Separable | Paired:
    """The objective that the text defines.

    Raises:
        UserError: a key or a formula that cannot be read; the message points at the column of the text.
    """
    check_length(text)
    entries: dict[str, _Entry] = {}
    start = 0
    for piece in text.split(";"):
        entry = _entry(text, start, start + len(piece))
        start += len(piece) + 1
        if entry is None:
            continue
        if entry.key in entries:
            raise error_at(text, entry.at, f"{entry.key} a second time", "each key once", f"remove one {entry.key}")
        entries[entry.key] = entry
    keys = _PAIRED if "f" in entries else _SEPARABLE
    for entry in entries.values():
        if entry.key not in keys:
            nearest = difflib.get_close_matches(entry.key, keys, n=1)
            cure = f"did you mean {nearest[0]}?" if nearest else _EXAMPLE
            raise error_at(text, entry.at, f"the key {entry.key!r}", f"one of {', '.join(keys)}", cure)
    if "f" in entries:
        coupling = _choice(text, entries["coupling"], COUPLINGS) if "coupling" in entries else COUPLINGS[0]
        return Paired(f=_formula(text, entries["f"]), coupling=coupling)
    for key in ("f1", "f2", "f3"):
        if key not in entries:
            raise error_at(text, len(text), f"no {key}", "f1, f2 and f3", _EXAMPLE)
    link = LINKS[_choice(text, entries["link"], tuple(LINKS))] if "link" in entries else IDENTITY
    f1, f2, f3 = (_formula(text, entries[key]) for key in ("f1", "f2", "f3"))
    f4 = _formula(text, entries["f4"]) if "f4" in entries else None
    return Separable(f1=f1, f2=f2, f3=f3, f4=f4, link=link)


def _entry(text: str, start: int, end: int) -> _Entry | None:
    """The key and value between two semicolons; None where nothing stands."""
    piece = text[start:end]
    if not piece.strip():
        return None
    at = start + len(piece) - len(piece.lstrip())
    key, equals, _ = piece.partition("=")
    if not equals:
        raise error_at(text, at, repr(piece.strip()), "key=formula", _EXAMPLE)
    return _Entry(key=key.strip(), at=at, start=start + len(key) + 1, end=end)


def _formula(text: str, entry: _Entry) -> Tree:
    return parse(text, entry.start, entry.end)


def _choice(text: str, entry: _Entry, names: tuple[str, ...]) -> str:
    value = text[entry.start : entry.end]
    if value.strip() not in names:
        at = entry.start + len(value) - len(value.lstrip())
        raise error_at(
            text, at, f"{entry.key}={value.strip()!r}", f"one of {', '.join(names)}", "choose one of these names"
        )
    return value.strip()
