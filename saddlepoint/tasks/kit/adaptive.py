"""Adaptive augmentation: its probability rises while D knows the training images by heart, and falls when it does not.

    r_t = E sign(D(x)),   p <- clip(p + sign(r_t - target) images_since / images, 0, 1)
    (Karras et al. 2020; D is the raw output, r_t the mean over the last `every` steps of D)

p multiplies the strength of every augmentation. It is history: tensors in the task's state, and so in the checkpoint.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.errors import UserError

# Names in the task's state: p, and (sum of the signs, number of images) since p was last moved.
PROBABILITY, SIGNS = "augment_probability", "augment_signs"


@dataclass(frozen=True, kw_only=True)
class Adaptive:
    """How the probability follows r_t.

    Attributes:
        target: of r_t; 0.6 as published.
        images: real images that D sees while p goes from 0 to 1 (500,000 as published).
        every: steps of D between two moves of p.
    """

    target: float = 0.6
    images: float = 500_000.0
    every: int = 4
    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not -1 < self.target < 1:
            raise UserError(f"adaptive.target = {self.target}", "a mean sign in (-1, 1)", "0.6 is usual")
        if not self.images > 0 or self.every < 1:
            raise UserError(
                f"adaptive.images = {self.images}, adaptive.every = {self.every}", "positive numbers", "leave them out"
            )

    def begin(self, device: torch.device) -> dict[str, Tensor]:
        """The history of a run that has not begun."""
        return {PROBABILITY: torch.zeros((), device=device), SIGNS: torch.zeros(2, device=device)}

    def remember(self, state: MutableMapping[str, Tensor], scores: Tensor) -> None:
        """Takes one step of D into the history.

        Args:
            state: with the tensors of `begin`, replaced.
            scores: D's raw outputs on real images, (n,).
        """
        signs = state[SIGNS] + torch.stack([scores.float().sign().sum(), scores.new_tensor(float(len(scores))).float()])
        # Without looking at the numbers, which would wait for the device.
        full = signs[1] >= self.every * len(scores)
        move = (signs[0] / signs[1] - self.target).sign() * signs[1] / self.images
        state[PROBABILITY] = torch.where(full, (state[PROBABILITY] + move).clamp(0, 1), state[PROBABILITY])
        state[SIGNS] = torch.where(full, torch.zeros_like(signs), signs)
