"""The printer to rigorous intervals: an enclosure of a tree's values over an interval of D."""

from saddlepoint.objectives import elementary
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.tree import Add, Call, Multiply, Number, Power, Tree, Variable

_FUNCTIONS = {
    "log": elementary.log,
    "exp": elementary.exp,
    "abs": elementary.absolute,
    "tanh": elementary.tanh,
    "sigmoid": elementary.sigmoid,
    "softplus": elementary.softplus,
    "relu": elementary.relu,
    "min": elementary.minimum,
    "max": elementary.maximum,
    "step": elementary.step,
    "impulse": elementary.impulse,
    "dipole": elementary.dipole,
}


def to_interval(tree: Tree, interval: Interval) -> Interval:
    """An interval that holds tree(D) for every D of `interval` at which the tree is defined; empty where there is none.

    The enclosure is rigorous (outward rounding from exact rationals), not tight: where D occurs more than once, a
    narrower `interval` gives a narrower answer. At kinks, derivatives are read as sets (derivative.py).
    """
    match tree:
        case Variable():
            return interval
        case Number(value):
            return Interval.around(value)
        case Add(terms):
            total = to_interval(terms[0], interval)
            for term in terms[1:]:
                total = total + to_interval(term, interval)
            return total
        case Multiply(factors):
            product = to_interval(factors[0], interval)
            for factor in factors[1:]:
                product = product * to_interval(factor, interval)
            return product
        case Power(base, exponent):
            return elementary.power(to_interval(base, interval), exponent)
        case Call(function, arguments):
            return _FUNCTIONS[function](*[to_interval(argument, interval) for argument in arguments])
    raise AssertionError(f"no interval for {tree!r}")
