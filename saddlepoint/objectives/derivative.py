"""The derivative of a tree by D, as a tree again: what encloses f' and f'' in interval arithmetic.

At kinks the derivative is read as a set, so that an interval that encloses it supports the mean value theorem:

    step' = impulse         step is 0 below zero, 1 above, and [0, 1] at zero
    impulse' = dipole       impulse is 0 off zero, and [0, inf) at zero: an upward jump
    dipole' = dipole        dipole is 0 off zero, and any real at zero
"""

from fractions import Fraction

from saddlepoint.objectives.budget import check
from saddlepoint.objectives.tree import (
    Add,
    Call,
    Multiply,
    Number,
    Power,
    Tree,
    Variable,
    add,
    call,
    is_constant,
    multiply,
    power,
)

_ZERO = Number(Fraction(0))


def differentiate(tree: Tree) -> Tree:
    """d tree / dD.

    Raises:
        UserError: a number in the derivative outgrew what a tree can hold.
        Exhausted: no time is left.
    """
    check()
    if is_constant(tree):
        return _ZERO
    match tree:
        case Variable():
            return Number(Fraction(1))
        case Add(terms):
            return add(*[differentiate(term) for term in terms])
        case Multiply(factors):
            products = [
                multiply(*factors[:index], differentiate(factor), *factors[index + 1 :])
                for index, factor in enumerate(factors)
                if not is_constant(factor)
            ]
            return add(*products)
        case Power(base, exponent):
            return multiply(Number(exponent), power(base, exponent - 1), differentiate(base))
        case Call("min" | "max" as function, (first, second)):
            # min(a, b) = a where a < b: a' + step(a - b) (b' - a'), and the other way round for max.
            above = call("step", first - second) if function == "min" else call("step", second - first)
            return add(differentiate(first), multiply(above, differentiate(second) - differentiate(first)))
        case Call(function, (argument,)):
            return multiply(_outer(function, argument), differentiate(argument))
    raise AssertionError(f"no derivative of {tree!r}")


def _outer(function: str, argument: Tree) -> Tree:
    """The function's derivative at its argument, in a form whose sign an interval evaluation can see."""
    match function:
        case "log":
            return power(argument, Fraction(-1))
        case "exp":
            return call("exp", argument)
        case "abs":
            return 2 * call("step", argument) - 1
        case "tanh":
            # 1 - tanh(x)^2 = 4 sigmoid(2x) sigmoid(-2x), which neither cancels nor loses its sign.
            return 4 * call("sigmoid", 2 * argument) * call("sigmoid", -2 * argument)
        case "sigmoid":
            return call("sigmoid", argument) * call("sigmoid", -argument)
        case "softplus":
            return call("sigmoid", argument)
        case "relu":
            return call("step", argument)
        case "step":
            return call("impulse", argument)
        case "impulse" | "dipole":
            return call("dipole", argument)
    raise AssertionError(f"no derivative of {function}")
