"""Exponential moving averages of the sampled networks (EMA).

    average <- beta average + (1 - beta) weights,   beta = .5^(progress of one step / half-life)

Buffers are copied. Two ways keep the first, random weights out of the average: during warm-up the half-life is at most
a fraction of the progress so far (Karras et al. 2020), and up to `start` the weights are copied (BigGAN 2019).
"""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from saddlepoint.errors import UserError
from saddlepoint.game.schedules import Number
from saddlepoint.game.task import Settings, Task, networks_of


@dataclass(frozen=True, kw_only=True)
class Average:
    """How the weights are averaged.

    Attributes:
        half_life: in `unit`; 0 keeps the newest weights. Read from the setting "average.half_life".
        unit: steps or images.
        warm_up: the half-life is at most this fraction of the progress so far; None for no warm-up.
        start: up to this progress, in `unit`, the weights are copied.
    """

    half_life: Number
    unit: Literal["steps", "images"] = "images"
    warm_up: float | None = 0.05
    start: float = 0.0
    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if isinstance(self.half_life, int | float) and self.half_life < 0:
            raise UserError(f"average.half_life = {self.half_life}", "0 or more", f"give it in {self.unit}")
        if self.warm_up is not None and not 0 < self.warm_up < math.inf:
            raise UserError(
                f"average.warm_up = {self.warm_up}", "a positive fraction", "set average.warm_up=null for none"
            )
        if not 0 <= self.start < math.inf:
            raise UserError(f"average.start = {self.start}", "0 or more", f"give it in {self.unit}")


class Averages:
    """The averaged copies of a task's sampled networks, in evaluation mode.

    Args:
        task: its `averaged` networks are copied as they are now.
        average: how.
    """

    def __init__(self, task: Task, average: Average):
        self.average = average
        modules = networks_of(task)
        self.networks: dict[str, nn.Module] = {
            name: copy.deepcopy(modules[name]).eval().requires_grad_(False) for name in task.averaged
        }

    @torch.no_grad()
    def update(self, task: Task, settings: Settings, *, step: int, images: int, new_images: int) -> None:
        """Takes in the weights after an iteration.

        Args:
            task: the networks that have just moved.
            settings: of this iteration.
            step, images: the run's progress after the iteration.
            new_images: how many images the iteration added.
        """
        progress, advance = (images, new_images) if self.average.unit == "images" else (step, 1)
        half_life = settings["average.half_life"]
        if self.average.warm_up is not None:
            half_life = min(half_life, self.average.warm_up * progress)
        beta = 0.5 ** (advance / half_life) if half_life > 0 and progress > self.average.start else 0.0
        modules = networks_of(task)
        for name, average in self.networks.items():
            module = modules[name]
            targets: list[Tensor] = list(average.parameters())
            # All weights at once; torch's own moving average, which is target <- beta target + (1 - beta) source.
            get_ema_multi_avg_fn(beta)(targets, [parameter.detach() for parameter in module.parameters()], 0)
            for target, source in zip(average.buffers(), module.buffers(), strict=True):
                target.copy_(source)


@contextmanager
def sampled_networks(task: Task, averages: Averages | None) -> Iterator[dict[str, nn.Module]]:
    """The networks to sample from, in evaluation mode: the averages, or the task's own where none are kept."""
    if averages is not None:
        yield averages.networks
        return
    modules = networks_of(task)
    chosen = {name: modules[name] for name in task.averaged}
    training = [module for network in chosen.values() for module in network.modules() if module.training]
    try:
        for network in chosen.values():
            network.eval()
        yield chosen
    finally:
        for module in training:
            module.training = True
