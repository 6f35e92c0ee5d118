"""The printer to torch: a tree becomes one function of a tensor, with as few passes over it as the formula needs.

A constant factor is carried beside the function and meets the tensor once, where it must: in a sum as `alpha`, in a
mean after the reduction. Three forms are recognised for accuracy and speed: softplus(-u) = -logsigmoid(u),
c exp(u) - c = c expm1(u), log(1 + u) = log1p(u). Rewriting that changes the formula is done before, in rewrite.py.
"""

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional

from saddlepoint.errors import UserError
from saddlepoint.objectives.interval import ENTIRE
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.tree import Add, Call, Multiply, Number, Power, Tree, Variable, add, is_constant

Function = Callable[[Tensor], Tensor]

# torch's softplus is x itself beyond its threshold; at 40 the difference, e**-40, is below the precision of float64.
_THRESHOLD = 40.0


def to_torch(tree: Tree) -> Function:
    """The tree as an elementwise function of a floating tensor, differentiable to every order off kinks.

    Raises:
        UserError: a constant in the tree has no real value, as log(-1).
    """
    scale, function = to_scaled_torch(tree)
    return function if scale == 1.0 else lambda x: scale * function(x)


def to_scaled_torch(tree: Tree) -> tuple[float, Function]:
    """(scale, function) with tree(x) = scale * function(x), so that a reduction can be scaled in place of its elements.

    Raises:
        UserError: as in `to_torch`.
    """
    if is_constant(tree):
        value = _constant(tree)
        return 1.0, lambda x: torch.full_like(x, value)
    match tree:
        case Variable():
            return 1.0, lambda x: x
        case Add(terms):
            return _sum(terms)
        case Multiply(factors):
            return _product(factors)
        case Power(base, exponent):
            return 1.0, _power(to_torch(base), exponent)
        case Call(function, arguments):
            return _call(function, arguments)
    raise AssertionError(f"no torch function for {tree!r}")


def _constant(tree: Tree) -> float:
    """The value of a tree without D: the nearest float of a number, else the middle of the rigorous enclosure."""
    if isinstance(tree, Number):
        return float(tree.value)
    enclosure = to_interval(tree, ENTIRE)
    if enclosure.is_empty or enclosure.width > 1e-9 * max(1.0, abs(enclosure.lower)):
        raise UserError(
            "a constant without a finite real value", "as log(2) has and log(-1) has not", "correct the formula"
        )
    return enclosure.lower + enclosure.width / 2


def _sum(terms: tuple[Tree, ...]) -> tuple[float, Function]:
    offset = _constant(add(*[term for term in terms if is_constant(term)]))
    varying = [term for term in terms if not is_constant(term)]
    parts = [to_scaled_torch(term) for term in varying]
    if len(parts) == 1:
        scale, function = parts[0]
        exponent = _exponent(varying[0])
        if exponent is not None and offset == -scale:
            inner = to_torch(exponent)
            return scale, lambda x: torch.expm1(inner(x))
        if scale == 1.0:
            return 1.0, lambda x: function(x) + offset
        if scale == -1.0:
            return 1.0, lambda x: offset - function(x)
    # A term without a factor starts the sum, the others join with their factor in the same pass.
    parts.sort(key=lambda part: part[0] != 1.0)
    (first_scale, first), rest = parts[0], parts[1:]

    def summed(x: Tensor) -> Tensor:
        total = first(x) if first_scale == 1.0 else first_scale * first(x)
        for scale, function in rest:
            total = torch.add(total, function(x), alpha=scale)
        return total + offset if offset else total

    return 1.0, summed


def _exponent(tree: Tree) -> Tree | None:
    """u of a term c exp(u)."""
    match tree:
        case Call("exp", (exponent,)) | Multiply((Number(), Call("exp", (exponent,)))):
            return exponent
    return None


def _product(factors: tuple[Tree, ...]) -> tuple[float, Function]:
    scale = 1.0
    above: list[Function] = []
    below: list[Function] = []
    for factor in factors:
        if is_constant(factor):
            scale *= _constant(factor)
        elif isinstance(factor, Power) and factor.exponent == -1:
            below.append(to_torch(factor.base))
        else:
            factor_scale, function = to_scaled_torch(factor)
            scale *= factor_scale
            above.append(function)
    if not above:
        first = below.pop(0)
        above.append(lambda x: torch.reciprocal(first(x)))
    if len(above) == 1 and not below:
        return scale, above[0]

    def multiplied(x: Tensor) -> Tensor:
        product = above[0](x)
        for function in above[1:]:
            product = product * function(x)
        for function in below:
            product = product / function(x)
        return product

    return scale, multiplied


def _power(base: Function, exponent: Fraction) -> Function:
    if exponent == 2:
        return lambda x: torch.square(base(x))
    if exponent == Fraction(1, 2):
        return lambda x: torch.sqrt(base(x))
    if exponent == -1:
        return lambda x: torch.reciprocal(base(x))
    number = int(exponent) if exponent.denominator == 1 else float(exponent)
    return lambda x: torch.pow(base(x), number)


def _call(function: str, arguments: tuple[Tree, ...]) -> tuple[float, Function]:
    if function in ("min", "max"):
        return 1.0, _extreme(function, *arguments)
    (argument,) = arguments
    if function == "softplus":
        scale, inner = to_scaled_torch(argument)
        if scale == -1.0:
            return -1.0, lambda x: functional.logsigmoid(inner(x))
    if function == "log" and isinstance(argument, Add) and Number(Fraction(1)) in argument.terms:
        rest = to_torch(argument - 1)
        return 1.0, lambda x: torch.log1p(rest(x))
    inner, outer = to_torch(argument), _FUNCTIONS[function]
    return 1.0, lambda x: outer(inner(x))


def _extreme(function: str, first: Tree, second: Tree) -> Function:
    if is_constant(first):
        first, second = second, first
    inner = to_torch(first)
    if is_constant(second):
        bound = _constant(second)
        # One pass; the gradient at the kink is that of the inner function.
        return (lambda x: inner(x).clamp(max=bound)) if function == "min" else (lambda x: inner(x).clamp(min=bound))
    other = to_torch(second)
    if function == "min":
        return lambda x: torch.minimum(inner(x), other(x))
    return lambda x: torch.maximum(inner(x), other(x))


_FUNCTIONS: dict[str, Function] = {
    "log": torch.log,
    "exp": torch.exp,
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": lambda x: functional.softplus(x, threshold=_THRESHOLD),
    "relu": torch.relu,
    "step": lambda x: (x > 0).to(x.dtype),
    "impulse": torch.zeros_like,
    "dipole": torch.zeros_like,
}
