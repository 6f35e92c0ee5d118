"""The hostile campaign can fail: it finds what is planted, of each sort that counts as not good, and counts it."""

import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from random import Random

import numpy as np
import pytest
from safetensors.numpy import save_file

from benchmarks import hostile
from benchmarks.hostile.__main__ import main
from benchmarks.hostile.campaign import attempt
from benchmarks.hostile.damage import Undamaged, damage, verbs
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.kinds import KINDS
from benchmarks.hostile.record import BEGIN, END
from benchmarks.hostile.same_run import differences
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import PLACE, Workshop

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the campaign needs Linux")

Command = Callable[[Sequence[str]], int]


def error(*lines: str, code: int = 2) -> Command:
    def command(arguments: Sequence[str]) -> int:
        for line in lines:
            print(line, file=sys.stderr)
        return code

    return command


def raises(arguments: Sequence[str]) -> int:
    raise KeyError("planted")


def hangs(arguments: Sequence[str]) -> int:
    time.sleep(1000)
    return 0


def computes(arguments: Sequence[str]) -> int:
    while True:
        pass


def dies(arguments: Sequence[str]) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def holds_memory(arguments: Sequence[str]) -> int:
    # Pages of its own: a process that has played before may have so much memory to give without taking any.
    with mmap.mmap(-1, 200 * 2**20) as held:
        for start in range(0, len(held), mmap.PAGESIZE):
            held[start] = 1
    return 0


def leaves_a_process(arguments: Sequence[str]) -> int:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    return 0


def says(text: str, code: int = 0) -> Command:
    def command(arguments: Sequence[str]) -> int:
        print(text)
        return code

    return command


LINE = "saddlepoint sample: got a; expected b; c"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (raises, "traceback: KeyError: 'planted'"),
        (hangs, "no end"),
        (computes, "no end"),
        (dies, "ended by signal 9"),
        (holds_memory, "MiB resident"),
        (leaves_a_process, "left a process behind"),
        (error(code=2), "exit code 2 with 0 lines"),
        (error(LINE, LINE), "exit code 2 with 2 lines"),
        (error(LINE, code=0), "exit code 0 beside the error"),
        (error(LINE, code=1), "exit code 1"),
        (error(LINE + "x" * 20_000), "an error of 20,0"),
        (error(LINE + "\x1b[31m"), "control character"),
        (error("module.py:3: UserWarning: careful", code=0), "a library's warning"),
        (error("Exception in thread Thread-1:", code=0), "traceback"),
        (says("a\x07"), "control character"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, command: Command, found: str) -> None:
    ended = Workshop(tmp_path, main=command).verb(["sample"], tmp_path, limit=0.2)
    assert found in (fault_of(ended, memory_mib=100) or "")


@pytest.mark.parametrize("command", [says("a picture"), error(LINE), error(LINE, code=3), says("problem: a", code=2)])
def test_a_good_answer_is_good(tmp_path: Path, command: Command) -> None:
    assert fault_of(Workshop(tmp_path, main=command).verb(["sample"], tmp_path)) is None


@pytest.mark.parametrize(("word", "found"), [("", "another answer, and not a word"), ("left out: checkpoint 8", None)])
def test_a_silently_different_sample_is_found(tmp_path: Path, word: str, found: str | None) -> None:
    def command(arguments: Sequence[str]) -> int:
        """Samples from whatever the newest checkpoint holds."""
        if arguments[0] == "train":
            newest = Path(arguments[arguments.index("--out") + 1]) / "checkpoints" / "00000008"
            newest.mkdir(parents=True)
            (newest / "networks.safetensors").write_bytes(bytes(range(100)))
        if arguments[0] == "sample":
            content = (Path(arguments[1]) / "checkpoints" / "00000008" / "networks.safetensors").read_bytes()
            Path(arguments[-1]).write_bytes(content)
            if word and content != bytes(range(100)):
                print(word, file=sys.stderr)
        return 0

    undamaged = Undamaged(Workshop(tmp_path, main=command), {"sample": verbs()["sample"]})
    place = tmp_path / PLACE
    run = undamaged.set_up(place)
    assert undamaged.judge("sample", place) is None
    path = run / "checkpoints" / "00000008" / "networks.safetensors"
    path.write_bytes(b"x" + path.read_bytes()[1:])
    fault = undamaged.judge("sample", place)
    assert (fault is None) if found is None else (fault is not None and found in fault)


def run_folder(path: Path) -> Path:
    (path / "checkpoints" / "00000002").mkdir(parents=True)
    save_file({"a": np.arange(4.0)}, path / "checkpoints" / "00000002" / "networks.safetensors")
    (path / "log.jsonl").write_text("".join(json.dumps({"step": n, "loss": 0.5, "seconds": n}) + "\n" for n in (1, 2)))
    (path / "samples").mkdir()
    (path / "samples" / "00000002.png").write_bytes(b"picture")
    return path


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            lambda run: save_file({"a": np.arange(4.0) + 1e-15}, run / "checkpoints/00000002/networks.safetensors"),
            "a differs",
        ),
        (
            lambda run: save_file({"b": np.arange(4.0)}, run / "checkpoints/00000002/networks.safetensors"),
            "other tensors",
        ),
        (lambda run: shutil.rmtree(run / "checkpoints/00000002"), "checkpoints"),
        (lambda run: (run / "log.jsonl").write_text('{"step": 1, "loss": 0.5}\n'), "the log has the steps [1]"),
        (
            lambda run: (run / "log.jsonl").write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.6}\n'),
            "step 2 differs",
        ),
        (lambda run: (run / "samples/00000002.png").write_bytes(b"other"), "00000002.png differs"),
        (lambda run: (run / "samples/00000001.png").write_bytes(b"more"), "pictures"),
    ],
)
def test_a_run_that_differs_is_found(tmp_path: Path, change: Callable[[Path], object], found: str) -> None:
    whole, other = run_folder(tmp_path / "whole"), run_folder(tmp_path / "other")
    (other / "log.jsonl").write_text((other / "log.jsonl").read_text().replace('"seconds": 2', '"seconds": 7'))
    assert differences(whole, other) == []
    change(other)
    assert any(found in line for line in differences(whole, other))


def kind(name: str, make: Callable[[int, Random, Path], Outcome], count: int | None = 3) -> Kind:
    return Kind(name=name, tried="x", good="y", prepare=lambda workshop: Attack(attempt=make, count=count))


def planted(index: int, random: Random, place: Path) -> Outcome:
    return Outcome(what=f"attempt {index}", fault="planted" if index == 1 else None)


def test_a_campaign_counts_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    kinds = [
        kind("planted", planted),
        kind("broken", lambda index, random, place: Outcome(what=str(1 / index)), count=2),
        kind("missing", lambda index, random, place: Outcome(what="x", skipped="no such machine")),
    ]
    before = dict(os.environ)
    arguments = ["--minutes", "0.02", "--json", str(tmp_path / "found.json"), "--page", str(page)]
    assert main(arguments, kinds) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "3 passed, 2 failed"
    assert "planted:1  attempt 1" in out and "ZeroDivisionError" in out and "3 not tried: no such machine" in out
    rows = {row["kind"]: row for row in json.loads((tmp_path / "found.json").read_text())["rows"]}
    assert (rows["planted"]["tried"], rows["planted"]["good"], rows["missing"]["tried"]) == (3, 2, 0)
    assert "| `planted` | x | 3 | 2 | 1 |" in page.read_text() and "old" not in page.read_text()
    assert page.read_text().startswith("before") and page.read_text().endswith("after\n")
    assert dict(os.environ) == before


def test_a_campaign_without_a_fault_succeeds_and_touches_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [kind(name, lambda index, random, place: Outcome(what="x"), count=None) for name in ("a", "b", "c")]
    assert main(["--minutes", "0.001"], kinds) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith(" passed, 0 failed")
    assert all(int(line.split()[1].replace(",", "")) >= 1 for line in lines[1:4])


def test_attempts_follow_from_the_seed(tmp_path: Path) -> None:
    def drawn(seed: int, index: int) -> str:
        attack = Attack(attempt=lambda index, random, place: Outcome(what=str(random.random())))
        return attempt(attack, Workshop(tmp_path, seed), "kind", index).what

    assert drawn(1, 5) == drawn(1, 5)
    assert len({drawn(1, 5), drawn(2, 5), drawn(1, 6)}) == 3


def test_damage_changes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    changed = 0
    for seed in range(40):
        path.write_bytes(bytes(range(200)))
        damage(path, Random(seed))
        changed += not path.exists() or path.read_bytes() != bytes(range(200))
    # One byte in 256 is replaced by itself.
    assert changed >= 38


def test_every_kind_of_the_package_is_in_the_table() -> None:
    modules = [import_module(f"{hostile.__name__}.{module.name}") for module in iter_modules(hostile.__path__)]
    found = {value.name for module in modules for value in vars(module).values() if isinstance(value, Kind)}
    assert found == {kind.name for kind in KINDS} and len(found) == len(KINDS)
