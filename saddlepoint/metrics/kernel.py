"""The kernel distance of features (KID; Binkowski et al., "Demystifying MMD GANs", 2018): unbiased squared MMD.

    MMD^2 = mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)
    k(x, y) = (x.y / d + 1)^3

Its expectation is the limit at any count, 0 for equal distributions, so that numbers from different counts can be
compared. Two protocols: disjoint blocks, every vector once, whose mean has an honest standard error because the blocks
are independent; and, as published, 100 subsets of 1000 drawn anew, which overlap, so that their spread alone says
little.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows
from saddlepoint.metrics.result import Result

VERSION = 1
BLOCK_SIZE = 1000
SUBSETS = 100
# Fewer blocks would leave too few degrees of freedom for their standard error.
_FEWEST_BLOCKS = 10
# Values of the kernel are held 2 ** 22 at a time, 32 MiB.
_BLOCK = 2**22


def kernel_distance(
    samples: Tensor | np.ndarray,
    reference: Tensor | np.ndarray,
    *,
    provenance: Mapping[str, Any],
    block_size: int | None = None,
    device: str | torch.device = "cpu",
) -> Result:
    """Kernel distance of two sets of features, the mean over disjoint blocks of both.

    Args:
        samples: (n, d) features of generated data, n >= 4.
        reference: (m, d) features of real data, m >= 4.
        provenance: the features, the reference and its split, the seed, for the record.
        block_size: vectors of either set in a block, at least 2 and at most half of the smaller set; None: 1000, or
            less, so that there are ten blocks where the counts allow it. What the blocks leave over is not used.
        device: where the arithmetic is done; it must know doubles.

    Returns:
        The mean of the blocks' unbiased squared MMD. `standard_error` is over the blocks, which are independent; the
        interval is Student's with it and covers the limit, the squared MMD of the two distributions.

    Raises:
        UserError: too few vectors for two blocks, other sizes, or numbers that are not finite.
    """
    made, real = _tables(samples, reference)
    fewest = min(len(made), len(real))
    size = max(2, min(BLOCK_SIZE, fewest // _FEWEST_BLOCKS)) if block_size is None else block_size
    if not 2 <= size <= fewest // 2:
        raise UserError(
            f"blocks of {size} of {fewest} vectors", "two blocks of at least 2", "give more, or a smaller size"
        )
    blocks = fewest // size
    # Seeded by nothing: rows may come ordered by class, and a metric is a function of its arrays.
    generator = np.random.default_rng(0)
    orders = [torch.from_numpy(generator.permutation(len(table))) for table in (made, real)]
    values = []
    for index in range(blocks):
        part = slice(index * size, (index + 1) * size)
        mine, others = (table[order[part]] for table, order in zip((made, real), orders, strict=True))
        values.append(squared_mmd(mine, others, device=device))
    value = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(blocks)
    return _result(
        value,
        error,
        float(student.ppf(0.975, blocks - 1)) * error,
        {**provenance, **_record(made, real), "blocks": blocks, "block_size": size, "protocol": "disjoint blocks"},
    )


def kernel_distance_of_subsets(
    samples: Tensor | np.ndarray,
    reference: Tensor | np.ndarray,
    *,
    provenance: Mapping[str, Any],
    subsets: int = SUBSETS,
    subset_size: int = BLOCK_SIZE,
    device: str | torch.device = "cpu",
) -> Result:
    """Kernel distance as published: the mean over random subsets of both sets, which may overlap.

    Args:
        samples: (n, d) features of generated data.
        reference: (m, d) features of real data.
        provenance: the features, the reference and its split, the seed, for the record.
        subsets: how many, at least 2.
        subset_size: vectors of either set in a subset, at least 2 and at most half of the smaller set.
        device: where the arithmetic is done; it must know doubles.

    Returns:
        The mean of the subsets' unbiased squared MMD, with their standard deviation as published in the record. The
        interval covers the limit: subsets of s among n vary by 1 - s / n of what disjoint ones would, and n / s of
        those are in the data. Where the distance is near 0 the interval is too long, never too short.

    Raises:
        UserError: fewer than two subsets, subsets above half of the smaller set, other sizes, or not finite.
    """
    made, real = _tables(samples, reference)
    fewest = min(len(made), len(real))
    if subsets < 2:
        raise UserError(f"{subsets} subsets", "at least 2", "leave it out for 100")
    if not 2 <= subset_size <= fewest // 2:
        raise UserError(
            f"subsets of {subset_size} of {fewest} vectors",
            "from 2 to half of the smaller set",
            "give more vectors, a smaller size, or use disjoint blocks",
        )
    generator = np.random.default_rng(0)
    values = []
    for _ in range(subsets):
        mine, others = (table[generator.permutation(len(table))[:subset_size]] for table in (made, real))
        values.append(squared_mmd(mine, others, device=device))
    value, spread = float(np.mean(values)), float(np.var(values, ddof=1))
    share = subset_size / fewest
    error = math.sqrt(spread * (share / (1.0 - share) + 1.0 / subsets))
    return _result(
        value,
        error,
        float(student.ppf(0.975, subsets - 1)) * error,
        {
            **provenance,
            **_record(made, real),
            "blocks": subsets,
            "block_size": subset_size,
            "protocol": "Binkowski et al. 2018, random subsets",
            "standard_deviation_of_subsets": float(np.std(values)),
        },
    )


def squared_mmd(
    samples: Tensor | np.ndarray, reference: Tensor | np.ndarray, *, device: str | torch.device = "cpu"
) -> float:
    """The unbiased squared MMD over all pairs, in blocks of rows, so that memory does not grow with their number.

    Args:
        samples: (n, d), n >= 2.
        reference: (m, d), m >= 2.
        device: where the arithmetic is done; it must know doubles.

    Raises:
        UserError: fewer than two vectors, other sizes, or numbers that are not finite.
    """
    made, real = (table.to(device, torch.float64) for table in _tables(samples, reference))
    within = [(_sum(table, table) - _diagonal(table)) / (len(table) * (len(table) - 1)) for table in (made, real)]
    return sum(within) - 2.0 * _sum(made, real) / (len(made) * len(real))


def _sum(first: Tensor, second: Tensor) -> float:
    step = max(1, _BLOCK // len(second))
    total = 0.0
    for part in first.split(step):
        total += float((part @ second.T).div_(first.shape[1]).add_(1.0).pow_(3).sum())
    return total


def _diagonal(table: Tensor) -> float:
    return float((table.square().sum(dim=1) / table.shape[1] + 1.0).pow(3).sum())


def _tables(samples: Tensor | np.ndarray, reference: Tensor | np.ndarray) -> tuple[Tensor, Tensor]:
    made, real = rows("features of the samples", samples), rows("features of the reference", reference)
    if made.shape[1] != real.shape[1]:
        raise UserError(
            f"features of {made.shape[1]} and of {real.shape[1]} numbers",
            "the same size",
            "compute both with the same feature network",
        )
    if min(len(made), len(real)) < 2:
        raise UserError(f"{min(len(made), len(real))} vector", "at least two", "give more: it is a mean over pairs")
    return made, real


def _record(made: Tensor, real: Tensor) -> dict[str, Any]:
    return {
        "version": VERSION,
        "samples": len(made),
        "reference_samples": len(real),
        "dimensions": made.shape[1],
        "kernel": "(x.y / d + 1)^3",
        "precision": "float64",
    }


def _result(value: float, error: float, half: float, record: dict[str, Any]) -> Result:
    return Result(
        metric="kernel_distance",
        value=value,
        interval=(value - half, value + half),
        target="squared maximum mean discrepancy of the two distributions under the cubic kernel, the limit of many "
        "vectors, without unit; 95 % over draws of both sets",
        provenance={**record, "standard_error": error},
    )
