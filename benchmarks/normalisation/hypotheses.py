"""The hypotheses, written before the runs, and what was asked afterwards.

Each is a number of a setting and a seed, and the sign that it should have: a difference between runs that share all but
what is compared, seed by seed. Distances, gaps of means, ranks and speeds of turning are compared as binary logarithms:
-1 is half the distance. A smaller damping or dip, a larger rotation share, is more of a circle.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.normalisation.design import ACTIVATIONS, BATCHES, CORE, NOISE, Cell
from benchmarks.normalisation.results import Table

# Of a table, a setting and a seed; None where a run is missing, or could not be measured.
Number = Callable[[Table, Cell, int], float | None]
_LOGARITHMIC = ("frechet", "mean_term", "aligned", "rank", "turning")


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """One.

    Attributes:
        name, claim: for people.
        number: whose sign is claimed.
        sign: 1 or -1.
        over: values of the settings that it is taken over; what is not named stays as in a plain `Cell`.
    """

    name: str
    claim: str
    number: Number
    sign: int
    over: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def outcome(table: Table, cell: Cell, seed: int, name: str) -> float | None:
    """An outcome, distances and ranks as logarithms."""
    found = table.get((cell, seed), {}).get(name)
    if found is None or name not in _LOGARITHMIC:
        return found
    return math.log2(max(found, 1e-6))


def difference(name: str, *terms: tuple[int, Mapping[str, Any]]) -> Number:
    """The sum of an outcome over changed settings, each with its sign."""

    def number(table: Table, cell: Cell, seed: int) -> float | None:
        found = [outcome(table, replace(cell, **change), seed, name) for _, change in terms]
        if any(each is None for each in found):
            return None
        return sum(sign * each for (sign, _), each in zip(terms, found, strict=True) if each is not None)

    return number


def against(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Number:
    """An outcome under one change less that under the other."""
    return difference(name, (1, one), (-1, other))


def harm(norm: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Number:
    """By how much more a norm multiplies the distance under one change than under the other."""
    plain = {"norm": "none"}
    return difference(
        "frechet",
        (1, {"norm": norm, **one}),
        (-1, {**plain, **one}),
        (-1, {"norm": norm, **other}),
        (1, {**plain, **other}),
    )


def _range(table: Table, cell: Cell, seed: int) -> float | None:
    """How far the six activations' distances lie apart."""
    found = [outcome(table, replace(cell, activation=each), seed, "frechet") for each in ACTIVATIONS]
    known = [each for each in found if each is not None]
    return max(known) - min(known) if len(known) == len(found) else None


def _narrower(table: Table, cell: Cell, seed: int) -> float | None:
    one, other = _range(table, cell, seed), _range(table, replace(cell, gain="default"), seed)
    return None if one is None or other is None else one - other


def _spared(table: Table, cell: Cell, seed: int) -> float | None:
    """By how much less D's norm multiplies the distance once shift and scale are put right."""
    one, other = (against(name, _APART, _NONE)(table, cell, seed) for name in ("aligned", "frechet"))
    return None if one is None or other is None else one - other


def _norm(name: str) -> dict[str, str]:
    return {"norm": name}


def _activation(name: str) -> dict[str, str]:
    return {"activation": name}


_NONE, _APART, _JOINT, _G = _norm("none"), _norm("D apart"), _norm("D joint"), _norm("G")
_ALL = {"activation": CORE, "noise": (0.0, NOISE), "batch": BATCHES}
_BATCHLESS = {"activation": CORE, "noise": (0.0, NOISE)}
_SGD = {"activation": CORE, "optimizer": ("sgd",)}
_PLAIN = {"noise": (0.0, NOISE), "batch": BATCHES}
_SIX = {"activation": ACTIVATIONS}
_OTHERS = {"norm": ("none", "D apart", "G")}


def _hypothesis(name: str, claim: str, number: Number, sign: int, over: Mapping[str, Any]) -> Hypothesis:
    return Hypothesis(name=name, claim=claim, number=number, sign=sign, over=over)


HYPOTHESES = (
    _hypothesis("H1", "batch norm in D raises the rotation share", against("rotation", _APART, _NONE), 1, _ALL),
    _hypothesis("H1, G", "batch norm in G raises it", against("rotation", _G, _NONE), 1, _ALL),
    _hypothesis("H1, joint", "one joint batch in D raises it", against("rotation", _JOINT, _NONE), 1, _ALL),
    _hypothesis("H2", "batch norm in D lowers the damping", against("damping", _APART, _NONE), -1, _ALL),
    _hypothesis("H2, G", "batch norm in G lowers it", against("damping", _G, _NONE), -1, _ALL),
    _hypothesis("H2, joint", "one joint batch in D lowers it", against("damping", _JOINT, _NONE), -1, _ALL),
    _hypothesis("H0, D", "with it in D, samples return further: dip", against("dip", _APART, _NONE), -1, _ALL),
    _hypothesis("H0, G", "with it in G, samples return further: dip", against("dip", _G, _NONE), -1, _ALL),
    _hypothesis("H0, joint", "with one joint batch they do: dip", against("dip", _JOINT, _NONE), -1, _ALL),
    _hypothesis("harm, D", "batch norm in D worsens the distance", against("frechet", _APART, _NONE), 1, _ALL),
    _hypothesis("harm, G", "batch norm in G worsens it", against("frechet", _G, _NONE), 1, _ALL),
    _hypothesis(
        "harm, both",
        "in both it is worse than in none",
        against("frechet", _norm("D apart and G"), _NONE),
        1,
        {"activation": CORE},
    ),
    _hypothesis(
        "H3",
        "its harm is smaller at batch 256 than at 16",
        harm("D apart", {"batch": 256}, {"batch": 16}),
        -1,
        _BATCHLESS,
    ),
    _hypothesis(
        "H3, gone",
        "at batch 256 it does no harm",
        against("frechet", _APART, _NONE),
        -1,
        {**_BATCHLESS, "batch": (256,)},
    ),
    _hypothesis(
        "H3, kernel",
        "D answers the wrong way more at batch 16 than at 256",
        against("backward", {**_APART, "batch": 16}, {**_APART, "batch": 256}),
        1,
        _BATCHLESS,
    ),
    _hypothesis(
        "H4",
        "without it in D's first layer the distance is better",
        against("frechet", _norm("D apart, not first"), _APART),
        -1,
        _ALL,
    ),
    _hypothesis(
        "H4, mean",
        "and the gap of means is smaller",
        against("mean_term", _norm("D apart, not first"), _APART),
        -1,
        _ALL,
    ),
    _hypothesis("H5", "one joint batch is better than two", against("frechet", _JOINT, _APART), -1, _ALL),
    _hypothesis("H5, mean", "and its gap of means is smaller", against("mean_term", _JOINT, _APART), -1, _ALL),
    _hypothesis("H5, none", "but it is worse than no norm", against("frechet", _JOINT, _NONE), 1, _ALL),
    _hypothesis("H6", "matched gains bring the six activations closer", _narrower, -1, _OTHERS),
    _hypothesis(
        "H7",
        "softplus makes samples return further than ReLU: dip",
        against("dip", _activation("softplus"), _activation("relu")),
        -1,
        _PLAIN,
    ),
    _hypothesis(
        "H7, rank",
        "its D has a kernel of lower rank",
        against("rank", _activation("softplus"), _activation("relu")),
        -1,
        _PLAIN,
    ),
    _hypothesis(
        "H7, centred",
        "less its mean, they return less",
        against("dip", _activation("centred softplus"), _activation("softplus")),
        1,
        _PLAIN,
    ),
    _hypothesis(
        "H7, centred rank",
        "and the rank is higher",
        against("rank", _activation("centred softplus"), _activation("softplus")),
        1,
        _PLAIN,
    ),
    *(
        _hypothesis(
            f"H8, {other}",
            f"ReLU ends nearer than {other}",
            against("frechet", _activation("relu"), _activation(other)),
            -1,
            _PLAIN if other in CORE else {"gain": ("matched", "default")},
        )
        for other in ACTIVATIONS[1:]
    ),
    _hypothesis(
        "H9",
        "noise on the instances lessens the harm",
        harm("D apart", {"noise": NOISE}, {"noise": 0.0}),
        -1,
        {"activation": CORE, "batch": BATCHES},
    ),
    _hypothesis(
        "H10, share",
        "under plain SGD too: D's norm raises the rotation share",
        against("rotation", _APART, _NONE),
        1,
        _SGD,
    ),
    _hypothesis("H10, damping", "it lowers the damping", against("damping", _APART, _NONE), -1, _SGD),
    _hypothesis("H10, harm", "and it worsens the distance", against("frechet", _APART, _NONE), 1, _SGD),
    _hypothesis("H10, G", "G's norm does not", against("frechet", _G, _NONE), -1, _SGD),
)

# Asked when the runs were known; a claim that was made for the figures that bear it out is weaker by that.
AFTERWARDS = (
    _hypothesis("A1", "D's norm, apart, leaves a larger gap of means", against("mean_term", _APART, _NONE), 1, _ALL),
    _hypothesis("A2", "with shift and scale put right, its harm is smaller", _spared, -1, _ALL),
    _hypothesis("A3", "but some is left", against("aligned", _APART, _NONE), 1, _ALL),
    _hypothesis("A4", "one joint batch: what is left is larger", against("aligned", _JOINT, _APART), 1, _ALL),
    _hypothesis("A5", "one joint batch: the fastest turn is faster", against("turning", _JOINT, _NONE), 1, _ALL),
    _hypothesis("A6", "one joint batch: the mean moves further", against("cent_max", _JOINT, _NONE), 1, _ALL),
    _hypothesis("A7", "D apart: the mean moves further", against("cent_max", _APART, _NONE), 1, _ALL),
    _hypothesis("A8", "G's norm: the mean moves less", against("cent_max", _G, _NONE), -1, _ALL),
    _hypothesis(
        "A9",
        "G's norm, softplus alone: samples return less",
        against("dip", _G, _NONE),
        1,
        {**_PLAIN, "activation": ("softplus",)},
    ),
)
