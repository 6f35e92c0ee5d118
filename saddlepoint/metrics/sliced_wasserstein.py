"""The sliced Wasserstein distance in pixel space: exact transport along random directions.

    SW_p = (mean over directions of  W_p(theta . X, theta . Y)^p)^(1/p),   theta uniform on the unit sphere

(Rabin et al., "Wasserstein barycenter and its application to texture mixing", 2011; Bonneel et al., 2015). Pixels are
used as they are: it is not the distance on patches of a Laplacian pyramid of Karras et al. (2018). In d dimensions a
shift by delta has SW_2 = |delta| / sqrt d.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows
from saddlepoint.metrics.half_samples import half_sample_interval, halves
from saddlepoint.metrics.result import Result
from saddlepoint.metrics.wasserstein import transport_costs

VERSION = 1
PROJECTIONS = 256
HALVES = 100
# Projections and rows are taken in blocks of at most 2 ** 22 doubles, 32 MiB.
_BLOCK = 2**22


def sliced_wasserstein(
    samples: Tensor | np.ndarray,
    reference: Tensor | np.ndarray,
    *,
    order: int = 1,
    projections: int = PROJECTIONS,
    projection_seed: int = 0,
    provenance: Mapping[str, Any],
) -> Result:
    """Sliced Wasserstein distance between two samples of images or points, in the unit of a pixel.

    Args:
        samples: generated, (n, ...); computed on their device, in float64.
        reference: real, (m, ...) of the same size per row; m need not be n.
        order: p, 1 or 2.
        projections: how many directions.
        projection_seed: of the directions; the same seed gives the same directions for any two samples.
        provenance: the reference's fingerprint and split, the samples' seed, ... for the record.

    Returns:
        SW_p of the two samples. The interval, by 100 pairs of half samples, covers the expectation of SW_p at these
        counts and along these directions; `projection_error` is the standard error that the choice of directions adds.
        One row in a sample leaves the upper end open.

    Raises:
        UserError: empty, not finite, of different sizes; an order or a number of projections that is not offered.
    """
    if order not in (1, 2):
        raise UserError(f"order {order}", "1 or 2", "choose one")
    if projections < 1:
        raise UserError(f"{projections} projections", "at least 1", f"take {PROJECTIONS}")
    x, y = rows("samples", samples), rows("reference", reference)
    if x.shape[1] != y.shape[1]:
        raise UserError(f"samples of {x.shape[1]} and reference of {y.shape[1]} numbers", "the same size", "resize one")
    count = len(x), len(y)
    directions = directions_on_sphere(x.shape[1], projections, projection_seed)
    chosen = [halves(size, HALVES, seed).to(x.device) for seed, size in enumerate(count)]
    costs, of_halves = [], torch.zeros(HALVES, dtype=torch.float64, device=x.device)
    for sorted_x, order_x, sorted_y, order_y in _projected(x, y.to(x.device), directions.to(x.device)):
        costs.append(transport_costs(sorted_x, sorted_y, order))
        if min(count) < 2:
            continue
        for index in range(HALVES):
            # Half of what is sorted is sorted: no half is sorted again.
            few_x, few_y = (
                table[inside[index][places]].view(len(table), -1)
                for table, places, inside in ((sorted_x, order_x, chosen[0]), (sorted_y, order_y, chosen[1]))
            )
            of_halves[index] += transport_costs(few_x, few_y, order).sum()
    every = torch.cat(costs)
    value = float(every.mean()) ** (1 / order)
    interval = half_sample_interval(value, (of_halves / projections).pow(1 / order), count)
    return Result(
        metric=f"sliced_wasserstein_{order}",
        value=value,
        interval=interval,
        target=f"sliced Wasserstein-{order} distance of {count[0]} generated from {count[1]} reference images in pixel "
        f"space, in the unit of a pixel; 95 % for its expectation at these counts and {projections} fixed directions",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": count[0],
            "reference_samples": count[1],
            "order": order,
            "projections": projections,
            "projection_seed": projection_seed,
            "projection_error": _projection_error(every, value, order),
            "half_samples": HALVES,
            "precision": "float64",
        },
    )


def directions_on_sphere(dimensions: int, count: int, seed: int) -> Tensor:
    """Directions that are uniform on the unit sphere, float64 (dimensions, count)."""
    generator = torch.Generator().manual_seed(seed)
    normal = torch.randn(count, dimensions, generator=generator, dtype=torch.float64)
    return (normal / normal.norm(dim=1, keepdim=True)).T


def _projected(x: Tensor, y: Tensor, directions: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Sorted projections and their order, (directions of the block, n) twice and (.., m) twice."""
    for block in directions.split(max(1, _BLOCK // max(len(x), len(y))), dim=1):
        sorted_x, order_x = _along(x, block).sort(dim=1)
        sorted_y, order_y = _along(y, block).sort(dim=1)
        yield sorted_x, order_x, sorted_y, order_y


def _along(table: Tensor, directions: Tensor) -> Tensor:
    height = max(1, _BLOCK // table.shape[1])
    return torch.cat([part.double() @ directions for part in table.split(height)]).T.contiguous()


def _projection_error(costs: Tensor, value: float, order: int) -> float | None:
    """Standard error of the root of the mean cost over directions, by the delta method; None for one direction."""
    if len(costs) < 2:
        return None
    error = float(costs.std()) / math.sqrt(len(costs))
    return error / (order * value ** (order - 1)) if value > 0.0 else 0.0
