"""Are losses and gradients finite? On the CPU each loss is looked at before its step is taken.

A device that works on its own is not waited for: there the losses are looked at when somebody reads them anyway. What
was lost by then is at most what came after the last checkpoint, for weights that are not finite are never saved.

A gradient may overflow where its loss does not. Adam's second moment is infinite from then on and its player stands
still for ever, while all that is logged looks healthy: where gradient norms are read, one that is not finite is an end.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from saddlepoint.errors import Diverged
from saddlepoint.game.task import Loss


class Finite:
    """The losses that have not been looked at yet."""

    def __init__(self) -> None:
        self._unread: list[tuple[str, Tensor]] = []

    def take(self, losses: Mapping[str, Loss], *, step: int, look: bool) -> None:
        """Takes a step's losses.

        Args:
            losses: by player.
            step: the iteration, from 1.
            look: somebody reads numbers of this iteration.

        Raises:
            Diverged: one of those that were looked at is not finite.
        """
        for player, loss in losses.items():
            for term, value in [*(loss.value or {}).items(), *loss.costs.items()]:
                self._unread.append((f"at step {step}: {player}'s term {term}", value.detach().float()))
        if look or all(value.device.type == "cpu" for _, value in self._unread):
            self.look()

    def look(self) -> None:
        """Looks at what has been taken since the last time.

        Raises:
            Diverged: a loss is not finite; the first one is named.
        """
        if not self._unread:
            return
        unread, self._unread = self._unread, []
        values = torch.stack([value for _, value in unread])
        # One number is read back, not one for each term.
        if bool(values.isfinite().all()):
            return
        name, value = next(pair for pair in unread if not bool(pair[1].isfinite()))
        raise Diverged(
            f"the loss was not finite {name} was {value.item()}",
            "nothing was saved after it, and the last good checkpoint is kept",
            "resume with a smaller rate or a stronger penalty, or choose an objective with bounded gradients",
        )

    def gradient(self, player: str, norm: Tensor, *, step: int) -> None:
        """Looks at a gradient's norm, at a step that somebody reads numbers of.

        Raises:
            Diverged: it is not finite, though the losses are.
        """
        self.look()
        if not bool(norm.isfinite()):
            raise Diverged(
                f"the {player}'s gradient was not finite at step {step} ({norm.item()}), although its losses were",
                "its step was not taken, and the last good checkpoint is kept",
                f"lower {player}.rate, strengthen a penalty, or choose an objective with bounded gradients",
            )
