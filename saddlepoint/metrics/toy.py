"""Points of a toy set whose density is known: mean log-density, modes hit, high-quality points, weights of the modes.

By the protocol of Srivastava et al. ("VEEGAN", 2017) and Lin et al. ("PacGAN", 2018) for mixtures of Gaussians: a point
belongs to the nearest centre and is of high quality if it lies within 3 of that mode's standard deviations; a mode is
hit if a point of high quality belongs to it; the reverse KL compares the shares of all points with the modes' true
weights. Points of the data itself are of high quality with probability 99.73 % on the line and 1 - exp(-4.5) = 98.89 %
in the plane.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import nearest, rows
from saddlepoint.metrics.mean import mean_interval
from saddlepoint.metrics.modes import mode_count, reverse_kl
from saddlepoint.metrics.proportion import wilson
from saddlepoint.metrics.result import Result

VERSION = 1
# How many standard deviations from its mode a point may lie.
WITHIN = 3.0
# The upper end of the exact 97.5 % Poisson interval where nothing was counted: -log .025.
_NOTHING_COUNTED = 3.6888794541139363


def mean_log_density(
    points: Tensor | np.ndarray,
    log_density: Callable[[np.ndarray], np.ndarray],
    *,
    provenance: Mapping[str, Any],
) -> Result:
    """Mean log-density of generated points under the true density, in nats; it does not see a missing mode.

    Args:
        points: (n, dimensions).
        log_density: (n, dimensions) float64 -> (n,), in nats; minus infinity where the density is 0.
        provenance: which set, the samples' seed, ... for the record.

    Returns:
        The mean; the interval is Student's over the points, the whole line for one. A point of density 0 makes the mean
        minus infinity: `of_density_0` counts them.

    Raises:
        UserError: no points, or not finite; a log-density of another shape, or a NaN in it.
    """
    table = rows("points", points).to("cpu", torch.float64)
    values = torch.as_tensor(np.asarray(log_density(table.numpy()), dtype=np.float64))
    if values.shape != (len(table),):
        raise UserError(f"log-densities of shape {tuple(values.shape)}", f"({len(table)},)", "give one per point")
    mean, interval = mean_interval("log-densities", values)
    return Result(
        metric="toy_log_density",
        value=mean,
        interval=interval,
        target="mean log-density of generated points under the true density, in nats; 95 % for its expectation",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(values),
            "of_density_0": int(values.isinf().sum()),
            "precision": "float64",
        },
    )


def high_quality_share(
    points: Tensor | np.ndarray,
    modes: Tensor | np.ndarray,
    deviations: Tensor | np.ndarray | float,
    *,
    provenance: Mapping[str, Any],
) -> Result:
    """Share of points within 3 standard deviations of the nearest mode.

    Args:
        points: (n, dimensions).
        modes: centres, (k, dimensions).
        deviations: (k,), or one for all.
        provenance: which set, the samples' seed, ... for the record.

    Returns:
        The share; the interval is Wilson's, for the probability of such a point.

    Raises:
        UserError: no points or modes, of different dimensions, not finite, or a deviation that is not positive.
    """
    labels, good = nearest_modes(points, modes, deviations)
    share = float(good.double().mean())
    return Result(
        metric="toy_high_quality_share",
        value=share,
        interval=wilson(share, len(labels)),
        target=f"share of points within {WITHIN:g} standard deviations of the nearest mode; 95 % for its probability",
        provenance={**provenance, **_record(labels, modes), "precision": "float64"},
    )


def modes_hit(
    points: Tensor | np.ndarray,
    modes: Tensor | np.ndarray,
    deviations: Tensor | np.ndarray | float,
    *,
    provenance: Mapping[str, Any],
) -> Result:
    """Number of modes to which at least one point of high quality belongs.

    Args and Raises as in `high_quality_share`.

    Returns:
        How many; the interval covers the expected number for as many points of high quality, as in `mode_count`.
    """
    labels, good = nearest_modes(points, modes, deviations)
    record = {"high_quality": int(good.sum()), "precision": "float64"}
    if not bool(good.any()):
        return Result(
            metric="toy_modes_hit",
            value=0.0,
            # Fewer modes are hit than there are such points.
            interval=(0.0, min(float(len(modes)), _NOTHING_COUNTED)),
            target=f"number of modes reached, of {len(modes)}; 95 % for its expectation at this number of samples",
            provenance={**provenance, **_record(labels, modes), **record},
        )
    counted = mode_count(labels[good], modes=len(modes), provenance=provenance)
    return replace(
        counted, metric="toy_modes_hit", provenance={**counted.provenance, **_record(labels, modes), **record}
    )


def modes_reverse_kl(
    points: Tensor | np.ndarray,
    modes: Tensor | np.ndarray,
    weights: Tensor | np.ndarray,
    *,
    provenance: Mapping[str, Any],
) -> Result:
    """KL divergence of the points' shares of the modes from the true weights, KL(generated || true), in nats.

    Args:
        points: (n, dimensions), n >= 2; all count, of high quality or not.
        modes: centres, (k, dimensions).
        weights: (k,), of the true mixture.
        provenance: which set, the samples' seed, ... for the record.

    Returns:
        The divergence; its interval is that of `reverse_kl`.

    Raises:
        UserError: no points or modes, of different dimensions, not finite; weights that `reverse_kl` refuses.
    """
    labels, _ = nearest_modes(points, modes, 1.0)
    if len(weights) != len(modes):
        raise UserError(f"{len(weights)} weights for {len(modes)} modes", "one each", "give the mixture's weights")
    divergence = reverse_kl(labels, weights, provenance=provenance)
    return replace(
        divergence,
        metric="toy_modes_reverse_kl",
        provenance={**divergence.provenance, **_record(labels, modes)},
    )


def nearest_modes(
    points: Tensor | np.ndarray, modes: Tensor | np.ndarray, deviations: Tensor | np.ndarray | float
) -> tuple[Tensor, Tensor]:
    """The nearest mode of every point, int64 (n,), and whether it lies within 3 deviations of it, bool (n,).

    Args and Raises as in `high_quality_share`.
    """
    given, centres = rows("points", points), rows("modes", modes)
    if given.shape[1] != centres.shape[1]:
        raise UserError(
            f"points of {given.shape[1]} and modes of {centres.shape[1]} dimensions", "the same", "give the set's modes"
        )
    widths = torch.as_tensor(deviations).to("cpu", torch.float64)
    if widths.ndim > 1 or (widths.ndim == 1 and len(widths) != len(centres)) or not bool((widths > 0.0).all()):
        raise UserError(
            f"deviations {deviations}", f"one or {len(centres)} positive numbers", "give each mode's standard deviation"
        )
    distances, indices = nearest(given, centres)
    labels = indices[:, 0]
    return labels, distances[:, 0] <= WITHIN * widths.expand(len(centres))[labels]


def _record(labels: Tensor, modes: Tensor | np.ndarray) -> dict[str, Any]:
    return {
        "version": VERSION,
        "samples": len(labels),
        "modes": len(modes),
        "protocol": f"nearest centre; high quality within {WITHIN:g} standard deviations (Srivastava et al. 2017)",
    }
