"""Which of the toy games a person's own pair of torch optimizers solves.

The games are those whose plain dynamics are known to fail or to hold: pure rotation, rotation with damping, and a
discriminator with curvature. A game counts as solved when the distance to its equilibrium has fallen below a hundredth
of what it was at the start.
"""

from collections.abc import Callable, Iterator, Sequence

import torch

from saddlepoint.conformance.match import Composition, Match, Toy
from saddlepoint.conformance.row import Row
from saddlepoint.conformance.suite import one_thread
from saddlepoint.errors import RunStopped, UserError
from saddlepoint.game.steps import OwnOptimizer
from saddlepoint.objectives import objective
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.tasks.toy.dirac import DiracGan

Parameters = list[torch.nn.Parameter]
# (the discriminator's parameters, the generator's) -> their optimizers.
MakeOptimizers = Callable[[Parameters, Parameters], tuple[torch.optim.Optimizer, torch.optim.Optimizer]]

SOLVED = 0.01
_MOST_UPDATES = 3000
_AT_ONCE = 100
_LOST = 1e3
_CURE = "write it as f(discriminator_parameters, generator_parameters) -> (optimizer_d, optimizer_g)"


def _dirac(name: str, **options) -> Callable[[], Toy]:
    return lambda: DiracGan(objective=objective(name), **options)


GAMES: dict[str, tuple[Callable[[], Toy], float]] = {
    "bilinear": (Bilinear, 0.0),
    "Dirac-GAN, minimax": (_dirac("minimax"), 0.0),
    "Dirac-GAN, non_saturating": (_dirac("non_saturating"), 0.0),
    "Dirac-GAN, wasserstein": (_dirac("wasserstein"), 0.0),
    "Dirac-GAN, non_saturating, r1 of 0.3": (_dirac("non_saturating", penalties=("r1",)), 0.3),
    "Dirac-GAN, non_saturating, r1 of 1": (_dirac("non_saturating", penalties=("r1",)), 1.0),
    "Dirac-GAN, non_saturating, instance noise of 1": (_dirac("non_saturating", instance_noise=1.0), 0.0),
}


def solved(make: MakeOptimizers, called: str = "the factory") -> Iterator[Row]:
    """A row for each game and turn: the distance to the equilibrium as a share of that at the start, expected 0.

    Args:
        make: called anew for each row.
        called: its name, for messages.

    Raises:
        UserError: what it gives is no pair of optimizers over the parameters that it was given.
    """
    if not callable(make):
        raise UserError(f"{called}, which is no function", "a function", _CURE)
    with one_thread():
        for name, (game, penalty) in GAMES.items():
            for first in (None, DISCRIMINATOR):
                played = "simultaneous" if first is None else "alternating"
                share = _share(_match(make, game(), Composition(first=first, penalty=penalty), called))
                yield Row(name=f"{name}, {played}", expected=0.0, measured=share, difference=share, ok=share < SOLVED)


def as_text(rows: Sequence[Row]) -> str:
    """A line for each game: solved or not, and what is left of the distance."""
    width = max(len(row.name) for row in rows)
    lines = [
        f"{row.name:<{width}}  {'solved' if row.ok else 'not solved':<10}  {row.measured:.3g} of the distance left"
        for row in rows
    ]
    return "\n".join([*lines, f"{sum(row.ok for row in rows)} of {len(rows)} solved"])


def _match(make: MakeOptimizers, task: Toy, composition: Composition, called: str) -> Match:
    players = {player.name: list(player.parameters()) for player in task.players}
    try:
        pair = make(players[DISCRIMINATOR], players[GENERATOR])
    except Exception as error:  # whatever the person's own code raises
        raise UserError(f"{called}, which raises {type(error).__name__}: {error}", "two optimizers", _CURE) from error
    if not (isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(o, torch.optim.Optimizer) for o in pair)):
        raise UserError(f"{called}, which gives a {type(pair).__name__}", "a tuple of two torch optimizers", _CURE)
    optimizers = {DISCRIMINATOR: OwnOptimizer(optimizer=pair[0]), GENERATOR: OwnOptimizer(optimizer=pair[1])}
    return Match(task, composition, optimizers=optimizers)


def _share(match: Match) -> float:
    start = now = match.task.radius()
    for _ in range(_MOST_UPDATES // _AT_ONCE):
        try:
            now = match.play(_AT_ONCE)
        except RunStopped:
            return float("inf")
        if not SOLVED**2 * start < now < _LOST * start:
            break
    return now / start
