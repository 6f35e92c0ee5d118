"""A run that is killed at random moments equals the run that was left alone, bit for bit.

The run has everything that has a history: convolutions, batch normalisation, dropout, an average of the weights,
augmentation, Adam. It is an OS process of its own and dies by SIGKILL, at least twenty times, and at least three times
while it is writing a checkpoint (where nobody waits for it; six times and twice where tests are to be quick). Processes
are forked from a server that has torch imported already, because importing it twenty times would be most of the time.
"""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.hostile.same_run import differences, log_lines
from saddlepoint.api.load import load

SETTINGS = [
    "training.batch=8",
    "training.threads=1",
    "networks.normalisation=batch",
    "networks.dropout=0.3",
    "networks.width=16",
    "penalties.r1=null",
    "penalties.r2=null",
    "augment.flip=0.5",
    "augment.shift=0.5",
    "watch.log_every=1",
    "watch.sample_every=40",
    "watch.samples=16",
    "watch.checkpoint_every=2",
]

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is how a POSIX process is killed")


def _train(out: str, steps: int) -> None:
    from saddlepoint.command.main import main

    arguments = ["train", "digits", "--out", out, "--steps", str(steps), "--seed", "7"]
    os._exit(main([*arguments, *(part for setting in SETTINGS for part in ("--set", setting))]))


def _resume(out: str, steps: int) -> None:
    from saddlepoint.command.main import main

    os._exit(main(["resume", out]))


def _torn(run: Path) -> list[Path]:
    return list((run / "checkpoints").glob(".*.writing"))


def _finish(process) -> None:
    process.join(120)
    assert process.exitcode == 0


@pytest.mark.parametrize(
    ("steps", "least", "least_torn"), [(80, 6, 2), pytest.param(240, 20, 3, marks=pytest.mark.slow)]
)
def test_kills_leave_no_trace(steps: int, least: int, least_torn: int, tmp_path: Path) -> None:
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(
        ["saddlepoint.api.train", "saddlepoint.command.main", "torch.optim", "sklearn.datasets"]
    )
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = server.Process(target=_train, args=(str(whole), steps))
    process.start()
    _finish(process)

    moments = random.Random(0)
    kills = torn = 0
    target = _train
    while True:
        process = server.Process(target=target, args=(str(killed), steps))
        process.start()
        if (kills >= least and torn >= least_torn) or kills >= 3 * least:
            _finish(process)
            break
        # Half of the kills wait for a checkpoint in the making; the others come some steps later, in the middle of one.
        # Moments are counted in steps and not in seconds, so that a fast machine does not finish before the last kill.
        further = 1 if kills % 2 == 0 else moments.randint(0, 8)
        lines = _lines(killed)
        deadline = time.monotonic() + 60
        while process.is_alive() and time.monotonic() < deadline and _lines(killed) < lines + further:
            time.sleep(0.001)
        if kills % 2 == 0:
            while process.is_alive() and time.monotonic() < deadline and not _torn(killed):
                pass
        else:
            time.sleep(moments.uniform(0, 0.02))
        process.kill()
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        kills += 1
        torn += bool(_torn(killed))
        if (killed / "recipe.yaml").exists():
            target = _resume

    assert kills >= least and torn >= least_torn, (kills, torn)
    _assert_equal(whole, killed, steps)


def _lines(run: Path) -> int:
    return (run / "log.jsonl").read_bytes().count(b"\n") if (run / "log.jsonl").exists() else 0


def _assert_equal(whole: Path, killed: Path, steps: int) -> None:
    assert differences(whole, killed) == []
    assert [line["step"] for line in log_lines(killed)] == list(range(1, steps + 1)), "each step is logged once"
    files = sorted(path.name for path in (whole / "checkpoints" / f"{steps:08d}").glob("*.safetensors"))
    assert files == ["averages.safetensors", "networks.safetensors", "optimizers.safetensors", "watched.safetensors"]
    assert np.array_equal(load(whole).sample(64, seed=3).numpy(), load(killed).sample(64, seed=3).numpy())
