import math

import pytest

from saddlepoint.errors import UserError
from saddlepoint.game.schedules import Cosine, Exponential, Linear, value_at


def test_constant_is_itself() -> None:
    assert value_at(0.25, 10, 1000) == 0.25


def test_linear_reaches_its_end_and_stays() -> None:
    schedule = Linear(start=0.5, end=0.7, over=100)
    assert [value_at(schedule, step, 0) for step in (0, 50, 100, 1000)] == pytest.approx([0.5, 0.6, 0.7, 0.7])


def test_cosine_is_r3gans() -> None:
    # v(t) = base + (1 - d)(final - base), d = (1 + cos(pi t / T)) / 2, in millions of images
    schedule = Cosine(start=2e-4, end=5e-5, over=20e6, unit="images")
    for images in (0, 5e6, 10e6, 20e6, 30e6):
        d = (1 + math.cos(math.pi * min(images / 20e6, 1))) / 2
        assert value_at(schedule, 7, int(images)) == pytest.approx(2e-4 + (1 - d) * (5e-5 - 2e-4), rel=1e-12)


def test_exponential_is_repeated_division_down_to_the_floor() -> None:
    schedule = Exponential(start=0.1, factor=1 / 1.000004, floor=1e-6)
    value = 0.1
    for _ in range(1000):
        value /= 1.000004
    assert value_at(schedule, 1000, 0) == pytest.approx(value, rel=1e-10)
    assert value_at(schedule, 10**9, 0) == 1e-6


@pytest.mark.parametrize("make", [lambda: Linear(start=1, end=0, over=0), lambda: Exponential(start=1, factor=1.5)])
def test_nonsense_is_refused(make) -> None:
    with pytest.raises(UserError):
        make()


def test_a_linear_schedule_may_begin_later() -> None:
    # CycleGAN: one rate for 100 epochs, then 100 more to 0.
    rate = Linear(start=2e-4, end=0.0, over=100, after=100)
    assert [rate(step, 0) for step in (0, 100, 150, 200, 900)] == pytest.approx([2e-4, 2e-4, 1e-4, 0.0, 0.0])
    with pytest.raises(UserError, match="after -1"):
        Linear(start=1.0, end=0.0, over=1, after=-1)
