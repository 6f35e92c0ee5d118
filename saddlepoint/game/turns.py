"""Turns: who moves when.

A turn maps an iteration's number to groups of moves. The moves of one group are computed at the same parameters and
then applied together; groups follow each other.
    alternating(k)   D ... D, G: each player sees what the other has just done (Goodfellow et al. 2014, Algorithm 1)
    simultaneous     (D, G) at once: the joint field's own step (the code of the same paper)
"""

from collections.abc import Callable
from dataclasses import dataclass

from saddlepoint.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Move:
    """One player's step within an iteration.

    Attributes:
        player: who moves.
        substep: the how-manieth of this player's steps in the iteration, from 0.
        shares: the player whose last draw of this iteration is used again, or None for a draw of its own.
    """

    player: str
    substep: int = 0
    shares: str | None = None


Turn = Callable[[int], tuple[tuple[Move, ...], ...]]


def alternating(first: str, second: str, *, first_steps: int = 1, share_draws: bool = False) -> Turn:
    """`first_steps` steps of one player, then one of the other.

    Args:
        first, second: the players' names.
        first_steps: k, 1 or more.
        share_draws: the second player uses the first one's last draw.
    """
    if first_steps < 1:
        raise UserError(f"{first_steps} {first} steps", "1 or more", "set dynamics.discriminator_steps=1")
    groups = (
        *((Move(player=first, substep=index),) for index in range(first_steps)),
        (Move(player=second, shares=first if share_draws else None),),
    )
    return lambda step: groups


def simultaneous(first: str, second: str, *, share_draws: bool = False) -> Turn:
    """Both players at once, from the same parameters."""
    group = (Move(player=first), Move(player=second, shares=first if share_draws else None))
    return lambda step: (group,)
