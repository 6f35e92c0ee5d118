"""A row of the conformance table: a number of the theory beside the same number measured."""

import cmath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

# What rounding leaves of a number that is measured in double precision through a spectrum.
EXACT = 1e-7


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison.

    Attributes:
        name: what is measured, on which game, by which composition.
        expected: what the theory says, or the bound.
        measured: what was found.
        difference: how far from what is expected; 0 where a bound holds.
        ok: within the row's tolerance.
    """

    name: str
    expected: float
    measured: float
    difference: float
    ok: bool


# Each file of rows has a list of these; the suite runs them all.
Rows = Callable[[], Iterable[Row]]


def equal(name: str, expected: float, measured: float, tolerance: float = EXACT) -> Row:
    """The two are equal up to an absolute tolerance."""
    # Plain numbers, whatever kind of array they come from: rows are written as JSON.
    expected, measured = float(expected), float(measured)
    difference = abs(measured - expected)
    # Not "not >": a measurement that is not a number is not equal to anything.
    return Row(name=name, expected=expected, measured=measured, difference=difference, ok=difference <= tolerance)


def at_least(name: str, bound: float, measured: float) -> Row:
    """The measured number reaches the bound."""
    measured = float(measured)
    return Row(
        name=name, expected=bound, measured=measured, difference=max(0.0, bound - measured), ok=measured >= bound
    )


def spectrum(
    name: str, expected: Sequence[complex], measured: Sequence[complex], tolerance: float = EXACT
) -> Iterator[Row]:
    """A row for the real and one for the imaginary part of each eigenvalue, whatever their order."""
    left = list(measured)
    for index, value in enumerate(expected):
        nearest = min(left, key=lambda other: abs(other - value), default=cmath.nan)
        if left:
            left.remove(nearest)
        number = f" {index + 1}" if len(expected) > 1 else ""
        yield equal(f"{name}, eigenvalue{number}, real part", complex(value).real, complex(nearest).real, tolerance)
        yield equal(
            f"{name}, eigenvalue{number}, imaginary part", complex(value).imag, complex(nearest).imag, tolerance
        )
