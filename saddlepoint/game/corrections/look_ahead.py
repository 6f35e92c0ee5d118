"""Look-ahead: the field is followed from where a first step would lead.

    extragradient         w' = w - s P(F(w)),             direction F(w')      (Korpelevich 1976; Gidel et al. 2019)
    past extragradient    w' = w - s P(F(w' before)),     direction F(w')      (Popov 1980; Gidel et al. 2019)

P is what the player's own optimizer would subtract, momentum and scaling included (a look-ahead of another length than
the step misses the equilibrium under Adam), followed by the player's constraint. The look-ahead is on the same draws as
the step. Past extragradient needs one evaluation instead of two; its first step is plain.
"""

from collections.abc import Collection, Mapping
from typing import ClassVar

import torch

from saddlepoint.game.corrections.correction import STRENGTH, State
from saddlepoint.game.corrections.joint import by_player, evaluate, refuse_own_updates
from saddlepoint.game.field import Field, Tensors, Vector
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Loss, Settings


class Extragradient:
    """Two evaluations: to look ahead, and there."""

    joint: ClassVar[bool] = True
    strength: ClassVar[float | None] = 1.0
    first_order: ClassVar[bool] = True
    hot_path: ClassVar[bool] = False

    def init(self, field: Field, steps: Mapping[str, Step]) -> State:
        refuse_own_updates(field, "extragradient")
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
        here = evaluate(field, field.parameters, movers, draws, settings)
        ahead = _ahead(field, here.directions, settings, steps)
        there = evaluate(field, ahead, movers, {name: draws[name] for name in movers}, settings)
        return field.leave(movers, there.directions, there.own), state


class PastExtragradient:
    """One evaluation: the look-ahead goes along the direction that each player took last."""

    joint: ClassVar[bool] = False
    strength: ClassVar[float | None] = 1.0
    first_order: ClassVar[bool] = True
    hot_path: ClassVar[bool] = False

    def init(self, field: Field, steps: Mapping[str, Step]) -> State:
        refuse_own_updates(field, "past_extragradient")
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
        past = {
            (network, key): state[f"{network}/{key}"].to(parameter.device)
            for network, group in field.parameters.items()
            for key, parameter in group.items()
            if f"{network}/{key}" in state
        }
        ahead = _ahead(field, past, settings, steps)
        there = evaluate(field, ahead, movers, {name: draws[name] for name in movers}, settings)
        taken = {f"{network}/{key}": field.kept(direction) for (network, key), direction in there.directions.items()}
        return field.leave(movers, there.directions, there.own), {**state, **taken}


def _ahead(field: Field, directions: Vector, settings: Settings, steps: Mapping[str, Step]) -> Tensors:
    """Where steps along the directions would lead; players without directions stay."""
    ahead = {network: dict(group) for network, group in field.parameters.items()}
    for player in field.task.players:
        own = by_player(field, directions)[player.name]
        if not own:
            continue
        with torch.set_grad_enabled(field.differentiable):
            for (network, key), change in steps[player.name].preview(own, settings).items():
                moved = ahead[network][key] - settings[STRENGTH] * change
                ahead[network][key] = moved if field.differentiable else moved.requires_grad_()
        player.project(ahead)
    return ahead
