"""A perceptual distance on any feature network, by the formula of LPIPS (Zhang et al., "The unreasonable
effectiveness of deep features as a perceptual metric", 2018):

    d(x, y) = sum over layers l of  mean over positions of  sum over channels c of  w_lc (f_lc(x) - f_lc(y))^2,

f_l the layer's features divided by their length along the channels. LPIPS is this with the published networks, the
weights w that were learned for them, and their scaling of the input. With another network, or with w = 1, the number is
not LPIPS and is not comparable with any published one; the record names the network.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.mean import mean_interval
from saddlepoint.metrics.result import Result

VERSION = 1
# As in the published code, added to the length: features of all zeros then have no direction.
_SMALLEST = 1e-10

Features = Callable[[Tensor], Sequence[Tensor]]


def perceptual_distance(
    images: Tensor | np.ndarray,
    reference: Tensor | np.ndarray,
    *,
    features: Features,
    network: str,
    weights: Sequence[Tensor] | None = None,
    batch: int = 64,
    provenance: Mapping[str, Any],
) -> Result:
    """Mean perceptual distance over pairs of images, without a unit, at least 0.

    Args:
        images: (n, channels, height, width), scaled as the network wants them and on its device.
        reference: as many, of the same shape.
        features: images -> one map (n, channels, height, width) per layer; a network is expected in evaluation mode.
        network: what it is, with the sha256 of its weights, for the record.
        weights: one per layer, (channels,), not negative; None counts every channel once.
        batch: images at a time.
        provenance: the reference's fingerprint and split, the samples' seed, ... for the record.

    Returns:
        The mean over pairs; the interval is Student's over them, the whole line for one.

    Raises:
        UserError: images that are no pairs, features that are no maps, or weights that do not fit them.
    """
    values = perceptual_values(images, reference, features=features, weights=weights, batch=batch)
    mean, interval = mean_interval("distances", values)
    return Result(
        metric="perceptual_distance",
        value=mean,
        interval=interval,
        target="mean over pairs of the distance of their normalised features, without a unit (LPIPS only with its own "
        "networks and weights); 95 % for the expectation over pairs like these, the network held fixed",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(values),
            "formula": "Zhang et al. 2018",
            "network": network,
            "channel_weights": "given" if weights is not None else "1",
            "precision": "features as given, distances in float64",
        },
    )


def perceptual_values(
    images: Tensor | np.ndarray,
    reference: Tensor | np.ndarray,
    *,
    features: Features,
    weights: Sequence[Tensor] | None = None,
    batch: int = 64,
) -> Tensor:
    """The distance of every pair, float64 (n,) on the CPU. Arguments and errors as in `perceptual_distance`."""
    one, other = torch.as_tensor(images).detach(), torch.as_tensor(reference).detach()
    if one.shape != other.shape or one.ndim != 4 or one.numel() == 0:
        raise UserError(
            f"images of shape {tuple(one.shape)} and references of {tuple(other.shape)}",
            "the same (n, channels, height, width), n >= 1",
            "pair them up",
        )
    if batch < 1:
        raise UserError(f"a batch of {batch}", "at least 1", "give how many images to take at a time")
    for layer, weight in enumerate(weights or ()):
        if weight.ndim != 1 or not bool((weight >= 0).all()):
            raise UserError(f"weights of layer {layer} that are negative or of shape {tuple(weight.shape)}",
                            "(channels,), at least 0", "give one per channel")  # fmt: skip
    found = []
    with torch.no_grad():
        for left, right in zip(one.split(batch), other.split(batch), strict=True):
            found.append(_distances(features(left), features(right), len(left), weights))
    values = torch.cat(found)
    if not bool(values.isfinite().all()):
        raise UserError("features with a NaN or an infinity", "finite numbers", "check the network and its input")
    return values


def _distances(left: Sequence[Tensor], right: Sequence[Tensor], count: int, weights: Sequence[Tensor] | None) -> Tensor:
    if len(left) == 0 or (weights is not None and len(weights) != len(left)):
        given = f" and {len(weights)} weights" if weights is not None else ""
        raise UserError(f"{len(left)} feature maps{given}", "one weight per map, at least one map", "give them")
    total = torch.zeros(count, dtype=torch.float64)
    for layer, (x, y, weight) in enumerate(zip_longest(left, right, weights or ())):
        if x.ndim != 4 or len(x) != count or (weight is not None and len(weight) != x.shape[1]):
            wanted = f"{len(weight)} channels" if weight is not None else "channels"
            raise UserError(
                f"features of shape {tuple(x.shape)} in layer {layer}",
                f"({count}, {wanted}, height, width)",
                "return one map per layer",
            )
        squares = (_directions(x) - _directions(y)).square()
        if weight is not None:
            squares = squares * weight.to(squares)[None, :, None, None]
        total += squares.sum(dim=1).mean(dim=(1, 2)).cpu()
    return total


def _directions(maps: Tensor) -> Tensor:
    maps = maps.double()
    return maps / (maps.square().sum(dim=1, keepdim=True).sqrt() + _SMALLEST)
