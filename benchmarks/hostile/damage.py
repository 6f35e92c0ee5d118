"""Bytes of a run's files changed, cut off or gone; then each verb that reads them.

A checkpoint's files, its manifest, the recipe and the three files of lines. A verb may refuse on one line, or say what
is damaged or left out and go on, or give what it gives for the undamaged run. Another answer without a word is the
worst fault there is.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from benchmarks.hostile.child import Ended
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.same_run import differences, log_lines, same_tensors
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import PLACE, Workshop, fresh_copy, settings, shown

NEWEST = f"checkpoints/{Workshop.STEPS:08d}"
FILES = (
    *(f"{NEWEST}/{name}" for name in ("networks.safetensors", "averages.safetensors", "optimizers.safetensors")),
    f"{NEWEST}/manifest.json",
    "recipe.yaml",
    "log.jsonl",
    "metrics.jsonl",
    "events.jsonl",
)
# These have no checksum: a number in them that becomes another number cannot be told, and what is drawn from it
# differs. So it is with the recipe that a report shows.
UNSIGNED = ("log.jsonl", "metrics.jsonl", "events.jsonl")
UNSIGNED_FOR = {("recipe.yaml", "report")}
FURTHER = 12
# Words that say that something is not as it was; with them a different answer is not silent.
_SAID = re.compile(
    r"left out|damaged|not as it was|no longer|has changed|cannot be read|torn|unreadable", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A verb on a damaged run: its arguments, and what is compared of its answer."""

    arguments: Callable[[Path], list[str]]
    answer: Callable[[Ended, Path], object]


def verbs() -> dict[str, Verb]:
    """Each verb that reads a run; `place` holds `run`, the damaged one, and `other`, an undamaged one."""
    picture = "drawn.png"
    return {
        "sample": Verb(
            arguments=lambda place: ["sample", str(place / "run"), "--count", "3", "--out", str(place / picture)],
            answer=lambda ended, place: _bytes(place / picture),
        ),
        "interpolate": Verb(
            arguments=lambda place: ["interpolate", str(place / "run"), "--out", str(place / picture)],
            answer=lambda ended, place: _bytes(place / picture),
        ),
        "evaluate": Verb(
            arguments=lambda place: [
                *("evaluate", str(place / "run"), "--json", "--metrics", "frechet_distance", "--samples-count", "20")
            ],
            answer=lambda ended, place: ended.out,
        ),
        "compare": Verb(
            arguments=lambda place: ["compare", str(place / "run"), str(place / "other")],
            answer=lambda ended, place: ended.out,
        ),
        "report": Verb(
            arguments=lambda place: ["report", str(place / "run")],
            answer=lambda ended, place: _bytes(place / "run" / "report.html"),
        ),
        "resume": Verb(
            arguments=lambda place: ["resume", str(place / "run"), "--steps", str(FURTHER)],
            answer=lambda ended, place: place / "run",
        ),
        "train --from": Verb(
            arguments=lambda place: [
                *("train", "digits", "--from", str(place / "run"), "--out", str(place / "new"), "--steps", "2"),
                *settings(),
            ],
            answer=lambda ended, place: place / "new",
        ),
    }


class Undamaged:
    """What each verb answers for the undamaged run, and what it says meanwhile.

    Args:
        workshop: where the small run is.
        chosen: the verbs; None for all.
    """

    def __init__(self, workshop: Workshop, chosen: dict[str, Verb] | None = None):
        self._workshop, self._kept = workshop, workshop.folder("undamaged")
        self.verbs = verbs() if chosen is None else chosen
        self.ended: dict[str, Ended] = {}
        self._answers: dict[str, object] = {}
        # Where the attempts happen, too, so that paths in answers are the same.
        place = workshop.folder(PLACE)
        for verb, one in self.verbs.items():
            self.set_up(place)
            self.ended[verb] = workshop.must(one.arguments(place))
            answer = one.answer(self.ended[verb], place)
            self._answers[verb] = fresh_copy(answer, self._kept / verb) if isinstance(answer, Path) else answer

    def set_up(self, place: Path) -> Path:
        """The undamaged run and another one in an empty place; gives the one to be damaged."""
        shutil.rmtree(place, ignore_errors=True)
        fresh_copy(self._workshop.small_run, place / "other")
        return fresh_copy(self._workshop.small_run, place / "run")

    def judge(self, verb: str, place: Path, *, answers_count: bool = True) -> str | None:
        """Runs the verb on the damaged run; what was not good.

        Args:
            answers_count: whether another answer than the undamaged run's has to be said.
        """
        one = self.verbs[verb]
        ended = self._workshop.verb(one.arguments(place), place)
        if (fault := fault_of(ended)) or ended.code != 0:
            return fault
        if self._said_something(verb, ended, one.answer(ended, place)):
            return None
        different = self._difference(verb, one.answer(ended, place)) if answers_count else None
        return f"another answer, and not a word about the damage: {different}" if different else None

    def _said_something(self, verb: str, ended: Ended, answer: object) -> bool:
        before = set(self.ended[verb].err.splitlines())
        if any(_SAID.search(line) for line in ended.err.splitlines() if line not in before):
            return True
        # A page may say it itself.
        expected = self._answers[verb]
        pages = [page.decode(errors="replace") for page in (answer, expected) if isinstance(page, bytes)]
        return verb == "report" and len(pages) == 2 and len(_SAID.findall(pages[0])) > len(_SAID.findall(pages[1]))

    def _difference(self, verb: str, answer: object) -> str | None:
        expected = self._answers[verb]
        if not isinstance(answer, Path) or not isinstance(expected, Path):
            return None if answer == expected else f"what {verb} gives is not the same"
        if verb == "resume":
            return "; ".join(differences(expected, answer, stopped=True)[:2]) or None
        found = same_tensors(expected / "checkpoints" / "00000002", answer / "checkpoints" / "00000002")
        return "; ".join([*found][:2]) or None


@cache
def answers(workshop: Workshop) -> Undamaged:
    """What every verb answers for the small run; asked once."""
    return Undamaged(workshop)


def prepare(workshop: Workshop) -> Attack:
    undamaged = answers(workshop)

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        run = undamaged.set_up(place)
        # In turn, so that two minutes meet every file and every verb.
        name, verb = FILES[index % len(FILES)], [*undamaged.verbs][index // len(FILES) % len(undamaged.verbs)]
        done = damage(run / name, random)
        before = log_lines(run) if (run / "log.jsonl").exists() else []
        unsigned = name in UNSIGNED or (name, verb) in UNSIGNED_FOR
        fault = undamaged.judge(verb, place, answers_count=not unsigned)
        if (
            fault is None
            and name == "log.jsonl"
            and verb == "resume"
            and any("damaged" in line for line in before[:-1])
        ):
            err = (place / "err").read_text(errors="backslashreplace")
            fault = None if _SAID.search(err) else "a line of log.jsonl that is no JSON was left out without a word"
        return Outcome(what=f"{name}: {done}; {shown(undamaged.verbs[verb].arguments(place))}", fault=fault)

    return Attack(attempt=attempt)


def damage(path: Path, random: Random) -> str:
    """Damages a file in one of several ways; says how."""
    content = bytearray(path.read_bytes())
    at = random.randrange(len(content))
    way = random.randrange(8)
    if way <= 2:
        value = content[at] ^ (1 << random.randrange(8)) if way else random.randrange(256)
        said = f"byte {at} is {value} instead of {content[at]}"
        content[at] = value
    elif way == 3:
        said = f"cut off after {at} bytes"
        del content[at:]
    elif way == 4:
        count = random.randint(1, 64)
        said = f"{count} bytes at {at} are 0"
        content[at : at + count] = bytes(len(content[at : at + count]))
    elif way == 5:
        count = random.randint(1, 64)
        said = f"{count} bytes are gone at {at}"
        del content[at : at + count]
    elif way == 6:
        name, junk = random.choice(JUNK)
        said = f"{name} put in at {at}"
        content[at:at] = junk
    else:
        path.unlink()
        return "removed"
    path.write_bytes(content)
    return said


JUNK = (
    ("a line of 100,000 brackets", b"\n" + b"[" * 100_000 + b"\n"),
    ("a number of 5,000 digits", b"9" * 5_000),
    ("a line that is no JSON", b"\nnot JSON\n"),
    ("an empty object", b"\n{}\n"),
    ("a list", b"\n[1, 2]\n"),
    ("NaN", b" NaN "),
    ("an escape sequence", b"\x1b[31m"),
    ("bytes that are no UTF-8", b"\xff\xfe\x80"),
    ("null", b"\nnull\n"),
    ("an object of wrong kinds", b'\n{"step": "x", "metric": 3, "value": "y", "event": [], "losses": 1, "time": {}}\n'),
)


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


KIND = Kind(
    name="damage",
    tried="bytes changed, cut off, put in or removed in the newest checkpoint, its manifest, recipe.yaml and the files "
    "of lines; then sample, interpolate, evaluate, compare, report, resume, train --from",
    good="refused on one line, or the damage is said, or the answer is the undamaged run's to the bit",
    prepare=prepare,
)
