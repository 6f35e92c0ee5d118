"""Numbers and domains that a person writes: exact arithmetic of the formula reader, inf at the ends of a domain."""

import math
from collections.abc import Iterable, Sequence

from saddlepoint.errors import UserError
from saddlepoint.objectives.interval import ENTIRE, Interval
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.tree import is_constant


def positive(name: str, value: str | float) -> float:
    """A positive finite number."""
    number = float_of(name, value)
    if not (0 < number < math.inf):
        raise UserError(f"{name} {value}", "a positive number", f"write {name} 1")
    return number


def finite(name: str, value: str | float) -> float:
    """A finite number."""
    number = float_of(name, value)
    if math.isinf(number):
        raise UserError(f"{name} {value}", "a finite number", f"write {name} 0.5")
    return number


def float_of(name: str, value: str | float) -> float:
    """The float nearest to a number, a formula without D as 1/2 or -log(2), or inf.

    Raises:
        UserError: it is no number.
    """
    if not isinstance(value, str):
        if math.isnan(value):
            raise UserError(f"{name} nan", "a number", f"write {name} 0.5")
        return float(value)
    if value.strip().lstrip("+-") in ("inf", "infinity"):
        return -math.inf if value.strip().startswith("-") else math.inf
    refused = UserError(f"{name} {value}", "a real number, as 0.5, 1/3 or -log(2)", f"write {name} 0.5")
    try:
        tree = parse(value)
    except UserError:
        raise refused from None
    enclosure = to_interval(tree, ENTIRE)
    if not is_constant(tree) or enclosure.is_empty:
        raise refused
    return enclosure.lower + (enclosure.upper - enclosure.lower) / 2


def domain_of(value: str | Sequence[float]) -> Interval:
    """An open interval of D from "A,B" or a pair.

    Raises:
        UserError: it is no pair of numbers in order.
    """
    ends = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    if len(ends) != 2:
        raise UserError(f"the domain {value!r}", "two numbers A,B", "write --domain 0,1 or --domain=-inf,2")
    lower, upper = (float_of("--domain", end) for end in ends)
    if not lower < upper:
        raise UserError(f"the domain {value!r}", "A < B", "write --domain 0,1 or --domain=-inf,2")
    return Interval(lower, upper, lower_open=True, upper_open=True)


def as_text(box: Interval) -> str:
    """(0, 1), with short numbers."""
    return f"({short(box.lower)}, {short(box.upper)})"


def short(value: float) -> str:
    """A number for people."""
    return f"{value:.12g}" if not math.isinf(value) else ("inf" if value > 0 else "-inf")


def finite_or_none(value: float) -> float | None:
    """A number for JSON, where an infinite one is null."""
    return value if math.isfinite(value) else None
