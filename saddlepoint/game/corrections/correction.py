"""What a correction is, and the plain one, which follows the field as it is.

A correction leaves in each mover's .grad what its step is to subtract. It sees the game only through the field, and the
optimizers only through `steps`, so that a look-ahead can go through the optimizer's own scaling.

Corrections are defined on the joint field F = (F_1, ..., F_n) of all players at one point w. Where both players move at
once that is all there is to say. Where they alternate, the corrected joint field is computed at the point where the
game stands, for the players that do not move too, and the mover follows its own part of it. A player that does not move
is evaluated on its last draw of the iteration, or, if it has not drawn yet, on the draw that it is going to have.
Plain and optimistic play ask nothing of the players that do not move, and past extragradient only what they did last.

Strength 0 is plain play (a law); the setting "dynamics.strength" may follow a schedule.
"""

from collections.abc import Collection, Mapping
from typing import ClassVar, Protocol

from torch import Tensor

from saddlepoint.game.field import Field
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Loss, Settings, player_named

# The setting that every correction but the plain one reads.
STRENGTH = "dynamics.strength"

# A correction's history by name: "NETWORK/PARAMETER", as in a checkpoint.
State = dict[str, Tensor]


class Correction(Protocol):
    """How the field is corrected before a step follows it.

    Attributes:
        joint: whether it asks for the draws of the players that do not move too.
        strength: the strength that is used where a recipe names none; None where the correction has no strength.
        first_order: whether first derivatives of the losses do, so that reduced precision is precise enough.
        hot_path: whether its gradients are those of `Field.backward`, with the faster ways that there are to them.
    """

    joint: ClassVar[bool]
    strength: ClassVar[float | None]
    first_order: ClassVar[bool]
    hot_path: ClassVar[bool]

    def init(self, field: Field, steps: Mapping[str, Step]) -> State:
        """The history at the start (optimistic play remembers a gradient); saved in the checkpoint.

        Raises:
            UserError: the correction would not be right for this game; with the cure.
        """
        ...

    def apply(
        self,
        field: Field,
        movers: Collection[str],
        draws: Mapping[str, Draw],
        settings: Settings,
        steps: Mapping[str, Step],
        state: State,
    ) -> tuple[Mapping[str, Loss], State]:
        """Leaves directions in the .grad of the movers.

        Args:
            field: the game.
            movers: the names of the players that move now, from the same parameters.
            draws: by player: of the movers, and of all players if the correction is `joint`.
            settings: the numbers of this step.
            steps: each player's optimizer; asked, not moved.
            state: the history.

        Returns:
            The movers' losses, detached, where their directions were taken; and the new history.
        """
        ...


class Plain:
    """The field as it is: each mover's own update, all computed before any is applied."""

    joint: ClassVar[bool] = False
    strength: ClassVar[float | None] = None
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
        losses = {}
        for name in movers:
            player = player_named(field.task, name)
            update = player.update or Field.backward
            losses[name] = update(field, player, draws[name], settings)
        return losses, state
