"""Normal numbers from the uniform numbers of a draw: z = sqrt 2 erfinv(2 u - 1)."""

import math

import torch
from torch import Tensor

# The largest float32 below 1 but one. A uniform number that float32 rounds to 0 or 1 would stand for an infinite z.
MOST = 1.0 - 2.0**-23


def normal(uniform: Tensor) -> Tensor:
    """N(0, 1) from numbers in (0, 1), elementwise, cut off at 5.2 standard deviations."""
    return math.sqrt(2.0) * torch.erfinv((2.0 * uniform - 1.0).clamp(-MOST, MOST))
