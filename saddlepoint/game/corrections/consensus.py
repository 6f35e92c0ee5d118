"""Consensus: every player also descends the squared length of the joint field, so that rotation becomes contraction.

    direction = F + s grad(|F|^2 / 2) = F + s J^T F      (Mescheder, Nowozin, Geiger 2017)

for all players alike, with J the Jacobian of the joint field. Under alternating turns the mover descends |F|^2 / 2 of
all players by its own parameters.
"""

from collections.abc import Collection, Mapping
from typing import ClassVar

from saddlepoint.game.corrections.correction import STRENGTH, State
from saddlepoint.game.corrections.joint import (
    Products,
    detached,
    evaluate,
    refuse_unless_twice_differentiable,
    twice_differentiable,
)
from saddlepoint.game.field import Field
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Loss, Settings


class Consensus:
    """The field, and the gradient of half its squared length."""

    joint: ClassVar[bool] = True
    strength: ClassVar[float | None] = 1.0
    first_order: ClassVar[bool] = False
    hot_path: ClassVar[bool] = False

    def init(self, field: Field, steps: Mapping[str, Step]) -> State:
        refuse_unless_twice_differentiable(field, "consensus")
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
            slope = products.transposed(F if field.differentiable else detached(F))
        directions = {key: F[key] + settings[STRENGTH] * slope[key] for key in F}
        return field.leave(movers, directions, here.own), state
