"""`saddlepoint data check PATH`."""

import argparse
import re
from typing import Any

from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import counted, printable

# Of each reason, in words; the JSON answer has all.
_PROBLEMS_SHOWN = 20


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("check",))
    parser.add_argument("path", metavar="PATH")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.data import check_data

    found = check_data(chosen.path)
    return Answer(json=found, text=_described(found), code=0 if found["ok"] else 2)


def _described(found: dict[str, Any]) -> str:
    """What `data check` found, a line for each thing; names from elsewhere are shown and not obeyed."""
    from saddlepoint.data.pair_check import described

    lines = []
    for key, value in found.items():
        if key == "problems":
            lines += _problems(value)
        elif key == "notes":
            lines += [f"note: {note}" for note in value]
        elif key == "trained":
            lines += _trained(value)
        elif key == "trained_notes":
            lines += [f"`train images`: {note}" for note in value]
        elif key == "pairs":
            lines += [f"pairs: {line}" for line in described(value)] if value is not None else []
        elif key == "duplicate_examples":
            lines += [f"equal: {', '.join(group)}" for group in value]
        elif isinstance(value, dict) and value:
            lines.append(f"{key}: " + ", ".join(f"{name} {count}" for name, count in value.items()))
        elif value not in (None, "", [], {}):
            lines.append(f"{key}: {value}")
    return "\n".join(map(printable, lines))


def _trained(shapes: dict[str, list[int]] | None) -> list[str]:
    """What `train images` would make of the images."""
    if shapes is None:
        return []
    (channels, *size), (_, *on_gpu) = shapes["cpu"], shapes["gpu"]
    larger = f" ({on_gpu[1]}x{on_gpu[0]} on a GPU)" if on_gpu != size else ""
    return [f"`train images` makes: {size[1]}x{size[0]}{larger}, {counted(channels, 'channel')}"]


def _problems(problems: list[dict[str, str]]) -> list[str]:
    """The first of each kind of reason, and how many more there are; all stand in the JSON answer."""
    kinds: dict[str, list[str]] = {}
    for problem in problems:
        # What is of this file alone (numbers, how it begins, a path) does not make another kind.
        kind = re.split(r"[(\d]", problem["reason"], maxsplit=1)[0]
        kinds.setdefault(kind, []).append(f"problem: {problem['path']}: {problem['reason']}")
    lines = []
    for alike in kinds.values():
        lines += alike[:_PROBLEMS_SHOWN]
        if len(alike) > _PROBLEMS_SHOWN:
            lines.append(f"problem: {len(alike) - _PROBLEMS_SHOWN:,} more like these; --json lists all")
    return lines


DATA = Verb(name="data", summary="look at data before training", add=add, run=run)
