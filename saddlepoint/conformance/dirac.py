"""Rows of the Dirac-GAN: eigenvalues of the flow at the equilibrium, bounds of stability, distances after many steps.

With |f'(0)| = 1/2 (Mescheder, Geiger, Nowozin 2018):
    GAN, non-saturating +-i/2         WGAN +-i                    R1 or R2: -g/2 +- sqrt(g^2/4 - 1/4)
    consensus -g/4 +- i/2             instance noise: -s^2/4 +- sqrt(s^4/16 - 1/4)
"""

import cmath
import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from saddlepoint.conformance.match import (
    Composition,
    MakeToy,
    Match,
    flow_eigenvalues,
    largest_stable_rate,
    radius_of_update,
)
from saddlepoint.conformance.row import EXACT, Row, Rows, at_least, equal, spectrum
from saddlepoint.objectives import objective
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.toy.dirac import DiracGan

# Where two eigenvalues meet, rounding counts with its square root.
_DOUBLE = 1e-6


def eigenvalues() -> Iterator[Row]:
    """Of the continuous flow, through one simultaneous update."""
    for name, expected in (("minimax", 0.5), ("non_saturating", 0.5), ("wasserstein", 1.0)):
        measured = flow_eigenvalues(_at_rest(name), Composition())
        yield from spectrum(f"Dirac-GAN, {name}", [1j * expected, -1j * expected], measured)
        period = 2 * math.pi / abs(measured[0].imag)
        yield equal(f"Dirac-GAN, {name}, period", 2 * math.pi / expected, period)
    for penalty in ("r1", "r2"):
        for gamma in (0.3, 1.0, 2.0):
            measured = flow_eigenvalues(_at_rest(penalties=(penalty,)), Composition(penalty=gamma))
            root = cmath.sqrt(gamma**2 / 4 - 1 / 4)
            tolerance = _DOUBLE if gamma == 1 else EXACT
            expected = [-gamma / 2 + root, -gamma / 2 - root]
            yield from spectrum(f"Dirac-GAN, {penalty} of {gamma:g}", expected, measured, tolerance)
        yield equal(f"Dirac-GAN, {penalty} at which it stops turning", 1.0, _critical(penalty), 1e-4)
    for sigma in (0.5, 1.0, 2.0):
        root = cmath.sqrt(sigma**4 / 16 - 1 / 4)
        measured = flow_eigenvalues(_at_rest(instance_noise=sigma), Composition())
        expected = [-(sigma**2) / 4 + root, -(sigma**2) / 4 - root]
        yield from spectrum(f"Dirac-GAN, instance noise of {sigma:g}", expected, measured)
    for gamma in (0.5, 1.0):
        measured = flow_eigenvalues(_at_rest(), Composition(correction="consensus", strength=gamma))
        yield from spectrum(f"Dirac-GAN, consensus of {gamma:g}", [-gamma / 4 + 0.5j, -gamma / 4 - 0.5j], measured)


def bounds() -> Iterator[Row]:
    """The largest stable step of simultaneous play, and the games for which there is none."""
    for name, turn in (("minimax", 0.5), ("non_saturating", 0.5), ("wasserstein", 1.0)):
        for e in (0.01, 0.2):
            measured = radius_of_update(_at_rest(name), Composition(rate=e))
            expected = (1 + (e * turn) ** 2) ** 0.5
            yield equal(f"Dirac-GAN, {name}, step {e:g}, radius of an update: simultaneous", expected, measured)
    bound = "Dirac-GAN, largest stable step: "
    for penalty in ("r1", "r2"):
        for gamma in (0.3, 0.8):
            make = _at_rest(penalties=(penalty,))
            measured = largest_stable_rate(make, Composition(penalty=gamma), (0.1, 6.0))
            yield equal(f"{bound}{penalty} of {gamma:g}", 4 * gamma, measured, 1e-6)
    for gamma in (0.5, 1.0):
        measured = largest_stable_rate(_at_rest(), Composition(correction="consensus", strength=gamma), (0.1, 6.0))
        yield equal(f"{bound}consensus of {gamma:g}", 8 * gamma / (gamma**2 + 4), measured, 1e-6)


def distances() -> Iterator[Row]:
    """From (theta, psi) = (1, -1), the distance to the equilibrium after 500 updates of step 0.2."""
    start = "Dirac-GAN, distance after 500 updates: "
    for first, expected in ((None, 3.097), (GENERATOR, 1.421), (DISCRIMINATOR, 1.4126)):
        name = "simultaneous" if first is None else f"alternating, {first} first"
        measured = Match(_begun("minimax"), Composition(first=first, rate=0.2)).play(500)
        yield equal(f"{start}GAN, {name}", expected, measured, 6e-5 if expected == 1.4126 else 5e-4)
    for gamma, expected in ((0.3, 2.64e-6), (1.0, 9.5e-22)):
        measured = Match(_begun("minimax", penalties=("r1",)), Composition(rate=0.2, penalty=gamma)).play(500)
        yield equal(f"{start}GAN, simultaneous, r1 of {gamma:g}", expected, measured, expected / 100)
    measured = Match(_begun("non_saturating"), Composition(rate=0.2)).play(1000)
    # The cycle's radius is sqrt(2 step) to leading order only.
    yield equal("Dirac-GAN, non_saturating, simultaneous, step 0.2: radius of its cycle", 0.6325, measured, 0.02)
    for first in (None, DISCRIMINATOR):
        task = _begun("wasserstein", penalties=("gradient_penalty",))
        measured = Match(task, Composition(first=first, rate=0.05, penalty=1.0)).play(600)
        name = "simultaneous" if first is None else "alternating"
        yield at_least(f"Dirac-GAN, WGAN-GP, {name}: distance that stays after 600 updates", 0.5, measured)


def consensus_terms() -> Iterator[Row]:
    """What consensus adds to the field at (theta, psi) = (1, -1): the gradient of |F|^2 / 2, whole for both players."""
    ends = []
    for composition in (Composition(rate=1.0), Composition(rate=1.0, correction="consensus", strength=1.0)):
        task = _begun("minimax")
        Match(task, composition).play(1)
        ends.append((task.generator.theta.item(), task.discriminator.psi.item()))
    plain, corrected = ends
    # Half of the term on one player, as in public code, would give .0195 there.
    yield equal("Dirac-GAN, consensus of 1 at (1, -1): term of theta", -0.0334, plain[0] - corrected[0], 5e-5)
    yield equal("Dirac-GAN, consensus of 1 at (1, -1): term of psi", 0.0334, plain[1] - corrected[1], 5e-5)


def flows() -> Iterator[Row]:
    """The continuous flow: the GAN keeps its distance, the non-saturating one falls as sqrt(8 / t)."""
    _, gan = _flow("minimax", 25.0)
    yield equal("Dirac-GAN, GAN, distance along the flow at t = 25", math.sqrt(2), float(gan[-1]), 1e-3)
    times, falling = _flow("non_saturating", 200.0)
    # 1 / r^2 = t / 8 + a constant + a part that turns: its slope over whole turns.
    slope = (falling[-1] ** -2 - falling[len(times) // 2] ** -2) / (times[-1] - times[len(times) // 2])
    yield equal("Dirac-GAN, non_saturating, slope of 1 / distance^2 along the flow", 1 / 8, float(slope), 2e-3)


def _begun(name: str = "non_saturating", theta: float = 1.0, psi: float = -1.0, **options) -> DiracGan:
    return DiracGan(objective=objective(name), theta=theta, psi=psi, **options)


def _at_rest(name: str = "non_saturating", **options) -> MakeToy:
    return partial(_begun, name, theta=0.0, psi=0.0, **options)


def _critical(penalty: str) -> float:
    """The weight from which the eigenvalues are real, by bisection."""
    low, high = 0.5, 1.5
    while high - low > 1e-5:
        middle = (low + high) / 2
        turning = flow_eigenvalues(_at_rest(penalties=(penalty,)), Composition(penalty=middle))[0]
        low, high = (middle, high) if abs(turning.imag) > 1e-4 else (low, middle)
    return low


def _flow(name: str, until: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and distances along the flow from (1, -1), by Runge and Kutta's steps on the trainer's field."""
    match, step, point = Match(_begun(name), Composition()), 0.5, np.array([-1.0, 1.0])
    distances = [float(np.hypot(*point))]
    for _ in range(round(until / step)):
        first = match.velocity(point)
        second = match.velocity(point + step / 2 * first)
        third = match.velocity(point + step / 2 * second)
        fourth = match.velocity(point + step * third)
        point = point + step / 6 * (first + 2 * second + 2 * third + fourth)
        distances.append(float(np.hypot(*point)))
    return step * np.arange(len(distances)), np.array(distances)


ROWS: tuple[Rows, ...] = (eigenvalues, bounds, distances, consensus_terms, flows)
