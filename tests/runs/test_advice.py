"""What a run tells a person: what it is about to do, whether memory will do, and the cure when it cannot go on."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from saddlepoint.process.saying import say
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import override
from saddlepoint.runs.advice import as_stop, fitting, introduce
from saddlepoint.runs.build import build_game
from saddlepoint.training.machine.memory import Estimate
from saddlepoint.training.records.folder import RunFolder
from tests.tasks.examples import packed

RECIPE = override(RECIPES["digits"], ["networks.width=4", "networks.latent=5", "training.batch=64"])
MEMORY = Estimate(fixed=10 * 2**20, per_sample=2**20, samples=64, available=100 * 2**20)


def introduced(tmp_path: Path, capsys: pytest.CaptureFixture[str], memory: Estimate | None, **changes) -> str:
    data = packed(**changes)
    task = build_task(RECIPE, DataFacts.of(data), data, torch.device("cpu"))
    game = build_game(RECIPE, task, task.device)
    introduce(RunFolder(tmp_path), RECIPE, game, DataFacts.of(data), {"device": "cpu", "threads": 3}, memory)
    said = capsys.readouterr()
    assert said.out == "", "answers go to standard output, and this is none"
    return said.err


def test_it_says_what_is_trained_on_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = ("3 images: alpha laid over white",)
    said = introduced(tmp_path, capsys, MEMORY, skipped=("broken.png: truncated",), notes=notes)
    assert said.startswith(
        "digits: random, 16 training images of 1x8x8, 3 classes\ndata: 3 images: alpha laid over white\n"
        "data: 1 file left out, because unreadable: broken.png: truncated\n"
    )
    parameters = sum(parameter.numel() for parameter in RECIPE.networks.build((1, 8, 8))[0].parameters())  # type: ignore[union-attr]
    assert "paired_logistic; discriminator " in said and f"generator {parameters:,} parameters; cpu, 3 threads" in said
    assert "penalties: r1, r2 by the tangent pass" in said
    assert "memory: about 74 MiB of 100 MiB free" in said and f"run folder: {tmp_path}" in said


def test_a_batch_that_is_too_large_is_said_with_the_one_that_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = introduced(tmp_path, capsys, replace(MEMORY, available=30 * 2**20))
    assert "about 74 MiB are needed and 30 MiB are free: this machine will probably not hold it" in said
    assert "a batch of 20 would fit: set training.batch=20, or keep the batch with training.accumulate=4" in said


def test_where_not_even_the_weights_fit_narrower_networks_are_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = introduced(tmp_path, capsys, replace(MEMORY, available=5 * 2**20))
    assert "not even a batch of 1 would fit; begin anew with networks.width=2" in said


@pytest.mark.parametrize(
    ("changes", "in_parts", "expected"),
    [
        (["training.batch=64"], False, "a batch of 20 would fit: set training.batch=20"),
        (
            ["networks.width=1", "data.size=64x48"],
            True,
            "not even a batch of 1 would fit; begin anew with data.size=32x24",
        ),
        (["networks=own"], True, "not even a batch of 1 would fit; give smaller networks"),
    ],
)
def test_advice_names_what_the_run_can_do(changes: list[str], in_parts: bool, expected: str) -> None:
    free = 30 * 2**20 if not in_parts else 0
    assert fitting(replace(MEMORY, available=free), override(RECIPE, changes), in_parts=in_parts) == expected


def test_without_an_estimate_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "memory: not estimated" in introduced(tmp_path, capsys, None)


def test_what_is_not_to_be_shown_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    say(False, "quiet")
    say(True, "a path [/with/brackets] and a very long line " + "x" * 300)
    said = capsys.readouterr().err
    assert "quiet" not in said and "[/with/brackets]" in said and said.count("\n") == 1


# Ends


def test_memory_that_ran_out_names_a_smaller_batch_than_was_thought_to_fit(tmp_path: Path) -> None:
    stop = as_stop(MemoryError(), RunFolder(tmp_path), 41, MEMORY, RECIPE, in_parts=True)
    assert stop is not None and "memory ran out at step 42" in str(stop)
    # Three quarters of the 74 MiB that it seemed to take, less the fixed 10.
    assert "a batch of 45 would fit: set training.batch=45" in str(stop) and "training.accumulate=2" in str(stop)
    stop = as_stop(torch.OutOfMemoryError(), RunFolder(tmp_path), 41, None, RECIPE, in_parts=True)
    assert stop is not None and "set a smaller training.batch" in str(stop)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_takes_no_more_is_an_end_with_a_way_on(number: int, tmp_path: Path) -> None:
    stop = as_stop(OSError(number, "it is full", "log.jsonl"), RunFolder(tmp_path), 5, MEMORY, RECIPE, in_parts=True)
    assert stop is not None
    assert "step 5 (it is full: log.jsonl)" in str(stop) and f"saddlepoint resume {tmp_path}" in str(stop)


@pytest.mark.parametrize(
    "fault", [OSError(errno.ENOENT, "No such file"), RuntimeError("shapes"), ZeroDivisionError(), KeyError("x")]
)
def test_our_own_faults_keep_their_traceback(fault: Exception, tmp_path: Path) -> None:
    assert as_stop(fault, RunFolder(tmp_path), 5, MEMORY, RECIPE, in_parts=True) is None
