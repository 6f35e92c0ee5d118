"""Symplectic gradient adjustment: the rotating part of the field is turned towards the equilibrium.

    direction = F + s sign(<F, J^T F> <A^T F, J^T F> / d + .1) A^T F,      A = (J - J^T) / 2, d parameters
    (Balduzzi, Racaniere, Martens, Foerster, Tuyls, Graepel 2018; the sign rule is their "alignment")

J^T F is the gradient of |F|^2 / 2: the sign makes the adjustment point towards stable fixed points and away from
unstable ones. Under alternating turns the adjustment and its sign are those of the joint field.
"""

from collections.abc import Collection, Mapping
from typing import ClassVar

import torch

from saddlepoint.game.corrections.correction import STRENGTH, State
from saddlepoint.game.corrections.joint import (
    Products,
    detached,
    dot,
    evaluate,
    refuse_unless_twice_differentiable,
    twice_differentiable,
)
from saddlepoint.game.field import Field
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Loss, Settings

# Published: decides where the inner products are too small to.
_ALIGNMENT = 0.1


class SymplecticAdjustment:
    """The field, and its antisymmetric part's pull."""

    joint: ClassVar[bool] = True
    strength: ClassVar[float | None] = 1.0
    first_order: ClassVar[bool] = False
    hot_path: ClassVar[bool] = False

    def init(self, field: Field, steps: Mapping[str, Step]) -> State:
        refuse_unless_twice_differentiable(field, "symplectic")
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
        with twice_differentiable():
            here = evaluate(field, field.parameters, movers, draws, settings, create_graph=True)
            F, w = here.directions, here.parameters
            products = Products(F, w, [(F.keys(), w.keys())], create_graph=field.differentiable)
            along = F if field.differentiable else detached(F)
            slope, turned = products.transposed(along), products.forward(along)
        adjustment = {key: (slope[key] - turned[key]) / 2 for key in F}
        with torch.no_grad():
            size = sum(value.numel() for value in F.values())
            aligned = dot(along, slope) * dot(adjustment, slope) / size + _ALIGNMENT
            strength = settings[STRENGTH] * torch.where(aligned >= 0, 1.0, -1.0)
        directions = {key: F[key] + strength.to(F[key].dtype) * adjustment[key] for key in F}
        return field.leave(movers, directions, here.own), state
