"""Content: where an image that was made is compared with the one that it should have been.

    content(made, real) = mean (scale phi(made) - scale phi(real))^2

phi is the identity on pixels in the networks' own range (the MSE of SRResNet), or a map of a network that was trained
for something else and is frozen (Johnson et al. 2016; Ledig et al. 2017: VGG19, scale 1 / 12.75). The mean is over all
numbers of all maps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Content:
    """A place to compare images.

    Attributes:
        name: for records.
        maps: images in [0, 1] (n, channels, height, width) -> maps of a frozen network, differentiable with respect to
            the images; None compares pixels.
        scale: by which the maps are multiplied.
        sha256: of the network's weights.
        about: the network and how it is fed, as plain values.
    """

    name: str
    maps: Callable[[Tensor], Tensor] | None = None
    scale: float = 1.0
    sha256: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def distance(self, made: Tensor, real: Tensor, pixel_range: tuple[float, float]) -> Tensor:
        """The mean squared difference of two batches in `pixel_range`, a scalar."""
        if self.maps is None:
            return F.mse_loss(made, real)
        low, high = pixel_range
        # What lies a little outside the range stays there: cut off, it would have no gradient to come back by.
        one, other = (self.maps((images - low) / (high - low)) for images in (made, real))
        return self.scale**2 * F.mse_loss(one, other)


PIXELS = Content(name="pixels")
