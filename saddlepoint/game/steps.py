"""Steps: torch's optimizers, whose numbers follow schedules.

Adam      Kingma and Ba 2015; beta1 .5 or 0 in GANs (a positive momentum destabilises alternating play)
SGD       v <- momentum v + g;  w <- w - rate v
RMSProp   the original WGAN's
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

import torch

from saddlepoint.game.player import Player
from saddlepoint.game.schedules import Number
from saddlepoint.game.task import Settings


@dataclass(frozen=True, kw_only=True)
class Adam:
    optimizer: Literal["adam"] = "adam"
    rate: Number = 2e-4
    beta1: Number = 0.5
    beta2: Number = 0.999
    epsilon: Number = 1e-8
    __pydantic_config__ = {"extra": "forbid"}

    def build(self, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, fused=_fused(parameters))

    @staticmethod
    def options(values: Mapping[str, float]) -> dict:
        return {"lr": values["rate"], "betas": (values["beta1"], values["beta2"]), "eps": values["epsilon"]}


@dataclass(frozen=True, kw_only=True)
class SGD:
    optimizer: Literal["sgd"] = "sgd"
    rate: Number = 0.1
    momentum: Number = 0.0
    __pydantic_config__ = {"extra": "forbid"}

    def build(self, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, fused=_fused(parameters))

    @staticmethod
    def options(values: Mapping[str, float]) -> dict:
        return {"lr": values["rate"], "momentum": values["momentum"]}


@dataclass(frozen=True, kw_only=True)
class RMSProp:
    optimizer: Literal["rmsprop"] = "rmsprop"
    rate: Number = 5e-5
    smoothing: Number = 0.99
    momentum: Number = 0.0
    epsilon: Number = 1e-8
    __pydantic_config__ = {"extra": "forbid"}

    def build(self, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters)

    @staticmethod
    def options(values: Mapping[str, float]) -> dict:
        return {
            "lr": values["rate"],
            "alpha": values["smoothing"],
            "momentum": values["momentum"],
            "eps": values["epsilon"],
        }


Optimizer = Adam | SGD | RMSProp


def numbers_of(optimizer: Optimizer) -> dict[str, Number]:
    """The optimizer's settings that may be scheduled, by name."""
    return {field.name: getattr(optimizer, field.name) for field in fields(optimizer) if field.name != "optimizer"}


class Step:
    """One player's optimizer, told its numbers at every step.

    Args:
        player: who moves; its constraint is applied at once and after each step.
        optimizer: which method; its numbers are read from the settings "PLAYER.NUMBER".
    """

    def __init__(self, player: Player, optimizer: Optimizer):
        self.player = player
        self.kind = optimizer
        self.parameters = [parameter for parameter in player.parameters() if parameter.requires_grad]
        self.torch_optimizer = optimizer.build(self.parameters)
        player.project()

    def tell(self, settings: Settings) -> None:
        """Puts this step's numbers into the optimizer."""
        prefix = f"{self.player.name}."
        options = self.kind.options({name: settings[prefix + name] for name in numbers_of(self.kind)})
        for group in self.torch_optimizer.param_groups:
            group.update(options)

    def apply(self, settings: Settings) -> None:
        """Subtracts what stands in .grad, as the optimizer scales it; then projects, and clears .grad."""
        self.tell(settings)
        for parameter in self.parameters:
            gradient = parameter.grad
            if gradient is not None and gradient.stride() != parameter.stride():
                # Fused optimizers walk both memories in step and ignore strides: a gradient in another layout
                # (1x1 convolutions, channels last, double backward) would be applied to the wrong weights.
                parameter.grad = torch.empty_like(parameter).copy_(gradient)
        self.torch_optimizer.step()
        self.torch_optimizer.zero_grad(set_to_none=True)
        self.player.project()

    def gradient_norm(self) -> torch.Tensor:
        """The 2-norm of what stands in .grad, over all of the player's parameters; a scalar, not yet read."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        return torch.nn.utils.get_total_norm(gradients)


def _fused(parameters: list[torch.nn.Parameter]) -> bool:
    return all(parameter.device.type in ("cpu", "cuda") and parameter.is_floating_point() for parameter in parameters)
