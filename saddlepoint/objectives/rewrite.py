"""The stable form of a tree: equal wherever the tree is defined, defined at the same D, and free of avoidable overflow.

A training loss is the objective with the link substituted, log(sigmoid(a)), which is -inf at a = -104 in float32. Here
it is rewritten to -softplus(-a), so that the stable loss is derived from the one formula, not written a second time:

    log(sigmoid(u)) = -softplus(-u)         1 - sigmoid(u) = sigmoid(-u)            exp(-softplus(u)) = sigmoid(-u)
    log(exp(u)) = u                         1 +- tanh(u) = 2 sigmoid(+-2u)          exp(u) exp(w) = exp(u + w)
    log(a exp(u) + b exp(w)) = log(a) + u + softplus(w - u + log(b/a))              1/(1 + exp(u)) = sigmoid(-u)

Each rule preserves the domain: log(D) - log(D), D/D and exp(log(D)) stay what they are.
"""

from fractions import Fraction

from saddlepoint.objectives.budget import check
from saddlepoint.objectives.domain import conditions
from saddlepoint.objectives.exponentials import exponential, is_positive, logarithm
from saddlepoint.objectives.tree import (
    Add,
    Call,
    Multiply,
    Number,
    Power,
    Tree,
    add,
    call,
    children,
    coefficient,
    multiply,
    number,
    power,
    rebuild,
)

# Each pass works bottom up, so two or three settle anything that occurs; the bound guards against a cycle of rules.
_MOST_PASSES = 20

_ONE = Number(Fraction(1))


def stable(tree: Tree) -> Tree:
    """The tree in stable form.

    Raises:
        UserError: the tree has no value anywhere, as D/(D - D), or an exact number outgrew what a tree can hold.
        Exhausted: no time is left.
    """
    for _ in range(_MOST_PASSES):
        rewritten = _rewrite(tree)
        if rewritten == tree:
            break
        tree = rewritten
    return tree


def _rewrite(tree: Tree) -> Tree:
    check()
    tree = rebuild(tree, [_rewrite(part) for part in children(tree)])
    match tree:
        case Add(terms):
            return _complement(_collected(terms))
        case Multiply():
            return _product(tree)
        case Power(base, exponent):
            return _power(base, exponent)
        case Call("log", (argument,)):
            return logarithm(argument)
        case Call("exp", (argument,)):
            return exponential(argument)
    return tree


def _collected(terms: tuple[Tree, ...]) -> Tree:
    """A sum with c (a + b) opened, so that numbers meet, and with like terms put together."""
    opened: list[Tree] = []
    for term in terms:
        factor, rest = coefficient(term)
        opened += [number(factor) * part for part in rest.terms] if isinstance(rest, Add) else [term]
    factors: dict[Tree, Fraction] = {}
    for term in opened:
        factor, rest = coefficient(term)
        factors[rest] = factors.get(rest, Fraction(0)) + factor
    # A term that cancels may vanish only if it was defined everywhere.
    if any(factor == 0 and conditions(rest) for rest, factor in factors.items()):
        return add(*opened)
    return add(*[number(factor) * rest for rest, factor in factors.items()])


def _complement(tree: Tree) -> Tree:
    """a - a sigmoid(u) = a sigmoid(-u) and a +- a tanh(u) = 2 a sigmoid(+-2u), which do not cancel."""
    match tree:
        case Add((Number(constant), term)) | Add((term, Number(constant))):
            factor, rest = coefficient(term)
            match rest:
                case Call("sigmoid", (argument,)) if factor == -constant:
                    return number(constant) * call("sigmoid", -argument)
                case Call("tanh", (argument,)) if abs(factor) == abs(constant):
                    sign = 2 if factor == constant else -2
                    return number(2 * constant) * call("sigmoid", sign * argument)
    return tree


def _product(tree: Multiply) -> Tree:
    """Exponentials and powers of one base merged, sigmoids exchanged, exp(u) (a + exp(w)) multiplied out."""
    factor, rest = coefficient(tree)
    factors = rest.factors if isinstance(rest, Multiply) else (rest,)
    exponents = [part.arguments[0] for part in factors if isinstance(part, Call) and part.function == "exp"]
    powers: list[tuple[Tree, Fraction]] = []
    for part in factors:
        if not (isinstance(part, Call) and part.function == "exp"):
            _merge(powers, *_base_and_exponent(part))
    for argument in [base.arguments[0] for base, _ in powers if isinstance(base, Call) and base.function == "sigmoid"]:
        _exchange(powers, exponents, argument)
    parts = [_power(base, exponent) for base, exponent in powers if exponent != 0]
    exponent = _collected(tuple(exponents)) if exponents else Number(Fraction(0))
    grown = call("exp", exponent) if exponent != Number(Fraction(0)) else _ONE
    sums = [part for part in parts if isinstance(part, Add) and any(_holds_exp(term) for term in part.terms)]
    if grown != _ONE and sums:
        parts.remove(sums[0])
        opened = add(*[grown * term for term in sums[0].terms])
        return multiply(number(factor), opened, *parts)
    return multiply(number(factor), grown, *parts)


def _merge(powers: list[tuple[Tree, Fraction]], base: Tree, exponent: Fraction) -> None:
    """Put base**exponent to a power of the same base, unless that would lose a condition, as D * D**-1 = 1 does."""
    for index, (known, other) in enumerate(powers):
        whole = exponent.denominator == other.denominator == 1 and exponent * other > 0
        if known == base and (whole or is_positive(base)):
            powers[index] = (base, exponent + other)
            return
    powers.append((base, exponent))


def _exchange(powers: list[tuple[Tree, Fraction]], exponents: list[Tree], argument: Tree) -> None:
    """sigmoid(u)**p sigmoid(-u)**-q = exp(u)**q sigmoid(u)**(p - q), and exp(u) sigmoid(-u) = sigmoid(u)."""
    here, there = call("sigmoid", argument), call("sigmoid", -argument)
    up, down = dict(powers).get(here, Fraction(0)), dict(powers).get(there, Fraction(0))
    if up > 0 > down:
        moved = min(up, -down)
        exponents.append(number(moved) * argument)
        powers[:] = [(base, exponent) for base, exponent in powers if base not in (here, there)]
        _merge(powers, here, up - moved)
        _merge(powers, there, down + moved)
    elif up >= 1 and any(exponent == -argument for exponent in exponents):
        exponents.remove(-argument)
        powers[:] = [(base, exponent) for base, exponent in powers if base != here]
        _merge(powers, here, up - 1)
        _merge(powers, there, Fraction(1))


def _base_and_exponent(tree: Tree) -> tuple[Tree, Fraction]:
    """A factor as a power; 1 + exp(u) counts as sigmoid(-u)**-1, so that it meets the other sigmoids."""
    base, exponent = (tree.base, tree.exponent) if isinstance(tree, Power) else (tree, Fraction(1))
    argument = _one_plus_exp(base)
    return (base, exponent) if argument is None else (call("sigmoid", -argument), -exponent)


def _one_plus_exp(tree: Tree) -> Tree | None:
    """u of the sum 1 + exp(u)."""
    match tree:
        case Add((Call("exp", (argument,)), one)) | Add((one, Call("exp", (argument,)))) if one == _ONE:
            return argument
    return None


def _holds_exp(tree: Tree) -> bool:
    return any(isinstance(part, Call) and part.function == "exp" for part in (tree, *children(tree)))


def _power(base: Tree, exponent: Fraction) -> Tree:
    whole = exponent.denominator == 1
    match base:
        case Call("exp", (argument,)):
            return call("exp", number(exponent) * argument)
        case Call("sigmoid", (argument,)) if not whole:
            return call("exp", number(-exponent) * call("softplus", -argument))
        case Call("sigmoid", (argument,)) if exponent < 0:
            return power(1 + call("exp", -argument), -exponent)
        case Add() if whole and exponent < 0 and (argument := _one_plus_exp(base)) is not None:
            return power(call("sigmoid", -argument), -exponent)
        case Multiply(factors) if whole:
            return multiply(*[power(factor, exponent) for factor in factors])
    return power(base, exponent)
