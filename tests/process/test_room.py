"""Numbers that no memory holds are refused at once, on one line; one that memory may hold is no matter."""

from pathlib import Path

import pytest

import saddlepoint as sp
from saddlepoint.command.ends import end_of
from saddlepoint.command.main import main
from saddlepoint.errors import UserError
from saddlepoint.process.room import in_words, refuse_without_room, short, total_memory

QUICK = {"training.batch": 4, "networks.width": 4, "networks.latent": 5, "watch.samples": 4}
HUGE = ["1" + "0" * 12, "9" * 400]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sp.train("digits", out=tmp_path_factory.mktemp("room") / "run", steps=1, set=QUICK, show=False).path


@pytest.mark.parametrize("count", HUGE)
@pytest.mark.parametrize(
    "arguments",
    [
        ["sample", "--out", "a.npz", "--count"],
        ["sample", "--out", "a.npz", "--neighbours"],
        ["interpolate", "--out", "a.npz", "--count"],
        ["interpolate", "--out", "a.gif", "--count"],
        ["evaluate", "--metrics", "parzen", "--samples-count"],
    ],
)
def test_more_than_memory_holds_is_refused_before_any_is_made(capsys, monkeypatch, run, arguments, count) -> None:
    monkeypatch.chdir(run)
    capsys.readouterr()
    assert main([arguments[0], str(run), *arguments[1:], count]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"saddlepoint {arguments[0]}: got ") and len(line) < 300
    assert "of memory; expected at most" in line or "training images; use --neighbours 1" in line
    assert not list(run.glob("a.*"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"training.batch": 10**8}, "a batch of .* would fit: set training.batch="),
        ({"training.batch": 10**12}, "a batch of .* would fit: set training.batch="),
        ({"training.batch": 10**12, "training.accumulate": 10**11}, "set a smaller training.batch"),
        ({"watch.samples": 10**12}, "set a smaller watch.samples"),
        ({"dynamics.generator_batches": 10**11}, "set a smaller dynamics.generator_batches"),
    ],
)
def test_a_run_that_memory_cannot_hold_is_refused_and_writes_nothing(tmp_path: Path, settings, words) -> None:
    with pytest.raises(UserError, match=words):
        sp.train("digits", out=tmp_path / "run", steps=1, set={**QUICK, **settings}, show=False)
    assert not (tmp_path / "run").exists()


def test_the_measure_is_all_of_the_memory_and_not_the_free_part() -> None:
    refuse_without_room(total_memory(), "all of it")
    with pytest.raises(
        UserError, match=r"^got one more, which takes .*; expected at most .*, all there is; ask for fewer"
    ):
        refuse_without_room(total_memory() + 1, "one more")


def test_bytes_and_long_texts_in_words() -> None:
    sizes = [2**20, 5 * 2**30, 30 * 2**30, 10**15, 10**30, 10**400]
    assert [in_words(size) for size in sizes[:3]] == ["1 MiB", "5.0 GiB", "30 GiB"]
    assert [in_words(size) for size in sizes[3:]] == ["909 TiB", "8.67e+11 EiB", "more than can be said"]
    assert short("as it is") == "as it is" and len(short("9" * 5000)) < 60


def test_memory_that_runs_out_outside_the_loop_is_an_end_and_not_our_fault() -> None:
    import torch

    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**47, dtype=torch.uint8)
    for error in (MemoryError("of numpy"), refused.value):
        end = end_of(error)
        assert end is not None and end.code == 3 and end.said.startswith("memory ran out (")
    assert end_of(RuntimeError("shapes")) is None
