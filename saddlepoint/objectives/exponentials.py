"""The stable forms of log(u) and exp(u), as part of `rewrite.stable`: arguments are in stable form already.

log(exp(u)) = u                  log(a exp(u) + b exp(w)) = log(a) + u + softplus(w - u + log(b/a))
exp(-softplus(u)) = sigmoid(-u)  log(sigmoid(u)) = -softplus(-u)    exp(log(u)) = u, if u > 0 everywhere
"""

from collections.abc import Callable
from fractions import Fraction

from saddlepoint.objectives.interval import ENTIRE
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.tree import (
    Add,
    Call,
    Multiply,
    Number,
    Power,
    Tree,
    add,
    call,
    coefficient,
    multiply,
    number,
    power,
)

_ONE = Number(Fraction(1))


def is_positive(tree: Tree) -> bool:
    """Whether the tree is certainly > 0 wherever it is defined."""
    return to_interval(tree, ENTIRE).is_positive


def logarithm(argument: Tree) -> Tree:
    """log(argument), with what has a simpler logarithm taken out of it."""
    if argument == _ONE:
        return Number(Fraction(0))
    match argument:
        case Call("exp", (exponent,)):
            return exponent
        case Call("sigmoid", (inner,)):
            return -call("softplus", -inner)
        case Power(base, exponent) if is_positive(base):
            return number(exponent) * call("log", base)
        case Multiply(factors):
            positive = [factor for factor in factors if is_positive(factor)]
            others = [factor for factor in factors if factor not in positive]
            # log(2 D) may stay: only where a factor's logarithm has a simpler form is there something to gain.
            if any(not isinstance(factor, Number) for factor in positive):
                rest = [call("log", multiply(*others))] if others else []
                return add(*[call("log", factor) for factor in positive], *rest)
        case Add((first, second)):
            return _log_of_two(first, second) or call("log", argument)
    return call("log", argument)


def _log_of_two(first: Tree, second: Tree) -> Tree | None:
    """log(a exp(u) + b exp(w)) for numbers a, b > 0; a term without exp has exponent 0."""
    (a, u), (b, w) = _scaled_exponential(first), _scaled_exponential(second)
    if u is None or w is None or a <= 0 or b <= 0:
        return None
    return add(call("log", number(a)), u, call("softplus", add(w, -u, call("log", number(b / a)))))


def _scaled_exponential(tree: Tree) -> tuple[Fraction, Tree | None]:
    factor, rest = coefficient(tree)
    if rest == _ONE:
        return factor, Number(Fraction(0))
    return factor, rest.arguments[0] if isinstance(rest, Call) and rest.function == "exp" else None


def exponential(argument: Tree) -> Tree:
    """exp(argument), with the terms taken out of it whose exponential is a simpler function."""
    if argument == Number(Fraction(0)):
        return _ONE
    simpler: list[Tree] = []
    others: list[Tree] = []
    for term in argument.terms if isinstance(argument, Add) else (argument,):
        factor, rest = coefficient(term)
        known = _EXPONENTIALS.get(rest.function) if isinstance(rest, Call) and factor.denominator == 1 else None
        value = known(rest, factor) if known and isinstance(rest, Call) else None
        (others if value is None else simpler).append(term if value is None else value)
    exponential = [call("exp", add(*others))] if others else []
    return multiply(*simpler, *exponential)


def _exp_of_log(log: Call, factor: Fraction) -> Tree | None:
    (argument,) = log.arguments
    return power(argument, factor) if is_positive(argument) else None


def _exp_of_softplus(softplus: Call, factor: Fraction) -> Tree:
    (argument,) = softplus.arguments
    return power(call("sigmoid", -argument), -factor) if factor < 0 else power(1 + call("exp", argument), factor)


_EXPONENTIALS: dict[str, Callable[[Call, Fraction], Tree | None]] = {"log": _exp_of_log, "softplus": _exp_of_softplus}
