"""The one probe of a game before its first step: small draws, of which everything is learnt that a run must know.

Which networks are asked for their input gradient, and at which images; how much arithmetic a loss is; how much memory
a step takes. No task and no kind of task is told apart: a loss is evaluated, and what it does is looked at. The game is
as it was then. A player with an update of its own is not differentiated: what only a gradient tells is not known of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.game.fast.tangent import ByTangent
from saddlepoint.game.field import Field
from saddlepoint.game.schedules import value_at
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Networks, RunTask, followed, networks_of
from saddlepoint.recipes.network_trial import leaving_no_trace
from saddlepoint.recipes.specification import Recipe
from saddlepoint.training.averages import Averages
from saddlepoint.training.machine.memory import Estimate, available_memory, estimate, held_memory
from saddlepoint.training.machine.work import loss_operations
from saddlepoint.training.state import State

# Samples of a draw: a batch that is too large must not be drawn to be refused, and batch normalisation of a map of one
# pixel needs two in the half of it.
SAMPLES = 8

_Found = TypeVar("_Found")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a network was shown when a loss asked for its input gradient.

    Attributes:
        images: as the network sees them, (n, ...).
        beside: its further inputs, (n, ...) each.
    """

    images: Tensor
    beside: tuple[Tensor, ...]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Small draws of a game.

    Attributes:
        task: the game, on draws of at most `SAMPLES`.
        batch: samples of a whole draw.
        draws: one of each player.
        settings: the first step's numbers.
        own: the networks are a person's own, which were tried where they will run.
    """

    task: RunTask
    batch: int
    draws: Mapping[str, Draw]
    settings: Mapping[str, float]
    own: bool

    @classmethod
    def of(cls, recipe: Recipe, task: RunTask) -> "Probe":
        """Draws for every player as at the first step."""
        small = task.reduced(SAMPLES)
        field, state = Field(task=small), State(seed=recipe.seed)
        with leaving_no_trace(list(networks_of(task).values()), task.device):
            draws = {player.name: field.draw(player.name, 0, 0, state) for player in task.players}
        return cls(
            task=small,
            batch=task.batch,
            draws=draws,
            settings={name: value_at(number, 0, 0) for name, number in recipe.numbers().items()},
            own=recipe.networks in ("own", None),
        )

    @property
    def first(self) -> str | None:
        """The first player that follows the gradient of its cost; None where nobody does."""
        return next(iter(followed(self.task)), None)

    def input_gradients(self) -> dict[str, Shown]:
        """The networks whose input gradient the first player's loss asks for, and what they are shown."""
        first = self.task.players[0].name
        if first != self.first:
            return {}
        modules = networks_of(self.task)
        noticing = {name: _Noticing(module) for name, module in modules.items()}
        networks: Networks = noticing

        def noticed() -> dict[str, Shown]:
            with torch.no_grad(), leaving_no_trace(list(modules.values()), self.task.device):
                self.task.loss(first, networks, self.draws[first], self.settings)
            return {name: network.shown for name, network in noticing.items() if network.shown is not None}

        return self._unless_it_cannot(noticed) or {}

    def operations(self, field: Field) -> float | None:
        """Forward operations of a micro-batch in the first loss that is followed; None where that cannot be told."""
        first = self.first
        if first is None:
            return None
        draw = self.draws[first]
        small = replace(field, task=self.task, accumulate=1)
        counted = self._unless_it_cannot(lambda: loss_operations(small, first, draw, self.settings))
        return None if counted is None else counted / len(draw) * self.batch / field.accumulate

    def memory(self, field: Field, steps: Mapping[str, Step], averages: Averages | None) -> Estimate | None:
        """What a run takes; None where that cannot be told."""
        if self.first is None:
            return None
        device = self.task.device
        return self._unless_it_cannot(
            lambda: estimate(
                replace(field, task=self.task),
                steps,
                averages,
                self.draws,
                self.settings,
                samples=self.batch,
                available=available_memory(device),
                held=held_memory(device),
            )
        )

    @property
    def bytes_per_sample(self) -> int:
        """Of the tensors in the largest player's draw."""
        return max(
            sum(tensor.numel() * tensor.element_size() for tensor in draw.tensors.values()) // max(len(draw), 1)
            for draw in self.draws.values()
        )

    def _unless_it_cannot(self, look: Callable[[], _Found]) -> _Found | None:
        try:
            return look()
        except Exception as error:
            # A person's own network, which was tried where it will run, may do what a probe cannot, and raise anything;
            # the run itself does not depend on what is looked for.
            if not self.own and not isinstance(error, RuntimeError | UserError):
                raise
            return None


class _Noticing(ByTangent):
    """A network that notices what its input gradient is asked at; it gives none."""

    shown: Shown | None = None

    def scores_and_gradient(
        self, images: Tensor, beside: tuple[Tensor, ...] = (), before: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        seen = images if before is None else before(images)
        self.shown = self.shown or Shown(images=seen.detach(), beside=beside)
        return self.module(seen, *beside), torch.zeros_like(images)
