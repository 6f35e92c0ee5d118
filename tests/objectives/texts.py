"""Random formulas that a person could have written, and some that only a hostile one would: kinks, towers, products.

python -m benchmarks.hostile.formulas 20 7        prints 20 definitions, drawn with seed 7
"""

import random
from collections.abc import Callable

_ONE = ("log", "exp", "sqrt", "abs", "tanh", "sigmoid", "softplus", "relu")
_TWO = ("min", "max")
_NUMBERS = ("0", "1", "2", "3", "-1", "0.5", "1/3", "0.1", "7", "1e-3", "100", "1e6", "1e-30", "1e200")


def definition(draw: random.Random) -> str:
    """f1, f2, f3 and sometimes a link: an objective's text, not always one that can be read or has a rest point."""
    f1, f2, f3 = (_formula(draw) for _ in range(3))
    # A generator that answers the discriminator has a chance of a certificate.
    f3 = draw.choice((f3, f3, "D", "-D", f"-({f2})", f1))
    f2 = draw.choice((f2, f2, "D", "-D", "0*D"))
    return f"f1={f1}; f2={f2}; f3={f3}" + ("; link=sigmoid" if draw.random() < 0.15 else "")


def tree(draw: random.Random, depth: int) -> str:
    """A formula with at most so many operations on its longest way down."""
    if depth == 0 or draw.random() < 0.1:
        return "D" if draw.random() < 0.65 else draw.choice(_NUMBERS)
    kind = draw.random()
    if kind < 0.45:
        return f"({tree(draw, depth - 1)}{draw.choice('+-*/')}{tree(draw, depth - 1)})"
    if kind < 0.55:
        return f"({tree(draw, depth - 1)})**{draw.choice(('2', '3', '-1', '0.5', '(-2)', '1.5', 'D', '7'))}"
    if kind < 0.7:
        return f"{draw.choice(_TWO)}({tree(draw, depth - 1)},{tree(draw, depth - 1)})"
    return f"{draw.choice(_ONE)}({tree(draw, depth - 1)})"


def smooth(draw: random.Random) -> str:
    """A sum of the shapes that objectives are made of."""
    shapes = ("D", "D**2", "D**3", "exp(D)", "exp(-D)", "softplus(D)", "tanh(D)", "sqrt(1+D**2)", "log(D)", "log(1-D)")
    return "+".join(f"({draw.choice(_NUMBERS[:9])})*{draw.choice(shapes)}" for _ in range(draw.randint(1, 3)))


def kinked(draw: random.Random) -> str:
    """Kinks, alone and in each other, in front of something smooth."""
    inner = draw.choice(("D", "D-1", "1-D", "D**2-2", "2*D+1", "exp(D)-2", "log(D)"))
    for _ in range(draw.randint(1, 3)):
        other = draw.choice(("D", "0", "1-D", "D**2", "-2*D"))
        inner = draw.choice((f"abs({inner})", f"relu({inner})", f"max({inner},{other})", f"min({inner},{other})"))
        inner = draw.choice((inner, f"{inner}-1", f"-{inner}", f"({inner})**2"))
    return f"{smooth(draw)}{draw.choice('+-*')}{inner}"


def product(draw: random.Random) -> str:
    """A long product."""
    factor = draw.choice(("(D+{})", "(D-{}/7)", "(D**2+{})", "log(D+{})", "(1+exp({}*D))", "abs(D-{})", "(D+{})**-1"))
    return "*".join(factor.format(index) for index in range(1, draw.randint(3, 60)))


def tower(draw: random.Random) -> str:
    """Powers of powers, with D at several levels."""
    return "**".join(draw.choice(("D", "0.5", "2", "3", "-1", "D")) for _ in range(draw.randint(2, 14)))


def nest(draw: random.Random) -> str:
    """One function of itself, many times."""
    deep = draw.randint(2, 39)
    name = draw.choice((*_ONE, "D+exp", "1+log", "1-sqrt", "D*tanh", "0.5*abs"))
    return f"{name}(" * deep + "D" + ")" * deep


def _formula(draw: random.Random) -> str:
    return draw.choices(KINDS, weights=(4, 4, 4, 1, 1, 1))[0](draw)


KINDS: tuple[Callable[[random.Random], str], ...] = (
    lambda draw: tree(draw, draw.randint(1, 4)),
    smooth,
    kinked,
    product,
    tower,
    nest,
)
