"""Priors of the generator's input z, as maps from uniform numbers: z = F^-1(u), so that they inherit the counters.

normal                 N(0, 1)                 (R3GAN, WGAN)
uniform                U(-1, 1)                (DCGAN)
unit_variance_uniform  U(-sqrt 3, sqrt 3)      (Goodfellow et al. 2014)
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from saddlepoint.errors import UserError


def _normal(u: Tensor) -> Tensor:
    return math.sqrt(2.0) * torch.erfinv(2.0 * u - 1.0)


def _uniform(u: Tensor) -> Tensor:
    return 2.0 * u - 1.0


def _unit_variance_uniform(u: Tensor) -> Tensor:
    return math.sqrt(3.0) * (2.0 * u - 1.0)


PRIORS: dict[str, Callable[[Tensor], Tensor]] = {
    "normal": _normal,
    "uniform": _uniform,
    "unit_variance_uniform": _unit_variance_uniform,
}


def prior(name: str, u: Tensor) -> Tensor:
    """Latents of the named prior from uniform numbers.

    Args:
        name: a key of `PRIORS`.
        u: uniform numbers in (0, 1), float64, any shape.

    Returns:
        float32, the shape of u.

    Raises:
        UserError: no prior has that name.
    """
    if name not in PRIORS:
        raise UserError(f"prior {name!r}", f"one of {', '.join(PRIORS)}", "choose one of these names")
    # Computed in double: near the ends of (0, 1) float32 has too few values for the tails of the normal.
    return PRIORS[name](u).to(torch.float32)
