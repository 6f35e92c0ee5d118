"""The exact Wasserstein distance of order 1 between two samples on the line.

    W1 = integral_0^1 |F^-1(u) - G^-1(u)| du = integral |F(t) - G(t)| dt

with F, G the empirical distribution functions (Villani, "Topics in optimal transportation", 2003, theorem 2.18). Both
quantile functions are steps, so that the integral is a finite sum for any two counts.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows
from saddlepoint.metrics.half_samples import half_sample_interval, halves
from saddlepoint.metrics.result import Result

VERSION = 1
HALVES = 200


def wasserstein_1(
    samples: Tensor | np.ndarray, reference: Tensor | np.ndarray, *, provenance: Mapping[str, Any]
) -> Result:
    """Exact W1 between two samples of numbers, in their unit.

    Args:
        samples: generated numbers, (n,) or (n, 1).
        reference: real numbers, (m,) or (m, 1); m need not be n.
        provenance: the reference's fingerprint and split, the samples' seed, ... for the record.

    Returns:
        W1 of the two samples. The interval, by 200 pairs of half samples, covers the expectation of W1 at these counts,
        not the distance of the distributions, which is smaller. One number in a sample leaves the upper end open.

    Raises:
        UserError: empty, not finite, or of more than one dimension.
    """
    x, y = (
        rows(name, values).to("cpu", torch.float64)
        for name, values in (("samples", samples), ("reference numbers", reference))
    )
    for name, table in (("samples", x), ("reference numbers", y)):
        if table.shape[1] != 1:
            raise UserError(
                f"{name} of {table.shape[1]} dimensions", "numbers", "use the sliced distance for points or images"
            )
    x, y = x[:, 0].sort().values, y[:, 0].sort().values
    value = float(transport_costs(x[None], y[None], 1))
    count = len(x), len(y)
    of_halves = torch.zeros(0)
    if min(count) > 1:
        # A half of sorted numbers is sorted.
        few_x, few_y = (
            table[None].expand(HALVES, -1)[chosen].view(HALVES, -1)
            for table, chosen in ((x, halves(len(x), HALVES, seed=0)), (y, halves(len(y), HALVES, seed=1)))
        )
        of_halves = transport_costs(few_x, few_y, 1)
    return Result(
        metric="wasserstein_1",
        value=value,
        interval=half_sample_interval(value, of_halves, count),
        target=f"Wasserstein-1 distance of {len(x)} generated from {len(y)} reference numbers, in their unit; 95 % for "
        "its expectation at these counts, which is above the distance of the distributions",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(x),
            "reference_samples": len(y),
            "half_samples": HALVES,
            "precision": "float64",
        },
    )


def transport_costs(samples: Tensor, reference: Tensor, order: int) -> Tensor:
    """W_p^p between sorted samples on the line, the integral over u of |F^-1(u) - G^-1(u)|^p.

    Args:
        samples: (problems, n), every row in ascending order.
        reference: (problems, m), likewise.
        order: p, at least 1.

    Returns:
        (problems,), in the unit to the p.
    """
    n, m = samples.shape[1], reference.shape[1]
    if n == m:
        return (samples - reference).abs().pow(order).mean(dim=1)
    # The levels u at which either function steps, in units of 1 / (n m), so that equal levels are equal.
    steps = [torch.arange(1, count + 1, device=samples.device) * other for count, other in ((n, m), (m, n))]
    levels = torch.cat(steps).unique()
    of_samples, of_reference = (torch.searchsorted(step, levels) for step in steps)
    widths = levels.diff(prepend=levels.new_zeros(1)).to(samples.dtype) / (n * m)
    return (samples[:, of_samples] - reference[:, of_reference]).abs().pow(order) @ widths
