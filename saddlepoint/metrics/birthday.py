"""The support of a generator by the birthday paradox (Arora, Risteski & Zhang, "Do GANs learn the distribution?",
2018).

If a batch of s samples holds a duplicate with probability p, the support is about that of N equally likely images with

    N = s^2 / (2 log(1 / (1 - p))).

The paper's authors looked at the closest pairs and decided by eye. Here a pair is a duplicate where its Euclidean
distance, in pixels or features, is at most a threshold: `duplicate_threshold` takes it from real images, such that a
batch of different real images passes for one with a duplicate only rarely. Look at the pairs all the same.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.stats import beta
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import nearest, rows
from saddlepoint.metrics.result import Result

VERSION = 1
FALSE_ALARMS = 0.05
# So many pairs are named for a person to look at.
_PAIRS = 8


def duplicate_threshold(
    real: Tensor | np.ndarray,
    *,
    batch: int,
    false_alarms: float = FALSE_ALARMS,
    device: str | torch.device = "cpu",
) -> float:
    """The distance at which batches of real images pass for batches with a duplicate only rarely.

    Args:
        real: (n, ...) different real images or their features, held out, in an order that means nothing.
        batch: s, as in `birthday_support`; n makes at least 1 / false_alarms batches.
        false_alarms: the share of the real batches whose closest pair is at most the threshold apart.
        device: where the arithmetic is done.

    Returns:
        The quantile of the closest pairs' distances, rounded down to one of them, in the data's unit.

    Raises:
        UserError: too few batches for this share, batches of one, or points that are not finite.
    """
    closest, _ = _closest_pairs(rows("real images", real), batch, device)
    if not 0.0 < false_alarms < 1.0 or int(false_alarms * len(closest)) < 1:
        raise UserError(
            f"{len(closest)} batches for a share of {false_alarms} false alarms",
            f"at least {math.ceil(1.0 / max(false_alarms, 1e-9))} batches and a share between 0 and 1",
            "give more real images, make the batches smaller or allow more false alarms",
        )
    return float(closest.sort().values[int(false_alarms * len(closest)) - 1])


def birthday_support(
    samples: Tensor | np.ndarray,
    *,
    batch: int,
    threshold: float,
    provenance: Mapping[str, Any],
    device: str | torch.device = "cpu",
) -> Result:
    """Number of equally likely images that would give as many batches with a duplicate.

    Args:
        samples: (n, ...) generated images or their features, in an order that means nothing.
        batch: s; the samples are cut into n // s batches, and what is left over is not used.
        threshold: two samples at most this far apart are duplicates, in the data's unit.
        provenance: where the threshold comes from, the samples' seed, ... for the record.
        device: where the arithmetic is done.

    Returns:
        The support, in images; infinite where no batch holds a duplicate, 0 where all do: then other batches are
        needed. The interval covers s^2 / (2 log(1 / (1 - p))) at the true p: the exact interval of Clopper & Pearson
        for p, mapped. `closest` names the closest pairs by their index among the samples.

    Raises:
        UserError: fewer samples than a batch, batches of one, a negative threshold, points that are not finite.
    """
    table = rows("samples", samples)
    if not 0.0 <= threshold < math.inf:
        raise UserError(f"a threshold of {threshold}", "a finite distance of at least 0", "see duplicate_threshold")
    distances, pairs = _closest_pairs(table, batch, device)
    batches, hits = len(distances), int((distances <= threshold).sum())
    low = float(beta.ppf(0.025, hits, batches - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, batches - hits)) if hits < batches else 1.0
    return Result(
        metric="birthday_support",
        value=_support(hits / batches, batch),
        interval=(_support(high, batch), _support(low, batch)),
        target=f"s^2 / (2 log(1 / (1 - p))) in images, p the probability of a duplicate among s = {batch} samples; "
        "95 % for its value at the true p",
        provenance={
            **provenance,
            "version": VERSION,
            "protocol": "Arora, Risteski & Zhang 2018",
            "deviations": ["duplicates by a distance instead of by eye"],
            "samples": len(table),
            "batch": batch,
            "batches": batches,
            "with_duplicate": hits,
            "threshold": float(threshold),
            "closest": [
                {"samples": [int(index) for index in pairs[place]], "distance": float(distances[place])}
                for place in distances.argsort(stable=True)[:_PAIRS]
            ],
            "precision": "float64",
        },
    )


def _closest_pairs(table: Tensor, batch: int, device: str | torch.device) -> tuple[Tensor, Tensor]:
    """The distance of the closest pair of every batch, (batches,), and its indices in the table, (batches, 2)."""
    if not 2 <= batch <= len(table):
        raise UserError(f"batches of {batch} out of {len(table)}", f"2 to {len(table)}", "give more or cut smaller")
    distances, pairs = [], []
    for start in range(0, len(table) - batch + 1, batch):
        part = table[start : start + batch]
        apart, neighbours = nearest(part, part, skip_same_index=True, device=device)
        first = int(apart[:, 0].argmin())
        distances.append(apart[first, 0])
        pairs.append(torch.tensor([start + first, start + int(neighbours[first, 0])]))
    return torch.stack(distances), torch.stack(pairs)


def _support(probability: float, batch: int) -> float:
    if probability <= 0.0:
        return math.inf
    return batch**2 / (-2.0 * math.log1p(-probability)) if probability < 1.0 else 0.0
