"""Adaptive augmentation: the probability's path on known scores, and its place in a game."""

from typing import Any

import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.tasks.kit.adaptive import PROBABILITY, Adaptive

KNOWN = torch.tensor([2.0, 1.0, 0.5, 3.0])


def path(adaptive: Adaptive, batches: list[torch.Tensor]) -> list[float]:
    state = adaptive.begin(torch.device("cpu"))
    found = []
    for scores in batches:
        adaptive.remember(state, scores)
        found.append(float(state[PROBABILITY]))
    return found


def test_it_moves_every_so_many_steps_by_the_images_seen() -> None:
    adaptive = Adaptive(target=0.6, images=100.0, every=2)
    # All signs positive: r = 1 > .6, so each move is up by 8 images of 100.
    assert path(adaptive, [KNOWN] * 5) == pytest.approx([0.0, 0.08, 0.08, 0.16, 0.16])


def test_it_falls_when_the_mean_sign_is_below_the_target_and_stays_in_its_range() -> None:
    adaptive = Adaptive(target=0.6, images=10.0, every=1)
    assert path(adaptive, [KNOWN] * 4)[-1] == 1.0
    # Half of the signs negative over a window of two steps: r = 0 < .6.
    assert path(Adaptive(target=0.6, images=10.0, every=2), [KNOWN, KNOWN, KNOWN, -KNOWN])[-1] == pytest.approx(0.0)
    assert path(adaptive, [-KNOWN] * 3) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("wrong", [{"target": 1.0}, {"images": 0.0}, {"every": 0}])
def test_what_it_cannot_follow_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="adaptive"):
        Adaptive(**wrong)
