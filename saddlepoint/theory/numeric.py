"""The printer to numpy: several trees become one function of an array, which computes what they share once.

A trajectory evaluates f1', f2' and f3 a hundred thousand times, and 1/D, log(1 - D) or sigmoid(D) occur in more than
one of them. The trees are unrolled into a list of elementary operations, each distinct subtree once.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

from saddlepoint.objectives.tree import Add, Call, D, Multiply, Number, Power, Tree, coefficient, is_constant

Function = Callable[[np.ndarray], np.ndarray]

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log": np.log,
    "exp": np.exp,
    "abs": np.abs,
    "tanh": np.tanh,
    "sigmoid": expit,
    "softplus": partial(np.logaddexp, 0.0),
    "relu": partial(np.maximum, 0.0),
    "min": np.minimum,
    "max": np.maximum,
    # At a kink the derivative is a set (derivative.py); like torch, numbers take its left end.
    "step": lambda x: np.greater(x, 0.0).astype(np.float64),
    "impulse": np.zeros_like,
    "dipole": np.zeros_like,
}


def to_numpy(*trees: Tree) -> Callable[[np.ndarray], list[np.ndarray]]:
    """The trees as one function of float64 values of D (any shape): the list of their values, each of that shape.

    Where a tree is undefined its value is nan or infinite; numpy's warnings about it are for the caller to silence.
    """
    program = _Program()
    places = [(program.place(tree), is_constant(tree)) for tree in trees]
    template, operations = program.template, program.operations

    def evaluate(values: np.ndarray) -> list[np.ndarray]:
        slots = template.copy()
        slots[0] = values
        for target, function, operands in operations:
            slots[target] = function(*[slots[operand] for operand in operands])
        return [np.full(np.shape(values), slots[place]) if constant else slots[place] for place, constant in places]

    return evaluate


class _Program:
    """Trees unrolled; the template holds the constants at their places, and None for D (place 0) and for results."""

    def __init__(self) -> None:
        self.template: list[Any] = [None]
        self.operations: list[tuple[int, Callable[..., Any], tuple[int, ...]]] = []
        self._places: dict[Tree, int] = {D: 0}

    def place(self, tree: Tree) -> int:
        """Where the tree's value will stand; the operations that put it there are added."""
        if tree not in self._places:
            self._places[tree] = self._new_place(tree)
        return self._places[tree]

    def _new_place(self, tree: Tree) -> int:
        match tree:
            case Number(value):
                return self._put(float(value))
            case Add(terms):
                return self._chain(terms, np.add, np.subtract, _negated)
            case Multiply(factors):
                return self._chain(factors, np.multiply, np.divide, _inverted)
            case Power(base, exponent):
                return self._apply(_power(exponent), self.place(base))
            case Call(function, arguments):
                return self._apply(_FUNCTIONS[function], *[self.place(argument) for argument in arguments])
        raise AssertionError(f"no numpy function for {tree!r}")

    def _chain(
        self,
        parts: tuple[Tree, ...],
        combine: Callable[..., Any],
        remove: Callable[..., Any],
        opposite: Callable[[Tree], Tree | None],
    ) -> int:
        """a + b - c and a * b / c: a part that is an opposite is removed, which saves making it first."""
        first, *rest = sorted(parts, key=lambda part: opposite(part) is not None)
        place = self.place(first)
        for part in rest:
            inner = opposite(part)
            if inner is None:
                place = self._apply(combine, place, self.place(part))
            else:
                place = self._apply(remove, place, self.place(inner))
        return place

    def _apply(self, function: Callable[..., Any], *operands: int) -> int:
        values = [self.template[operand] for operand in operands]
        if all(value is not None for value in values):
            with np.errstate(all="ignore"):
                return self._put(float(function(*values)))
        self.operations.append((target := self._put(None), function, operands))
        return target

    def _put(self, value: float | None) -> int:
        self.template.append(value)
        return len(self.template) - 1


def _negated(part: Tree) -> Tree | None:
    return -part if coefficient(part)[0] == -1 and not isinstance(part, Number) else None


def _inverted(part: Tree) -> Tree | None:
    return part.base if isinstance(part, Power) and part.exponent == -1 else None


def _power(exponent: Fraction) -> Callable[..., Any]:
    if exponent == 2:
        return np.square
    if exponent == -1:
        return np.reciprocal
    if exponent == Fraction(1, 2):
        return np.sqrt
    number = float(exponent)
    return lambda x: np.power(x, number)
