"""Between pixels as they are stored and as networks see them."""

from torch import Tensor


def to_range(stored: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """uint8 pixels as float32, black and white at the two ends of `pixel_range`."""
    low, high = pixel_range
    return stored * ((high - low) / 255) + low


def from_range(made: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """What a network has made, float32 in [0, 1]; what lies outside its range is cut off."""
    low, high = pixel_range
    return ((made.float() - low) / (high - low)).clamp(0, 1)
