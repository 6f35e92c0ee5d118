"""The number of threads of a small step is tried, with no luck in it."""

import time

import pytest
import torch

from saddlepoint.training.machine.threads import fastest_threads


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({1: 0.002, 2: 0.001}, 2),
        ({1: 0.001, 2: 0.002}, 1),
        ({1: 0.002, 2: 0.00195}, 1),
        ({1: 0.004, 2: 0.002, 4: 0.001}, 4),
    ],
)
def test_more_threads_must_be_worth_it(seconds: dict[int, float], chosen: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now, threads = [0.0], [1]
    monkeypatch.setattr(torch, "set_num_threads", lambda count: threads.__setitem__(0, count))
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def step() -> None:
        now[0] += seconds[threads[0]]

    assert fastest_threads(step, sorted(seconds)) == chosen


def test_a_step_that_is_slow_once_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now, threads, calls = [0.0], [1], [0]
    monkeypatch.setattr(torch, "set_num_threads", lambda count: threads.__setitem__(0, count))
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def step() -> None:
        calls[0] += 1
        now[0] += 9.0 if calls[0] in (2, 7) else {1: 0.002, 2: 0.001}[threads[0]]

    assert fastest_threads(step, [1, 2]) == 2


def test_the_number_is_afterwards_as_it_was() -> None:
    before = torch.get_num_threads()
    assert fastest_threads(lambda: None, [1, 2]) in (1, 2)
    assert torch.get_num_threads() == before
