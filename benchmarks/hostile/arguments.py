"""Command lines that are wrong: numbers that are huge or none, options of other verbs, texts that are no arguments."""

import argparse
from pathlib import Path
from random import Random

from benchmarks.hostile.child import as_command
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.verdict import ASKED_MIB, fault_of
from benchmarks.hostile.workshop import Workshop, fresh_copy, shown

_HUGE = str(10**12)
# A run is given as RUN, a folder of images as DATA, a new place as NEW.
FIXED: tuple[tuple[str, ...], ...] = (
    ("sample", "RUN", "--count", _HUGE),
    ("sample", "RUN", "--seeds", f"0-{_HUGE}"),
    ("sample", "RUN", "--count", _HUGE, "--out", "NEW.npz"),
    ("sample", "RUN", "--truncation", "1e-300"),
    ("sample", "RUN", "--standing", _HUGE),
    ("sample", "RUN", "--neighbours", _HUGE),
    ("sample", "RUN", "--seed", "9" * 400),
    ("interpolate", "RUN", "--count", _HUGE),
    ("interpolate", "RUN", "--grid", _HUGE, "--out", "NEW.gif"),
    ("interpolate", "RUN", "--fps", "1e308", "--out", "NEW.gif"),
    ("evaluate", "RUN", "--samples-count", _HUGE),
    ("evaluate", "RUN", "--seed", "-1"),
    ("evaluate", "RUN", "--step", _HUGE),
    ("field", "hinge", "--start", ".5,.5", "--pd", "1", "--steps", _HUGE),
    ("field", "hinge", "--start", "1e300,1e300", "--pd", "1e300", "--step", "1e300"),
    ("field", "hinge", "--start", ".5,.5", "--pd", "1", "--step", "0"),
    ("field", "hinge", "--start", ".5,.5", "--pd", "nan"),
    ("prove", "hinge", "--pd", "9" * 5000),
    ("prove", "hinge", "--domain", "-1e400,1e400"),
    ("train", "shapes", "--out", "NEW", "--set", f"data.count={_HUGE}"),
    ("train", "digits", "--out", "NEW", "--set", "training.batch=100000000"),
    ("train", "digits", "--out", "NEW", "--set", f"training.batch={_HUGE}"),
    ("train", "digits", "--out", "NEW", "--set", "training.batch=1e30"),
    ("train", "digits", "--out", "NEW", "--set", "networks.width=1000000"),
    ("train", "images", "--data", "DATA", "--out", "NEW", "--set", "data.size=[1000000000,1000000000]"),
    ("train", "images", "--data", "DATA", "--out", "NEW", "--set", "data.size=[100000,100000]"),
    ("train", "digits", "--out", "NEW", "--steps", "9" * 5000),
    ("train", "digits", "--out", "NEW", "--seed", "9" * 400),
    ("resume", "RUN", "--steps", "0"),
    ("resume", "RUN", "--steps", "9" * 5000),
    ("resume", "RUN", "--set", "training.batch=8"),
    ("resume", "RUN", "--set", "x"),
    ("compare", "RUN", "RUN", "--metrics", "x" * 5000),
    ("figure1", "RUN"),
    ("data", "check", ""),
    ("data", "check", "~nobody-of-this-name/x"),
    ("data", "check", "a\x1b[31mb"),
    ("check-loss", "nothing:nothing"),
    ("check-loss", ":"),
    ("conformance", "--optimizer", "os:system"),
    ("train", "digits", "--out", "x" * 5000),
    ("train", "digits\n", "--out", "NEW"),
    ("", ""),
)
_VALUES = (
    *"0 -1 1 nan inf -inf 1e308 0.5 x -- - 0- 5-1 1,,2 0x10 a=b".split(),  # noqa: SIM905
    *"digits hinge pixels classifier:RUN frechet_distance".split(),  # noqa: SIM905
    *"NEW RUN DATA NEW.png NEW.npz NEW.gif NEW.exe RUN/recipe.yaml /dev/null /dev/full ../.. ~ é".split(),  # noqa: SIM905
    *("", " ", _HUGE, "9" * 400, "\x1b[2J", "\udcff", "inception:RUN/recipe.yaml"),
)


def prepare(workshop: Workshop) -> Attack:
    from saddlepoint.command.parser import build_parser

    verbs = _verbs(build_parser())
    data = workshop.folder("arguments-data")
    from benchmarks.hostile.pictures import encoded

    for index in range(8):
        (data / f"{index}.png").write_bytes(encoded(Random(index)))

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        run = fresh_copy(workshop.small_run, place / "run")
        if index % 3 == 0 and index // 3 < len(FIXED):
            given = [*FIXED[index // 3]]
        else:
            given = _line(random, verbs)
        words = {"RUN": str(run), "DATA": str(data), "NEW": str(place / "new")}
        arguments = [_filled(argument, words) for argument in given]
        act = as_command(arguments) if index % 25 == 24 else workshop.act(arguments)
        ended = workshop.start(act, place, before=lambda: _go(place)).wait()
        readable = [argument if len(argument) <= 100 else f"{argument[:50]}...({len(argument)})" for argument in given]
        return Outcome(what=shown(readable), fault=fault_of(ended, memory_mib=ASKED_MIB))

    return Attack(attempt=attempt)


def _verbs(parser: argparse.ArgumentParser) -> dict[str, tuple[list[str], int]]:
    """Each verb with its options and the number of its positions. A verb that measures the machine is left out."""
    (choice,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    found = {}
    for name, verb in choice.choices.items():
        options = [action.option_strings[-1] for action in verb._actions if action.option_strings]
        found[name] = (options, sum(not action.option_strings for action in verb._actions))
    return {name: one for name, one in found.items() if name not in ("doctor", "conformance")}


def _line(random: Random, verbs: dict[str, tuple[list[str], int]]) -> list[str]:
    """A verb with random options, mostly its own, and random values."""
    name = random.choice([*verbs])
    options, positions = verbs[name]
    first = {"prove": "hinge", "field": "hinge", "train": "digits", "data": "check", "recipes": "digits"}.get(
        name, "RUN"
    )
    line = [name, *([first] if random.random() < 0.9 else [random.choice(_VALUES)] * random.randint(0, 3))]
    line += [random.choice(("DATA", *_VALUES))] * (positions - 1)
    if name == "train":
        # Whatever else is asked for: a training that is right must not last.
        line += ["--out", "NEW", "--set", "training.batch=4", "--set", "training.threads=1", "--steps", "1"]
        options = [option for option in options if option not in ("--out", "--steps", "--set")]
    for _ in range(random.randint(0, 4)):
        foreign = random.random() < 0.1
        option = random.choice([*verbs[random.choice([*verbs])][0]] if foreign else options)
        if name == "resume" and option == "--steps":
            line += [option, random.choice(("9", "0", "-1", "x", "8"))]
            continue
        line += random.choice(([option, random.choice(_VALUES)], [option], [f"{option}={random.choice(_VALUES)}"]))
    return line


def _filled(argument: str, words: dict[str, str]) -> str:
    for word, path in words.items():
        argument = argument.replace(word, path)
    return argument.replace("\x00", "")


def _go(place: Path) -> None:
    import os

    os.chdir(place)


KIND = Kind(
    name="arguments",
    tried="command lines of every verb with huge, wrong and foreign options",
    good="done, or one line; in 20 s of computing and 4 GiB",
    prepare=prepare,
)
