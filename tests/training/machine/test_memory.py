"""The estimate of a run's memory is near what a step really takes, and grows with what it should grow with."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from saddlepoint.game.field import Field
from saddlepoint.game.steps import SGD, Adam, Optimizer, Step
from saddlepoint.networks import Dcgan
from saddlepoint.tasks.generation import Generation
from saddlepoint.training.averages import Average, Averages
from saddlepoint.training.machine.memory import Estimate, available_memory, estimate, is_out_of_memory
from saddlepoint.training.state import State
from tests.tasks.examples import generation, packed

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = {"penalties.r1": 1.0, "penalties.r2": 1.0}


def medium() -> Generation:
    """Colour images of 64x64, relativistic pairing with R1 and R2, as the recipe for images has them."""
    pair = Dcgan(width=16, latent=64, normalisation="none")
    data = packed(24, channels=3, side=64)
    return generation("paired_logistic", data=data, pair=pair, penalties=("r1", "r2"), batch=8)


def estimated(
    task: Generation, samples: int, *, optimizer: Optimizer | None = None, averaged: bool = False, accumulate: int = 1
) -> Estimate:
    steps = {player.name: Step(player, optimizer or Adam()) for player in task.players}
    draws = {player.name: task.draw(player.name, 0, 0, State(seed=0)) for player in task.players}
    averages = Averages(task, Average(half_life=10)) if averaged else None
    field = Field(task=task, accumulate=accumulate)
    return estimate(field, steps, averages, draws, SETTINGS, samples=samples, available=2**30)


def parameter_bytes(network: nn.Module) -> int:
    return sum(parameter.numel() * 4 for parameter in network.parameters())


# Run in a process of its own, whose largest size so far is that of this step.
PROGRAM = """
import json, resource, sys
import psutil
from dataclasses import replace
from pathlib import Path
from saddlepoint.game.field import Field
from saddlepoint.game.steps import Adam, Step, numbers_of
from saddlepoint.training.state import State
from tests.training.machine.test_memory import SETTINGS, estimated, medium

task, batch = medium(), int(sys.argv[1])
expected = estimated(task, batch)
numbers = {f"{player.name}.{name}": number for player in task.players for name, number in numbers_of(Adam()).items()}
steps = {player.name: Step(player, Adam()) for player in task.players}

def step(task):
    for player in task.players:
        draw = task.draw(player.name, 0, 0, State(seed=0))
        Field(task=task).backward(task_player(task, player.name), draw, SETTINGS)
        steps[player.name].apply({**SETTINGS, **numbers})

def task_player(task, name):
    return next(player for player in task.players if player.name == name)

step(task)  # small: libraries, weights, gradients and moments are there now
before = psutil.Process().memory_info().rss
step(replace(task, batch=batch))
status = Path("/proc/self/status")
if status.exists():  # Linux counts the size of the process that started this one into ru_maxrss
    peak = 1024 * int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"measured": peak - before, "expected": expected.total - expected.fixed}))
"""


def test_the_estimate_is_within_a_factor_of_two_of_what_a_step_takes() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, "64"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["measured"] > 50 * 2**20, "large enough to be told from the process's own needs"
    assert 0.5 < found["expected"] / found["measured"] < 2, found


def test_it_grows_linearly_with_the_batch() -> None:
    task = medium()
    totals = [estimated(task, batch).total for batch in (32, 64, 96, 960)]
    assert totals[1] - totals[0] == totals[2] - totals[1] > 10 * 2**20
    assert totals[3] - totals[2] == 27 * (totals[1] - totals[0])


def test_it_does_not_depend_on_the_draw_that_it_is_made_from() -> None:
    small, large = (estimated(replace(medium(), batch=batch), 64) for batch in (2, 8))
    assert small.per_sample == pytest.approx(large.per_sample, rel=0.02)
    assert small.total == pytest.approx(large.total, rel=0.02)


def test_nothing_is_allocated_and_nothing_is_changed() -> None:
    task = medium()
    before = {name: value.clone() for name, value in task.discriminator.state_dict().items()}
    huge = estimated(task, 10**9)
    assert huge.total > 10**12 and not huge.fits
    assert all(torch.equal(value, before[name]) for name, value in task.discriminator.state_dict().items())
    assert all(parameter.grad is None for parameter in task.generator.parameters())


def test_micro_batches_take_less() -> None:
    whole, parts = estimated(medium(), 64), estimated(medium(), 64, accumulate=4)
    assert (whole.samples, parts.samples) == (64, 16)
    assert parts.fixed == whole.fixed and parts.per_sample == whole.per_sample


def test_moments_and_averages_count() -> None:
    task = medium()
    weights = parameter_bytes(task.generator) + parameter_bytes(task.discriminator)
    adam, sgd = estimated(task, 8), estimated(task, 8, optimizer=SGD())
    assert adam.fixed - sgd.fixed == weights
    assert estimated(task, 8, averaged=True).fixed - adam.fixed == parameter_bytes(task.generator)
    assert sgd.fixed >= 3 * weights, "weights, gradients and one moment"


def test_the_batch_that_fits_is_the_largest_that_does() -> None:
    made = estimated(medium(), 4096)
    assert not made.fits
    fitting = made.fitting_batch
    assert 0 < fitting < 4096
    assert replace(made, samples=fitting).fits and not replace(made, samples=fitting + 1).fits
    assert replace(made, available=made.fixed - 1).fitting_batch == 0


def test_free_memory_is_a_number_of_bytes() -> None:
    assert 2**24 < available_memory(torch.device("cpu")) < 2**60


def test_running_out_of_memory_is_recognised() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**47, dtype=torch.uint8)
    assert is_out_of_memory(refused.value)
    assert is_out_of_memory(MemoryError()) and is_out_of_memory(torch.OutOfMemoryError())
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("can't allocate memory"))
