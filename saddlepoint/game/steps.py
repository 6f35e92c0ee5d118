"""Steps: torch's optimizers, whose numbers follow schedules.

Adam      Kingma and Ba 2015; beta1 .5 or 0 in GANs (a positive momentum destabilises alternating play)
SGD       v <- momentum v + g;  w <- w - rate v      (a negative momentum stabilises alternating play)
RMSProp   the original WGAN's

Of each, `moments` is how many tensors of a weight's size it keeps beside the weight, at most.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import torch

from saddlepoint.errors import UserError
from saddlepoint.game.equalised import equalised, groups
from saddlepoint.game.fast.uncompiled import keep_compiler_out, undecorated_step
from saddlepoint.game.network import place_named
from saddlepoint.game.player import Player
from saddlepoint.game.schedules import Number
from saddlepoint.game.task import Settings


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Moving averages of the gradient and of its square (Kingma and Ba 2015); the numbers may follow schedules.

    Attributes:
        equalised: the rate counts in units of each weight's size, 1 / sqrt(fan_in) (`game/equalised.py`).
    """

    optimizer: Literal["adam"] = "adam"
    moments: ClassVar[int] = 2
    rate: Number = 2e-4
    beta1: Number = 0.5
    beta2: Number = 0.999
    epsilon: Number = 1e-8
    equalised: bool = False
    __pydantic_config__ = {"extra": "forbid"}

    def build(
        self, parameters: list[torch.nn.Parameter], differentiable: bool = False, fused: bool = True
    ) -> torch.optim.Optimizer:
        """Torch's own over these parameters; its numbers are set at each step."""
        if differentiable:
            return torch.optim.Adam(parameters, differentiable=True)
        return torch.optim.Adam(parameters, fused=fused and _can_fuse(parameters))

    @staticmethod
    def options(values: Mapping[str, float]) -> dict:
        """The numbers by torch's names."""
        return {"lr": values["rate"], "betas": (values["beta1"], values["beta2"]), "eps": values["epsilon"]}


@dataclass(frozen=True, kw_only=True)
class SGD:
    """The plain step, with momentum if wanted; the numbers may follow schedules."""

    optimizer: Literal["sgd"] = "sgd"
    moments: ClassVar[int] = 1
    rate: Number = 0.1
    momentum: Number = 0.0
    __pydantic_config__ = {"extra": "forbid"}

    def build(
        self, parameters: list[torch.nn.Parameter], differentiable: bool = False, fused: bool = True
    ) -> torch.optim.Optimizer:
        """Torch's own over these parameters; its numbers are set at each step."""
        if differentiable:
            return torch.optim.SGD(parameters, differentiable=True)
        return torch.optim.SGD(parameters, fused=fused and _can_fuse(parameters))

    @staticmethod
    def options(values: Mapping[str, float]) -> dict:
        """The numbers by torch's names."""
        return {"lr": values["rate"], "momentum": values["momentum"]}


@dataclass(frozen=True, kw_only=True)
class RMSProp:
    """A moving average of the gradient's square (the original WGAN's); the numbers may follow schedules."""

    optimizer: Literal["rmsprop"] = "rmsprop"
    moments: ClassVar[int] = 1
    rate: Number = 5e-5
    smoothing: Number = 0.99
    momentum: Number = 0.0
    epsilon: Number = 1e-8
    __pydantic_config__ = {"extra": "forbid"}

    def build(
        self, parameters: list[torch.nn.Parameter], differentiable: bool = False, fused: bool = True
    ) -> torch.optim.Optimizer:
        """Torch's own over these parameters; its numbers are set at each step."""
        # torch has no fused one; its own choice takes all weights together on a GPU.
        return torch.optim.RMSprop(parameters, differentiable=differentiable)

    @staticmethod
    def options(values: Mapping[str, float]) -> dict:
        """The numbers by torch's names."""
        return {
            "lr": values["rate"],
            "alpha": values["smoothing"],
            "momentum": values["momentum"],
            "eps": values["epsilon"],
        }


# What of an optimizer is no number.
_NO_NUMBERS = ("optimizer", "equalised")
# What a recipe chooses from.
Optimizer = Adam | SGD | RMSProp


@dataclass(frozen=True, kw_only=True)
class OwnOptimizer:
    """A person's own torch optimizer over a player's parameters; it keeps its own numbers."""

    optimizer: torch.optim.Optimizer
    # Nobody knows; most keep no more than Adam does.
    moments: ClassVar[int] = 2

    def build(
        self, parameters: list[torch.nn.Parameter], differentiable: bool = False, fused: bool = True
    ) -> torch.optim.Optimizer:
        """The person's, if it holds exactly these parameters.

        Raises:
            UserError: it holds others.
        """
        own = {id(parameter) for parameter in parameters}
        held = {id(parameter) for group in self.optimizer.param_groups for parameter in group["params"]}
        if held != own:
            raise UserError(
                f"an optimizer of {len(held)} parameters, {len(held - own)} of them not the player's",
                f"one that holds exactly the {len(own)} parameters of its player",
                "build each optimizer from the parameters that it is given",
            )
        return self.optimizer

    @staticmethod
    def options(values: Mapping[str, float]) -> dict:
        """The numbers by torch's names."""
        return {}


def numbers_of(optimizer: Optimizer | OwnOptimizer) -> dict[str, Number]:
    """The optimizer's settings that may be scheduled, by name."""
    return {field.name: getattr(optimizer, field.name) for field in fields(optimizer) if field.name not in _NO_NUMBERS}


class Step:
    """One player's optimizer, told its numbers at every step.

    Args:
        player: who moves; its constraint is applied at once and after each step.
        optimizer: which method; its numbers are read from the settings "PLAYER.NUMBER".
        differentiable: a step keeps its graph (see `Field.differentiable`).
        fused: all weights move in one call, where torch has one for the optimizer and the device.

    Attributes:
        shares: of the rate, by parameter; 1 but for an equalised one.
    """

    def __init__(
        self, player: Player, optimizer: Optimizer | OwnOptimizer, differentiable: bool = False, *, fused: bool = True
    ):
        keep_compiler_out()
        self.player = player
        self.kind = optimizer
        named = [
            (network, key, parameter)
            for network, module in player.networks.items()
            for key, parameter in module.named_parameters()
            if parameter.requires_grad
        ]
        self.names = [(network, key) for network, key, _ in named]
        self.parameters = [parameter for _, _, parameter in named]
        self.torch_optimizer = optimizer.build(self.parameters, differentiable, fused)
        self.shares = [1.0] * len(self.parameters)
        if isinstance(optimizer, Adam) and optimizer.equalised:
            self.shares = equalised(player.networks, self.names)
            options = {key: value for key, value in self.torch_optimizer.param_groups[0].items() if key != "params"}
            self.torch_optimizer.param_groups[:] = [
                {**options, **group} for group in groups(self.parameters, self.shares)
            ]
        self._differentiable = differentiable
        player.project()

    def set_numbers(self, settings: Settings) -> None:
        """Puts this step's numbers into the optimizer."""
        prefix = f"{self.player.name}."
        options = self.kind.options({name: settings[prefix + name] for name in numbers_of(self.kind)})
        for group in self.torch_optimizer.param_groups:
            group.update(options)
            if "share" in group:
                group["lr"] *= group["share"]

    def forget(self) -> None:
        """Sets what the optimizer remembers to 0, as before its first step."""
        for state in self.torch_optimizer.state.values():
            for remembered in state.values():
                if isinstance(remembered, torch.Tensor):
                    remembered.zero_()

    def preview(
        self, directions: Mapping[tuple[str, str], torch.Tensor], settings: Settings
    ) -> dict[tuple[str, str], torch.Tensor]:
        """What `apply` would subtract if these directions stood in .grad; nothing is moved and no state changes.

        Args:
            directions: by (network, parameter); those that are left out have no gradient.
            settings: the numbers of this step.
        """
        self.set_numbers(settings)
        optimizer = self.torch_optimizer
        history, groups = optimizer.state, [group["params"] for group in optimizer.param_groups]
        # The optimizer itself is asked, on copies: so it is right for every optimizer, a person's own included.
        copies: dict[torch.Tensor, torch.Tensor] = {parameter: parameter.clone() for parameter in self.parameters}
        if not torch.is_grad_enabled():
            copies = {parameter: copy.requires_grad_() for parameter, copy in copies.items()}
        for name, copy in zip(self.names, copies.values(), strict=True):
            copy.grad = _in_layout(directions[name], copy) if name in directions else None
        try:
            for group, parameters in zip(optimizer.param_groups, groups, strict=True):
                group["params"] = [copies[parameter] for parameter in parameters]
            optimizer.state = defaultdict(
                dict, {copies[parameter]: _copied(state) for parameter, state in history.items()}
            )
            self._take()
        finally:
            for group, parameters in zip(optimizer.param_groups, groups, strict=True):
                group["params"] = parameters
            optimizer.state = history
        return {
            name: parameter - copy
            for name, (parameter, copy) in zip(self.names, copies.items(), strict=True)
            if name in directions
        }

    def apply(self, settings: Settings) -> None:
        """Subtracts what stands in .grad, as the optimizer scales it; then projects, and clears .grad."""
        self.set_numbers(settings)
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad = _in_layout(parameter.grad, parameter)
        if self._differentiable:
            self._renew()
        self._take()
        for parameter in self.parameters:
            parameter.grad = None
        self.player.project()

    def _take(self) -> None:
        if isinstance(self.kind, OwnOptimizer):
            # A person's own may be any class, with hooks and schedules of its own.
            self.torch_optimizer.step()
        else:
            undecorated_step(self.torch_optimizer, self._differentiable)

    def _renew(self) -> None:
        """Puts copies in the place of all that the optimizer writes into, for the graph still needs the old values."""
        optimizer = self.torch_optimizer
        copies = {old: old.clone() for old in self.parameters}
        for old, new in copies.items():
            new.grad = old.grad
        for (network, key), new in zip(self.names, copies.values(), strict=True):
            owner, leaf = place_named(self.player.networks[network], key)
            owner[leaf] = new
        for group in optimizer.param_groups:
            group["params"] = [copies[old] for old in group["params"]]
        optimizer.state = defaultdict(dict, {copies[old]: _copied(state) for old, state in optimizer.state.items()})
        self.parameters = list(copies.values())  # type: ignore[assignment]

    def gradient_norm(self) -> torch.Tensor:
        """The 2-norm of what stands in .grad, over all of the player's parameters; a scalar, not yet read."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        return torch.nn.utils.get_total_norm(gradients)


def _in_layout(gradient: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """The gradient in the parameter's memory layout.

    Fused optimizers walk both memories in step and ignore strides: a gradient in another layout (1x1 convolutions,
    channels last, double backward) would be applied to the wrong weights.
    """
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


def _copied(state: Mapping[str, object]) -> dict[str, object]:
    return {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in state.items()}


def _can_fuse(parameters: list[torch.nn.Parameter]) -> bool:
    return all(parameter.device.type in ("cpu", "cuda") and parameter.is_floating_point() for parameter in parameters)
