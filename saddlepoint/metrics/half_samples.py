"""Intervals of distances between two samples by repeated half-sampling, for distances with a root-n rate.

W is computed again on random halves of both samples, drawn without replacement. The spread of these values is that of
the full samples: halves are twice as variable, and half of that is lost because they are drawn from one finite set
(McCarthy, "Pseudo-replication: half samples", 1969; the delete-half jackknife of Shao & Wu, 1989). The interval is

    [W exp(-1.96 s / W), W exp(1.96 s / W)],   s the standard deviation over the halves,

on the logarithm, because W is positive and skewed where the distributions are equal. It covers the expectation of W at
these counts, which is above the distance of the distributions and not 0 for equal ones; compare at equal counts alone.
"""

import math

import torch
from torch import Tensor

_NORMAL_95 = 1.959963984540054


def halves(count: int, repetitions: int, seed: int) -> Tensor:
    """Which items are in each half, bool (repetitions, count), count // 2 of them in every row."""
    order = torch.rand(repetitions, count, generator=torch.Generator().manual_seed(seed)).argsort(dim=1)
    chosen = torch.zeros(repetitions, count, dtype=torch.bool)
    return chosen.scatter_(1, order[:, : count // 2], True)


def half_sample_interval(value: float, of_halves: Tensor, counts: tuple[int, int]) -> tuple[float, float]:
    """The 95 % interval of a distance between two samples.

    Args:
        value: the distance of the whole samples, at least 0.
        of_halves: the distance of pairs of halves, (repetitions,); not read where a sample has one item.
        counts: of the two samples.

    Returns:
        Lower and upper end, 0 <= low <= value <= high. One item in a sample says nothing about its spread: the upper
        end is then infinite.
    """
    if min(counts) < 2:
        return 0.0, math.inf
    # 1 for even counts: the share that halves hold over the share that they leave out.
    ratio = sum((count // 2) / (count - count // 2) for count in counts) / 2
    spread = _NORMAL_95 * math.sqrt(ratio) * float(of_halves.std())
    if value == 0.0:
        return 0.0, spread
    if spread > 700.0 * value:
        return 0.0, math.inf
    return value * math.exp(-spread / value), value * math.exp(spread / value)
