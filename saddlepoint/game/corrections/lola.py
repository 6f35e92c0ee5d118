"""Learning with opponent-learning awareness, first order: each player takes its opponents' next step into account.

    direction_i = F_i - s grad_i sum_(j != i) <dC_i / dw_j, F_j>      (Foerster et al. 2018)

which is the gradient of C_i(w_i, w_j - s F_j) to first order in s, the length of the step that is expected of the
others; C_i is what player i minimises. Under alternating turns the mover counts on the step that the others would take
from the point where the game stands.
"""

from collections.abc import Collection, Mapping
from typing import ClassVar

import torch

from saddlepoint.game.corrections.correction import STRENGTH, State
from saddlepoint.game.corrections.joint import (
    by_player,
    evaluate,
    refuse_unless_twice_differentiable,
    twice_differentiable,
)
from saddlepoint.game.field import Field, Vector, cost
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Loss, Settings


class Lola:
    """The field, and the gradient of what the others' steps will cost."""

    joint: ClassVar[bool] = True
    strength: ClassVar[float | None] = 1.0
    first_order: ClassVar[bool] = False
    hot_path: ClassVar[bool] = False

    def init(self, field: Field, steps: Mapping[str, Step]) -> State:
        refuse_unless_twice_differentiable(field, "lola")
        return {}

    def apply(
        self,
        field: Field,
        movers: Collection[str],
        draws: Mapping[str, Draw],
        settings: Settings,
        steps: Mapping[str, Step],
        state: State,
    ) -> tuple[Mapping[str, Loss], State]:
        directions: Vector = {}
        with twice_differentiable():
            here = evaluate(field, field.parameters, movers, draws, settings, create_graph=True)
            F, w = here.directions, here.parameters
            parts = by_player(field, F)
            for name in movers:
                own = {key: w[key] for key in parts[name]}
                others = [key for key in F if key not in own]
                slopes = torch.autograd.grad(
                    cost(here.own.losses[name]),
                    [w[key] for key in others],
                    create_graph=True,
                    allow_unused=True,
                    materialize_grads=True,
                )
                expected = [(slope * F[key]).sum() for key, slope in zip(others, slopes, strict=True)]
                total = torch.stack(expected).sum() if expected else torch.zeros(())
                change = _gradient(total, own, create_graph=field.differentiable)
                directions.update({key: F[key] - settings[STRENGTH] * change[key] for key in own})
        return field.leave(movers, directions, here.own), state


def _gradient(value: torch.Tensor, by: Vector, *, create_graph: bool) -> Vector:
    if not value.requires_grad:
        return {key: torch.zeros_like(tensor) for key, tensor in by.items()}
    made = torch.autograd.grad(
        value,
        list(by.values()),
        retain_graph=True,
        create_graph=create_graph,
        allow_unused=True,
        materialize_grads=True,
    )
    return dict(zip(by, made, strict=True))
