"""A player: a named group of networks that moves as one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from saddlepoint.game.constraints import Constraint

if TYPE_CHECKING:
    from saddlepoint.game.field import Field
    from saddlepoint.game.task import Draw, Loss, Settings

# Leaves in the player's .grad what its optimizer is to subtract, and says what the loss was.
Update = Callable[["Field", "Player", "Draw", "Settings"], "Loss"]


def backprop(game_field: "Field", player: "Player", draw: "Draw", settings: "Settings") -> "Loss":
    """The update of every player whose loss is differentiable: the gradient of its cost, by ordinary backward."""
    return game_field.backward(player, draw, settings)


@dataclass(frozen=True, kw_only=True)
class Player:
    """One side of a game.

    Attributes:
        name: "discriminator", "generator", ...
        networks: the modules that move with this player, by name; names are unique over the task.
        constraint: a projection of the parameters, applied at the start and after each step.
        update: how the direction is found; imitation's generator, whose environment has no gradient, brings its own.
    """

    name: str
    networks: Mapping[str, nn.Module]
    constraint: Constraint | None = None
    update: Update = backprop

    def parameters(self) -> Iterator[nn.Parameter]:
        """Those of all its networks, in their order."""
        for network in self.networks.values():
            yield from network.parameters()

    def project(self, parameters: Mapping[str, Mapping[str, Tensor]] | None = None) -> None:
        """Puts the parameters back into the constraint's set, if there is one.

        Args:
            parameters: by network and name; others than the player's own, changed in place of these.
        """
        if self.constraint is not None:
            for name, network in self.networks.items():
                with holding(network, parameters[name] if parameters is not None else {}):
                    self.constraint(network)


@contextmanager
def holding(network: nn.Module, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Inside, the network's parameters of these names are these very tensors, leaves or not."""
    places = {name: (network.get_submodule(name.rpartition(".")[0]), name.rpartition(".")[2]) for name in tensors}
    own = {name: module._parameters[leaf] for name, (module, leaf) in places.items()}
    try:
        for name, (module, leaf) in places.items():
            module._parameters[leaf] = tensors[name]  # type: ignore[assignment]
        yield
    finally:
        for name, (module, leaf) in places.items():
            module._parameters[leaf] = own[name]
