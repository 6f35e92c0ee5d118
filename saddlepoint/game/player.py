"""A player: a named group of networks that moves as one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from saddlepoint.game.constraints import Constraint
from saddlepoint.game.network import holding

# (field, player, draw, settings) -> loss: leaves in the player's .grad what its optimizer is to subtract, and says what
# the loss was. Its arguments are those of `Field.backward`, the update of every player without one of its own.
Update = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Player:
    """One side of a game.

    Attributes:
        name: "discriminator", "generator", ...
        networks: the modules that move with this player, by name; names are unique over the task.
        constraint: a projection of the parameters, applied at the start and after each step.
        update: how the direction is found; None for the gradient of the player's cost, by the field's own backward.
            Imitation's generator, whose environment has no gradient, brings its own.
    """

    name: str
    networks: Mapping[str, nn.Module]
    constraint: Constraint | None = None
    update: Update | None = None

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
