"""A toy game played by the trainer: its own Field, Correction, Turn and Step, in its own loop.

eigenvalues of the flow at a rest point = (eigenvalues of one simultaneous update - 1) / rate
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from saddlepoint.game import field as game_field
from saddlepoint.game import steps as game_steps
from saddlepoint.game.corrections import CORRECTIONS, STRENGTH
from saddlepoint.game.turns import alternating, simultaneous
from saddlepoint.game.update_map import eigenvalues as eigenvalues_of
from saddlepoint.game.update_map import jacobian
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.tasks.toy.dirac import DiracGan
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.loop import train
from saddlepoint.training.state import State

Toy = Bilinear | DiracGan
# A game from its start, made anew for each measurement.
MakeToy = Callable[[], Toy]


@dataclass(frozen=True, kw_only=True)
class Composition:
    """A method of play.

    Attributes:
        first: the player that moves first in alternating play; None for simultaneous play.
        correction: a name of CORRECTIONS.
        strength: of the correction; None for its own.
        rate, momentum: of both players' SGD.
        penalty: the weight of whatever penalties the game has.
    """

    first: str | None = None
    correction: str = "plain"
    strength: float | None = None
    rate: float = 0.1
    momentum: float = 0.0
    penalty: float = 0.0

    def at(self, rate: float) -> "Composition":
        """The same with another rate."""
        return replace(self, rate=rate)


class Match:
    """One game with one composition.

    Args:
        task: the game.
        composition: how it is played.
        optimizers: a person's own, by player, in place of SGD.
        differentiable: for `update`.
    """

    def __init__(
        self,
        task: Toy,
        composition: Composition,
        *,
        optimizers: dict[str, game_steps.OwnOptimizer] | None = None,
        differentiable: bool = False,
    ):
        self.task = task
        self._rate = composition.rate
        self._field = game_field.Field(task=task, differentiable=differentiable)
        self._steps = {
            player.name: game_steps.Step(
                player, optimizers[player.name] if optimizers else game_steps.SGD(), differentiable=differentiable
            )
            for player in task.players
        }
        if composition.first is None:
            self._turn = simultaneous(DISCRIMINATOR, GENERATOR)
        else:
            second = GENERATOR if composition.first == DISCRIMINATOR else DISCRIMINATOR
            self._turn = alternating(composition.first, second)
        self._correction = CORRECTIONS[composition.correction]()
        own = self._correction.strength
        strength = own if composition.strength is None else composition.strength
        self._settings: dict[str, float] = {
            **{f"{name}.rate": composition.rate for name in self._steps},
            **{f"{name}.momentum": composition.momentum for name in self._steps},
            **{f"penalties.{name}": composition.penalty for name in getattr(task, "penalties", ())},
            **({STRENGTH: strength} if strength is not None else {}),
        }
        self._state = State(seed=0, correction=self._correction.init(self._field, self._steps))

    def play(self, iterations: int) -> float:
        """Plays so many iterations; gives the distance to the equilibrium."""
        game = Game(
            field=self._field,
            turn=self._turn,
            correction=self._correction,
            steps=self._steps,
            schedules=self._settings,
            state=self._state,
        )
        train(game, observers=(), control=Control(), until=self._state.step + iterations)
        return self.task.radius()

    def update(self) -> torch.Tensor:
        """The Jacobian of one whole update, one update after the point where the game stands."""

        def advance(history: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            self._state.correction = history
            self.play(1)
            return self._state.correction

        kept = self._state.correction
        try:
            return jacobian(self._field, self._steps, kept, advance)
        finally:
            self._state.correction = kept

    def velocity(self, point: np.ndarray) -> np.ndarray:
        """The game's flow at a point (discriminator, generator), (2,): minus what plain steps would subtract."""
        with torch.no_grad():
            for player, value in zip(self.task.players, point, strict=True):
                for parameter in player.parameters():
                    parameter.fill_(value)
        draws = {player.name: self.task.draw(player.name, 0, 0, self._state) for player in self.task.players}
        found = self._field(self._field.parameters, {}, draws, self._settings).directions
        return np.array([-float(value) for group in found.values() for value in group.values()])


def update_eigenvalues(make: MakeToy, composition: Composition) -> list[complex]:
    """Eigenvalues of one whole update, the largest modulus first."""
    return eigenvalues_of(Match(make(), composition, differentiable=True).update()).tolist()


def radius_of_update(make: MakeToy, composition: Composition) -> float:
    """The spectral radius of one whole update."""
    return abs(update_eigenvalues(make, composition)[0])


def flow_eigenvalues(make: MakeToy, composition: Composition) -> list[complex]:
    """Eigenvalues of the continuous flow that simultaneous play follows."""
    assert composition.first is None and composition.momentum == 0
    return [(value - 1) / composition.rate for value in update_eigenvalues(make, composition)]


def largest_stable_rate(make: MakeToy, composition: Composition, between: tuple[float, float]) -> float:
    """The rate up to which one update does not grow errors, by bisection of its spectral radius."""
    low, high = between
    while high - low > 1e-8:
        middle = (low + high) / 2
        # A radius of 1 to rounding is no growth: alternating play keeps the distance exactly.
        if radius_of_update(make, composition.at(middle)) <= 1 + 1e-9:
            low = middle
        else:
            high = middle
    return low
