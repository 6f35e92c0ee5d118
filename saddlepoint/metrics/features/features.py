"""What a feature network is to a metric: images in, one row of numbers for each out, with a record of how.

A Frechet or kernel distance is a statement about images only together with the network, its weights, the resize filter
and the value range that the network was fed with. So these travel with the features, as `about`, into every record.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError

# Directions of features that are meant for a person's folder, which may hold a few hundred images.
SMALL_SETS = 64


@dataclass(frozen=True, kw_only=True)
class Features:
    """One way of turning images, or points, into vectors.

    Attributes:
        name: one word for tables, such as "inception".
        about: all that the numbers depend on beside the images (network, sha256 of its weights, resize filter, size,
            value range), as plain JSON values.
        vectors: images in [0, 1], float32 (n, channels, height, width), or points (n, dimensions), to float32
            (n, dimensions of the features).
        dimensions: of a vector; None where it follows from the shape of an item.
        logits: images -> unnormalised log-probabilities of the network's own classes, (n, classes); None without them.
        maps: images -> feature maps from the input's side on, each (n, channels, height, width), differentiable with
            respect to the images; None without them.
        directions: Frechet distances are taken in so many of the reference's leading principal directions; None for
            all dimensions, as published ones are. A set of a few hundred images has no covariance in 1,280.

    Raises:
        ValueError: an `about` that JSON cannot hold (the mistake of whoever built it).
    """

    name: str
    about: Mapping[str, Any]
    vectors: Callable[[Tensor], Tensor]
    dimensions: int | None = None
    logits: Callable[[Tensor], Tensor] | None = None
    maps: Callable[[Tensor], tuple[Tensor, ...]] | None = None
    directions: int | None = None

    def __post_init__(self) -> None:
        try:
            # A round trip, not a reference: what the caller changes later stays out of the record.
            about = json.loads(json.dumps(dict(self.about), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ValueError(f"features {self.name}: what is said about them does not fit JSON ({error})") from error
        object.__setattr__(self, "about", about)


def stream(
    features: Features, batches: Iterable[Tensor | np.ndarray], device: torch.device | str = "cpu"
) -> Iterator[Tensor]:
    """Features batch by batch, so that moments can accumulate while no more than one batch is in memory.

    Args:
        features: what to compute.
        batches: images (n, channels, height, width), floats in [0, 1] or 8-bit pixels, or points (n, dimensions).
        device: where the features' network is, and what is yielded.

    Yields:
        float32 (n, dimensions), without a graph.

    Raises:
        UserError: images outside [0, 1] or another shape; values that are not finite, before or behind the network.
    """
    for vectors in _through(features.vectors, features.name, batches, device):
        assert features.dimensions in (None, vectors.shape[1]), f"{features.name}: {vectors.shape[1]} dimensions"
        yield vectors


def collect(
    features: Features, batches: Iterable[Tensor | np.ndarray], device: torch.device | str = "cpu"
) -> np.ndarray:
    """Features of many images as one array.

    Args:
        features, batches, device: as for `stream`.

    Returns:
        float32 (n, dimensions), in the order of the batches.

    Raises:
        UserError: no batch, or what `stream` refuses.
    """
    return _stacked(stream(features, batches, device))


def collect_logits(
    features: Features, batches: Iterable[Tensor | np.ndarray], device: torch.device | str = "cpu"
) -> np.ndarray:
    """The network's own logits of many images as one array.

    Args:
        features, batches, device: as for `stream`.

    Returns:
        float32 (n, classes), in the order of the batches.

    Raises:
        UserError: features of a network without classes, no batch, or what `stream` refuses.
    """
    if features.logits is None:
        raise UserError(
            f"features {features.name!r}, which name no classes",
            "features with logits",
            "use inception:FILE, or a classifier trained on your own labels",
        )
    return _stacked(_through(features.logits, features.name, batches, device))


def classifier_features(module: nn.Module, about: Mapping[str, Any], *, name: str = "classifier") -> Features:
    """Features of a classifier of one's own: the layer before its logits.

    Args:
        module: images in `module.pixel_range` -> logits (n, classes), with `features(images)` -> (n, dimensions), the
            penultimate layer, and, where there are feature maps, `maps(images)`. It is put into evaluation mode and
            frozen.
        about: where it comes from (run, sha256 of its weights, accuracy), as plain JSON values.
        name: for tables.

    Raises:
        TypeError: a module without `features` or `pixel_range`.
    """
    if not (hasattr(module, "features") and hasattr(module, "pixel_range")):
        raise TypeError(f"got {type(module).__name__}; expected a module with features(images) and pixel_range")
    network: Any = module.eval().requires_grad_(False)
    low, high = network.pixel_range

    def seen(images: Tensor) -> Tensor:
        return images * (high - low) + low

    return Features(
        name=name,
        about={
            "network": type(module).__name__,
            "resize": "none",
            "values": f"pixels in [0, 1] brought to [{low:g}, {high:g}]",
            **about,
        },
        vectors=lambda images: network.features(seen(images)),
        logits=lambda images: network(seen(images)),
        maps=(lambda images: tuple(network.maps(seen(images)))) if hasattr(network, "maps") else None,
    )


def _through(
    function: Callable[[Tensor], Tensor],
    name: str,
    batches: Iterable[Tensor | np.ndarray],
    device: torch.device | str,
) -> Iterator[Tensor]:
    for batch in batches:
        items = _items(batch).to(device)
        with torch.no_grad():
            rows = function(items).float()
        assert rows.ndim == 2 and len(rows) == len(items), f"{name}: rows of shape {tuple(rows.shape)}"
        if not rows.isfinite().all():
            raise UserError(f"a NaN or an infinity out of {name}", "finite numbers", "check the weights file")
        yield rows


def _stacked(batches: Iterable[Tensor]) -> np.ndarray:
    rows = [batch.cpu().numpy() for batch in batches]
    if not rows:
        raise UserError("no images", "at least one batch of them", "give images to compute features of")
    return np.concatenate(rows)


def check_items(what: str, shape: tuple[int, ...]) -> None:
    """Refuses what is neither images (n, channels, height, width) nor points (n, dimensions), or none of them.

    Raises:
        UserError: with the two shapes.
    """
    if len(shape) not in (2, 4) or 0 in shape:
        raise UserError(
            f"{what} of shape {shape}",
            "images (n, channels, height, width) or points (n, dimensions)",
            "give at least one, and put the number of images first",
        )


def _items(batch: Tensor | np.ndarray) -> Tensor:
    items = torch.as_tensor(batch).detach()
    check_items("a batch", tuple(items.shape))
    if items.dtype == torch.uint8:
        return items.float() / 255
    if not items.is_floating_point():
        raise UserError(f"a batch of type {items.dtype}", "floats or 8-bit pixels", "divide pixels by their maximum")
    items = items.float()
    if not items.isfinite().all():
        raise UserError("a batch with a NaN or an infinity", "finite numbers", "look for the step where the run broke")
    low, high = float(items.min()), float(items.max())
    if items.ndim == 4 and not (low >= 0.0 and high <= 1.0):
        raise UserError(f"images in [{low:.4g}, {high:.4g}]", "pixels in [0, 1]", "map them, as in (x + 1) / 2")
    return items
