"""Odd names and odd places: control characters, bytes that are no UTF-8, long paths, links, pipes, devices as data.

A name from elsewhere is shown so that a terminal does not obey it, and so that it cannot pass for a line of our own.
"""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.hostile.child import as_command
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.looking import QUICK
from benchmarks.hostile.pictures import encoded
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import Workshop, shown

NAMES: tuple[bytes, ...] = (
    b"\xff\xfe",
    b"a\nsaddlepoint data: forged",
    b"\x1b[31mred",
    b"\x1b]0;title\x07",
    b"a\rb",
    b"a\tb",
    b"\xc2\x9b31m",
    b"\xe2\x80\xaecod",
    b"\xe2\x80\xa8line",
    b" leading",
    b"trailing ",
    b"-rf",
    b"--help",
    b"a'b\"c`d$(e)",
    b"%s%n%d",
    b"{0}{x}",
    b"*?[a]",
    b"\xf0\x9f\x98\x80",
    b"\xed\xa0\x80",
    b"n" * 240,
    b"con",
    b".hidden",
    b"a:b",
    b"~",
    b"#",
    b"[red]x",
)


def prepare(workshop: Workshop) -> Attack:
    def attempt(index: int, random: Random, place: Path) -> Outcome:
        if index % 3 == 2:
            said, make = _PLACES[index // 3 % len(_PLACES)]
            data = make(place, random)
            arguments: list[str | bytes] = ["data", "check", data]
            if random.random() < 0.3:
                arguments = ["train", "images", "--data", data, "--out", os.fspath(place / "run"), *_quick()]
        else:
            said, arguments = _named(place, random, NAMES[index % len(NAMES)])
        # A name that is no UTF-8 reaches a command through its arguments: in a fresh interpreter, or as Python has it.
        given = [os.fsdecode(argument) for argument in arguments]
        surroundings = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        fresh = index % 25 == 13
        act = as_command(given, surroundings) if fresh else workshop.act(given)
        ended = workshop.start(act, place).wait()
        what = f"{said}; {shown([ascii(argument)[1:-1] for argument in given])}{' under LC_ALL=C' if fresh else ''}"
        return Outcome(what=what, fault=fault_of(ended))

    return Attack(attempt=attempt)


def _named(place: Path, random: Random, name: bytes) -> tuple[str, list[str | bytes]]:
    """Something of an odd name, good or broken, and a command that meets it."""
    data = os.fsencode(place) + b"/data"
    os.mkdir(data)
    broken = random.random() < 0.5
    content = b"no image" if broken else encoded(random)
    way = random.randrange(4)
    if way == 0:
        where = data
        for index in range(4):
            _write(data + b"/%d.png" % index, encoded(random))
        _write(data + b"/" + name + b".png", content)
    elif way == 1:
        # A class of that name.
        where = data
        for label in (name, b"other"):
            os.mkdir(data + b"/" + label)
            for index in range(3):
                _write(data + b"/" + label + b"/%d.png" % index, content if index == 0 else encoded(random))
    elif way == 2:
        where = data + b"/" + name
        os.mkdir(where)
        for index in range(4):
            _write(where + b"/%d.png" % index, content if index == 0 else encoded(random))
    else:
        # The run is called so; or nothing is.
        run = os.fsencode(place) + b"/" + name
        said = f"a run named {name!r}"
        if broken:
            return f"{said} that is not there", [random.choice(("sample", "report", "resume", "evaluate")), run]
        return said, ["train", "digits", "--out", run, *_quick()]
    said = f"{('a file', 'a class', 'a folder')[way]} named {name!r}{', broken' if broken else ''}"
    if random.random() < 0.4:
        return said, ["train", "images", "--data", where, "--out", os.fsencode(place) + b"/run", *_quick()]
    return said, ["data", "check", where, *(["--json"] if random.random() < 0.5 else [])]


def _quick() -> list[str]:
    return ["--steps", "1", *(part for setting in QUICK for part in ("--set", setting))]


def _write(path: bytes, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def _folder(place: Path, random: Random) -> Path:
    data = place / "data"
    data.mkdir()
    for index in range(4):
        (data / f"{index}.png").write_bytes(encoded(random))
    return data


def _loop(place: Path, random: Random) -> str:
    data = _folder(place, random)
    (data / "loop").symlink_to(data)
    return str(data)


def _dangling(place: Path, random: Random) -> str:
    data = _folder(place, random)
    (data / "9.png").symlink_to(place / "nowhere.png")
    return str(data)


def _to_itself(place: Path, random: Random) -> str:
    (place / "self").symlink_to(place / "self")
    return str(place / "self")


def _outside(place: Path, random: Random) -> str:
    data = _folder(place, random)
    (data / "9.png").symlink_to("/etc/hostname")
    return str(data)


def _pipe(place: Path, random: Random) -> str:
    data = _folder(place, random)
    os.mkfifo(data / "9.png")
    return str(data)


def _pipe_alone(place: Path, random: Random) -> str:
    os.mkfifo(place / "data.zip")
    return str(place / "data.zip")


def _device(place: Path, random: Random) -> str:
    data = _folder(place, random)
    (data / "9.png").symlink_to("/dev/zero")
    return str(data)


def _device_alone(place: Path, random: Random) -> str:
    return random.choice(
        ("/dev/zero", "/dev/null", "/dev/full", "/dev/stdin", "/proc/self/mem", "/proc/self/fd", "/dev/tty")
    )


def _deep(place: Path, random: Random) -> str:
    data = _folder(place, random)
    deep = data
    for _ in range(100):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "9.png").write_bytes(encoded(random))
    return str(data)


def _unreadable(place: Path, random: Random) -> str:
    data = _folder(place, random)
    (data / "9.png").mkdir()
    (data / "locked").mkdir(mode=0)
    return str(data)


def _sparse(place: Path, random: Random) -> str:
    """A file of 2^40 bytes that takes no room."""
    data = _folder(place, random)
    with (data / "9.png").open("wb") as file:
        file.truncate(2**40)
    return str(data)


def _sparse_alone(place: Path, random: Random) -> str:
    path = place / random.choice(("data.npy", "data.npz", "data.zip", "data.parquet", "dataset.json", "train.csv"))
    path.write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (4, 8, 8), }\n")
    with path.open("r+b") as file:
        file.truncate(2**40)
    return str(path)


def _many(place: Path, random: Random) -> str:
    """10,000 files that are no images, beside four that are."""
    data = _folder(place, random)
    for index in range(10_000):
        (data / f"{index}.txt").touch()
    return str(data)


_PLACES: tuple[tuple[str, Callable[[Path, Random], str]], ...] = (
    ("a folder that holds itself", _loop),
    ("a link that leads nowhere", _dangling),
    ("a link to itself", _to_itself),
    ("a link to a file elsewhere that is no image", _outside),
    ("a pipe among images", _pipe),
    ("a pipe", _pipe_alone),
    ("a device among images", _device),
    ("a device", _device_alone),
    ("100 folders deep", _deep),
    ("a folder named as an image", _unreadable),
    ("a file of a tebibyte", _sparse),
    ("an array or archive of a tebibyte", _sparse_alone),
    ("10,000 other files", _many),
)

KIND = Kind(
    name="names",
    tried="names with control characters, forged lines, bytes that are no UTF-8; links, loops, pipes, devices, a file "
    "of 1 TiB; in part under LC_ALL=C",
    good="read, or one line in which the name is shown and not obeyed; in 20 s of computing and 1 GiB",
    prepare=prepare,
)
