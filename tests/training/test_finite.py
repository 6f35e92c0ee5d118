"""Losses that are not finite: found before the step on the CPU, and on other devices when somebody looks."""

import pytest
import torch

from saddlepoint.errors import RunStopped
from saddlepoint.game.task import Loss
from saddlepoint.training.finite import Finite


class Elsewhere(torch.Tensor):
    """A number on a device that works on its own; it counts how often it is read."""

    reads = 0

    @property
    def device(self) -> torch.device:
        return torch.device("cuda")

    def __bool__(self) -> bool:
        Elsewhere.reads += 1
        return super().__bool__()


def _losses(value: float, *, elsewhere: bool = False) -> dict[str, Loss]:
    number = torch.tensor(value)
    term = number.as_subclass(Elsewhere) if elsewhere else number
    return {"discriminator": Loss(value={"f1": torch.zeros(()).as_subclass(type(term))}, costs={"r1": term})}


def test_on_the_cpu_a_loss_is_looked_at_before_its_step() -> None:
    finite = Finite()
    finite.take(_losses(1.0), step=1, look=False)
    with pytest.raises(RunStopped, match="at step 2: discriminator's term r1 was inf"):
        finite.take(_losses(float("inf")), step=2, look=False)


def test_another_device_is_not_waited_for() -> None:
    finite, Elsewhere.reads = Finite(), 0
    for step, value in enumerate([1.0, float("nan"), 2.0], start=1):
        finite.take(_losses(value, elsewhere=True), step=step, look=False)
    assert Elsewhere.reads == 0
    with pytest.raises(RunStopped, match="at step 2: discriminator's term r1 was nan"):
        finite.take(_losses(3.0, elsewhere=True), step=4, look=True)


def test_what_is_left_is_looked_at_once() -> None:
    finite, Elsewhere.reads = Finite(), 0
    for step in range(5):
        finite.take(_losses(1.0, elsewhere=True), step=step, look=False)
    finite.look()
    finite.look()
    assert Elsewhere.reads == 1
    finite.take(_losses(float("nan"), elsewhere=True), step=6, look=False)
    with pytest.raises(RunStopped, match="at step 6"):
        finite.look()
