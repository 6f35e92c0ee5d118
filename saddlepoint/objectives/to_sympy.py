"""The printer to sympy: exact, decimals as rationals."""

import sympy

from saddlepoint.objectives.tree import Add, Call, Multiply, Number, Power, Tree, Variable


def to_sympy(tree: Tree, symbol: sympy.Expr) -> sympy.Expr:
    """The tree as a sympy expression in a real symbol.

    Args:
        tree: a function of D.
        symbol: what stands for D: a symbol declared real=True, so that abs, min and max differentiate as on the real
            line, or a real number.

    sigmoid is 1/(1 + exp(-x)) and softplus log(1 + exp(x)), which sympy knows how to simplify.
    """
    assert symbol.is_real, f"{symbol} is to be declared real=True"

    def printed(part: Tree) -> sympy.Expr:
        match part:
            case Variable():
                return symbol
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Add(terms):
                return sympy.Add(*[printed(term) for term in terms])
            case Multiply(factors):
                return sympy.Mul(*[printed(factor) for factor in factors])
            case Power(base, exponent):
                return sympy.Pow(printed(base), sympy.Rational(exponent.numerator, exponent.denominator))
            case Call(function, arguments):
                return _FUNCTIONS[function](*[printed(argument) for argument in arguments])
        raise AssertionError(f"no sympy expression for {part!r}")

    return printed(tree)


_FUNCTIONS = {
    "log": sympy.log,
    "exp": sympy.exp,
    "abs": sympy.Abs,
    "tanh": sympy.tanh,
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "relu": lambda x: sympy.Max(0, x),
    "min": sympy.Min,
    "max": sympy.Max,
    "step": sympy.Heaviside,
    "impulse": sympy.DiracDelta,
    "dipole": lambda x: sympy.DiracDelta(x, 1),
}
