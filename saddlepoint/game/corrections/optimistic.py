"""Optimistic play: a step along the gradient, and again along its change since the player's last step.

    direction_t = F_t + s (F_t - F_(t-1))        s = 1: w_(t+1) = w_t - e (2 F_t - F_(t-1))
    (Daskalakis, Ilyas, Syrgkanis, Zeng 2018)

F_(t-1) is the mover's own gradient at its last step, whatever the turn; the first step is plain. It costs no further
gradient, and works wherever plain play does. Before an optimizer that scales (Adam) it is the gradient that is
extrapolated; `past_extragradient`, which equals it for plain descent, extrapolates what the optimizer makes of it.
"""

from collections.abc import Collection, Mapping
from typing import ClassVar

import torch

from saddlepoint.game.corrections.correction import STRENGTH, Plain, State
from saddlepoint.game.field import Field
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Loss, Settings, player_named


class Optimistic:
    """The gradient and its change."""

    joint: ClassVar[bool] = False
    strength: ClassVar[float | None] = 1.0
    first_order: ClassVar[bool] = True
    hot_path: ClassVar[bool] = True

    def init(self, field: Field, steps: Mapping[str, Step]) -> State:
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
        losses, _ = Plain().apply(field, movers, draws, settings, steps, {})
        history = dict(state)
        for name in movers:
            for network, module in player_named(field.task, name).networks.items():
                for key, parameter in module.named_parameters():
                    gradient = parameter.grad
                    if gradient is None:
                        continue
                    past = state.get(f"{network}/{key}", gradient).to(gradient.device)
                    # A copy: the optimizer and zero_grad write into .grad, and history must not follow them.
                    history[f"{network}/{key}"] = field.kept(gradient)
                    with torch.set_grad_enabled(field.differentiable):
                        parameter.grad = gradient + settings[STRENGTH] * (gradient - past)
        return losses, history
