"""Competitive gradient descent: each player steps to the equilibrium of the game's local bilinear model.

    (I + s J_o R) direction = F      J_o: the Jacobian's blocks between players;  R: the players' rates
    w <- w - R direction             (Schaefer, Anandkumar 2019; s = 1)

On a bilinear game this is the proximal point step. The system is solved by conjugate gradients on its normal
equations, with products of the Jacobian only. R is what the method takes for a step's length, so the optimizers are to
be SGD (momentum comes after the direction). Under alternating turns the mover follows its part of the joint solution.
"""

from collections.abc import Callable, Collection, Mapping
from typing import ClassVar

import torch

from saddlepoint.errors import UserError
from saddlepoint.game.corrections.correction import STRENGTH, State
from saddlepoint.game.corrections.joint import (
    Products,
    by_player,
    detached,
    dot,
    evaluate,
    refuse_unless_twice_differentiable,
    twice_differentiable,
)
from saddlepoint.game.field import Field, Vector
from saddlepoint.game.steps import SGD, Step
from saddlepoint.game.task import Draw, Loss, Settings

# Products with the Jacobian and its transpose, each as dear as a few gradients. The residual that is left after them
# is a direction between the plain and the competitive one.
_MOST_ITERATIONS = 20
# Of the residual, relative to the field, in units of the numbers' rounding.
_TOLERANCE = 10


class Competitive:
    """The solution of the local game."""

    joint: ClassVar[bool] = True
    strength: ClassVar[float | None] = 1.0
    first_order: ClassVar[bool] = False
    hot_path: ClassVar[bool] = False

    def init(self, field: Field, steps: Mapping[str, Step]) -> State:
        refuse_unless_twice_differentiable(field, "competitive")
        for name, step in steps.items():
            if not isinstance(step.kind, SGD):
                raise UserError(
                    f"the correction competitive with {name}.optimizer={step.kind.optimizer}",
                    "sgd, whose rate is the length of its step",
                    f"set {name}.optimizer=sgd, or dynamics.correction=extragradient",
                )
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
        rates = {
            (network, key): settings[f"{player.name}.rate"]
            for player in field.task.players
            for network in player.networks
            for key in field.parameters[network]
        }
        with twice_differentiable():
            here = evaluate(field, field.parameters, movers, draws, settings, create_graph=True)
            F, w = here.directions, here.parameters
            parts = by_player(field, F)
            others = {name: [key for key in F if key not in part] for name, part in parts.items()}
            blocks = [(part.keys(), others[name]) for name, part in parts.items()]
            products = Products(F, w, blocks, create_graph=field.differentiable)

            def system(v: Vector) -> Vector:
                turned = products.forward({key: rates[key] * v[key] for key in v})
                return {key: v[key] + settings[STRENGTH] * turned[key] for key in v}

            def transposed(v: Vector) -> Vector:
                turned = products.transposed(v)
                return {key: v[key] + settings[STRENGTH] * rates[key] * turned[key] for key in v}

            directions = _solved(system, transposed, F if field.differentiable else detached(F))
        return field.leave(movers, directions, here.own), state


def _solved(system: Callable[[Vector], Vector], transposed: Callable[[Vector], Vector], right: Vector) -> Vector:
    """x with system(x) = right, by conjugate gradients on the normal equations, from x = right."""
    x = right
    residual = _sum(right, system(x), -1.0)
    gradient = transposed(residual)
    direction, size = gradient, dot(gradient, gradient)
    enough = (_TOLERANCE * torch.finfo(size.dtype).eps) ** 2 * float(dot(right, right).detach())
    for _ in range(min(_MOST_ITERATIONS, sum(value.numel() for value in right.values()))):
        if float(dot(residual, residual).detach()) <= enough:
            break
        image = system(direction)
        length = size / dot(image, image)
        x = _sum(x, direction, length)
        residual = _sum(residual, image, -length)
        gradient = transposed(residual)
        size, before = dot(gradient, gradient), size
        direction = _sum(gradient, direction, size / before)
    return x


def _sum(a: Vector, b: Vector, factor: torch.Tensor | float) -> Vector:
    return {key: a[key] + factor * b[key] for key in a}
