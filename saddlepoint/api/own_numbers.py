"""The numbers of a person's own loop that what is advised depends on: read off its optimizers and its weights."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn
from torch.optim import Optimizer

from saddlepoint.arguments import shown
from saddlepoint.errors import UserError

# A discriminator of which more of the weights stand at the largest is one whose weights are clipped.
_CLIPPED = 0.01


def optimizer_of(optimizers: Iterable[Optimizer], network: nn.Module) -> Optimizer | None:
    """The one of these that moves weights of this network."""
    own = {id(weight) for weight in network.parameters()}
    for optimizer in optimizers:
        if not isinstance(optimizer, Optimizer):
            raise UserError(f"optimizers={shown(optimizer)}", "optimizers of torch", "give (optimizer_g, optimizer_d)")
        if any(id(weight) in own for group in optimizer.param_groups for weight in group["params"]):
            return optimizer
    return None


def numbers_of(optimizers: Mapping[str, Optimizer | None]) -> dict[str, float]:
    """Rates and momenta of now by the dotted names that a recipe has for them, of the optimizers by player."""
    found = {}
    for player, optimizer in optimizers.items():
        if optimizer is not None:
            group = optimizer.param_groups[0]
            found[f"{player}.rate"] = float(group.get("lr", 0.0))
            found[f"{player}.momentum"] = float(group.get("momentum", 0.0))
            found[f"{player}.beta1"] = float(group["betas"][0]) if "betas" in group else 0.0
    return found


@torch.no_grad()
def clip_of(discriminator: nn.Module) -> float | None:
    """The bound at which its weights are clipped; None where they are not."""
    weights = torch.cat([weight.flatten().abs() for weight in discriminator.parameters()])
    bound = weights.max()
    at_bound = int((weights == bound).sum())
    return float(bound) if at_bound > max(1, _CLIPPED * len(weights)) else None
