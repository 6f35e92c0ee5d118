"""Rows of the bilinear game x y: spectral radii of one update, bounds of stability, distances after many steps.

With step e (Gidel et al. 2019, Mescheder et al. 2017, Balduzzi et al. 2018, Schaefer and Anandkumar 2019):
    simultaneous sqrt(1 + e^2)         alternating 1, for e < 2        extragradient sqrt(1 - e^2 + e^4), for e < 1
    optimistic, past extragradient     the roots of l^2 - (1 -+ 2 i e) l -+ i e = 0, for e < 1 / sqrt 3
    consensus, symplectic adjustment   sqrt((1 - e g)^2 + e^2), for e < 2 g / (1 + g^2)
    competitive 1 / sqrt(1 + e^2)      alternating with momentum b < 0, for e < 2 (1 + b)
    lola: multipliers 1 - 2 e a +- i e
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.optimize import OptimizeResult, minimize_scalar

from saddlepoint.conformance.match import Composition, Match, largest_stable_rate, radius_of_update
from saddlepoint.conformance.row import Row, Rows, at_least, equal
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.toy.bilinear import Bilinear

_ALTERNATING = Composition(first=DISCRIMINATOR)
_OPTIMISTIC = ("optimistic", "past_extragradient")
_DAMPING = ("consensus", "symplectic")

_radius = partial(radius_of_update, Bilinear)
_bound = partial(largest_stable_rate, Bilinear)


def radii() -> Iterator[Row]:
    """The spectral radius of one update, optimizer state included."""
    for e in (0.1, 0.5):
        name = f"bilinear, step {e:g}, radius of an update: "
        yield equal(name + "simultaneous", (1 + e**2) ** 0.5, _radius(Composition(rate=e)))
        yield equal(name + "alternating", 1.0, _radius(_ALTERNATING.at(e)))
        expected = (1 - e**2 + e**4) ** 0.5
        yield equal(name + "extragradient", expected, _radius(Composition(correction="extragradient", rate=e)))
        expected = (1 + e**2) ** -0.5
        yield equal(name + "competitive", expected, _radius(Composition(correction="competitive", rate=e)))
        expected = float(np.abs(np.roots([1, -(1 - 2j * e), -1j * e])).max())
        for correction in _OPTIMISTIC:
            # At e = 1/2 two eigenvalues meet, and rounding counts with its square root.
            yield equal(name + correction, expected, _radius(Composition(correction=correction, rate=e)), 1e-6)
        for correction in _DAMPING:
            for g in (0.5, 1.0):
                composition = Composition(correction=correction, strength=g, rate=e)
                expected = ((1 - e * g) ** 2 + e**2) ** 0.5
                yield equal(f"{name}{correction}, strength {g:g}", expected, _radius(composition))
        for a in (0.25, 1.0):
            expected = abs(1 - 2 * e * a + 1j * e)
            composition = Composition(correction="lola", strength=a, rate=e)
            yield equal(f"{name}lola, strength {a:g}", expected, _radius(composition))
    measured = _radius(Composition(correction="optimistic", rate=0.1))
    yield equal("bilinear, step 0.1, radius of an update: optimistic, to six digits", 0.994936, measured, 5e-7)


def momentum() -> Iterator[Row]:
    """The heavy ball: never right for simultaneous play, with a negative momentum right for alternating play."""
    for e in (0.05, 0.5):
        smallest = min(_radius(Composition(rate=e, momentum=b)) for b in np.linspace(-0.9, 0.9, 13).tolist())
        yield at_least(f"bilinear, step {e:g}: simultaneous, smallest radius over all momenta", 1.0, smallest)
    measured = _radius(Composition(first=DISCRIMINATOR, rate=0.5, momentum=-0.5))
    yield equal("bilinear, step 0.5, radius of an update: alternating, momentum -0.5", 0.9625, measured, 5e-5)
    for b in (-0.5, -0.25):
        measured = _bound(Composition(first=DISCRIMINATOR, momentum=b), (0.1, 3.0))
        yield equal(f"bilinear, largest stable step: alternating, momentum {b:g}", 2 * (1 + b), measured, 1e-6)


def bounds() -> Iterator[Row]:
    """The largest stable step, by bisection."""
    name = "bilinear, largest stable step: "
    yield equal(name + "alternating", 2.0, _bound(_ALTERNATING, (0.1, 4.0)), 1e-6)
    yield equal(name + "extragradient", 1.0, _bound(Composition(correction="extragradient"), (0.1, 4.0)), 1e-6)
    for correction in _OPTIMISTIC:
        measured = _bound(Composition(correction=correction), (0.1, 4.0))
        yield equal(name + correction, 3**-0.5, measured, 1e-6)
    for correction in _DAMPING:
        for g in (0.5, 1.0):
            measured = _bound(Composition(correction=correction, strength=g), (0.01, 4.0))
            yield equal(f"{name}{correction}, strength {g:g}", 2 * g / (1 + g**2), measured, 1e-6)


def best() -> Iterator[Row]:
    """The step that contracts fastest, and how fast."""
    for correction, step, radius in (("extragradient", 2**-0.5, 0.75**0.5), ("optimistic", 0.5, 2**-0.5)):
        found: OptimizeResult = minimize_scalar(  # type: ignore[assignment]
            lambda e, correction=correction: _radius(Composition(correction=correction, rate=float(e))),
            bounds=(0.2, 0.95),
            method="bounded",
            options={"xatol": 1e-5},
        )
        yield equal(f"bilinear, best step: {correction}", step, float(found.x), 1e-3)
        yield equal(f"bilinear, radius of an update at the best step: {correction}", radius, float(found.fun), 1e-3)


def distances() -> Iterator[Row]:
    """From (1, 1), the distance to the equilibrium after 300 updates."""
    for name, composition, expected, tolerance in (
        ("step 0.2: simultaneous", Composition(rate=0.2), 507.6, 0.05),
        ("step 0.2: alternating, y first", Composition(first=DISCRIMINATOR, rate=0.2), 1.44, 0.005),
        ("step 0.2: alternating, x first", Composition(first=GENERATOR, rate=0.2), 1.394, 0.0005),
        ("step 0.1: simultaneous", Composition(rate=0.1), 6.29, 0.005),
        ("step 0.1: extragradient", Composition(correction="extragradient", rate=0.1), 0.318, 0.0005),
    ):
        measured = Match(Bilinear(), composition).play(300)
        yield equal(f"bilinear, distance after 300 updates, {name}", expected, measured, tolerance)


ROWS: tuple[Rows, ...] = (radii, momentum, bounds, best, distances)
