"""Turns: who moves when.

A turn maps an iteration's number to groups of moves. The moves of one group are computed at the same parameters and
then applied together; groups follow each other.
    alternating(k)   D ... D, G: each player sees what the other has just done (Goodfellow et al. 2014, Algorithm 1)
    alone            one player without an opponent
    simultaneous     (D, G) at once: the joint field's own step (the code of the same paper)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from saddlepoint.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Move:
    """One player's step within an iteration.

    Attributes:
        player: who moves.
        substep: the how-manieth of this player's steps in the iteration, from 0.
        reuses: the player whose last draw of this iteration is used again, or None for a draw of its own.
        reused_by: the player that will use this move's draw again and whose forward passes on it are kept for its
            own move, or None where nothing is kept.
    """

    player: str
    substep: int = 0
    reuses: str | None = None
    reused_by: str | None = None


Turn = Callable[[int], tuple[tuple[Move, ...], ...]]


@dataclass(frozen=True, kw_only=True)
class Bursts:
    """Iterations with many more steps of the first player, so that it starts near its best answer and returns to it.

    Attributes:
        steps: in such an iteration (WGAN's critic: 100).
        first: how many of the first iterations are such (25).
        every: each so-manieth iteration is one again (500).
    """

    steps: int
    first: int
    every: int
    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        for name in ("steps", "first", "every"):
            if getattr(self, name) < 1:
                raise UserError(f"bursts.{name} = {getattr(self, name)}", "1 or more", "WGAN has 100, 25 and 500")

    def at(self, step: int) -> bool:
        """Whether the iteration after `step` others is such a one."""
        return step < self.first or step % self.every == 0

    def count(self, steps: int) -> int:
        """How many of the first `steps` iterations are such."""
        first = min(self.first, steps)
        return first + -(-steps // self.every) - -(-first // self.every)


def alternating(
    first: str,
    *others: str,
    first_steps: int = 1,
    share_draws: bool = False,
    share_forwards: bool = False,
    bursts: Bursts | None = None,
) -> Turn:
    """`first_steps` steps of one player, then one of each of the others.

    Args:
        first, others: the players' names.
        first_steps: k, 1 or more.
        share_draws: the others use the first one's last draw.
        share_forwards: with it, what a second player's networks make of that draw is computed once for both moves; a
            third one moves after others have, and computes anew.
        bursts: iterations with another k (Arjovsky et al. 2017), or None.
    """
    if first_steps < 1:
        raise UserError(f"{first_steps} {first} steps", "1 or more", "set dynamics.discriminator_steps=1")

    reused_by = _reused_by(others, share_draws and share_forwards)

    def groups(count: int) -> tuple[tuple[Move, ...], ...]:
        before = [Move(player=first, substep=index) for index in range(count)]
        before[-1] = replace(before[-1], reused_by=reused_by)
        after = [Move(player=other, reuses=first if share_draws else None) for other in others]
        return tuple((move,) for move in (*before, *after))

    usual = groups(first_steps)
    if bursts is None:
        return lambda step: usual
    many = groups(bursts.steps)
    return lambda step: many if bursts.at(step) else usual


def _reused_by(others: Sequence[str], shared: bool) -> str | None:
    return others[0] if shared and len(others) == 1 else None


def alone(player: str) -> Turn:
    """One step of the only player."""
    group = (Move(player=player),)
    return lambda step: (group,)


def simultaneous(first: str, *others: str, share_draws: bool = False, share_forwards: bool = False) -> Turn:
    """All players at once, from the same parameters; sharing as in `alternating`."""
    reused_by = _reused_by(others, share_draws and share_forwards)
    after = [Move(player=other, reuses=first if share_draws else None) for other in others]
    group = (Move(player=first, reused_by=reused_by), *after)
    return lambda step: (group,)
