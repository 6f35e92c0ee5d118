"""Latents that a person can name: a seed, or a seed and a count; truncated; and the paths between them.

Truncated to T, a normal latent follows N(0, 1) given |z| <= T: z = F^-1(1/2 + (u - 1/2) (F(T) - F(-T))), F the normal's
distribution function (the truncation trick of Brock, Donahue and Simonyan, "Large scale GAN training for high fidelity
natural image synthesis", 2019). They draw again whatever lies beyond T, which has the same distribution. Here each
number is a function of one uniform number: a latent depends on its seed and index alone, moves smoothly with T, and for
T to infinity is the untruncated one, to the bit.
"""

import math
import re
from collections.abc import Sequence

import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.process.room import refuse_without_room
from saddlepoint.randomness import prior, uniform

# Of a number while it is drawn: float64 twice.
_BYTES = 16


def latents(seed: int, count: int, *, width: int, prior_name: str, truncation: float | None = None) -> Tensor:
    """The first `count` latents of a seed; more of them begin with the same ones.

    Args:
        seed, count: which; count is 1 or more.
        width: numbers in each.
        prior_name: of the distribution that the generator was trained on.
        truncation: the magnitude T that no number exceeds, for a normal prior; None for all of the prior.

    Returns:
        float32 (count, width).

    Raises:
        UserError: no latents asked for or more than memory holds, T not above 0, or a prior other than the normal to be
            truncated.
    """
    if count < 1:
        raise UserError(f"count {count}", "1 or more", "use --count 16")
    refuse_without_room(_BYTES * count * width, f"{count} latents of {width} numbers")
    numbers = uniform(seed, "sample/z", samples=range(count), width=width)
    if truncation is not None:
        numbers = 0.5 + (numbers - 0.5) * _kept(truncation, prior_name)
    return prior(prior_name, numbers)


def latents_of_seeds(seeds: Sequence[int], *, width: int, prior_name: str, truncation: float | None = None) -> Tensor:
    """One latent for each seed, float32 (len(seeds), width): the first one of that seed."""
    each = [latents(seed, 1, width=width, prior_name=prior_name, truncation=truncation) for seed in seeds]
    return torch.cat(each)


def _kept(truncation: float, prior_name: str) -> float:
    """F(T) - F(-T): how much of the prior truncation keeps."""
    if prior_name != "normal":
        raise UserError(
            f"truncation {truncation:g} for the prior {prior_name}",
            "a normal prior, which has tails to cut off",
            "leave --truncation out",
        )
    # Written so that a NaN fails it.
    if not truncation > 0:
        raise UserError(f"truncation {truncation:g}", "more than 0", "use --truncation 0.7")
    return math.erf(truncation / math.sqrt(2.0))


def parse_seeds(text: str) -> list[int]:
    """Seeds as a person writes them: "7", "0-31", "1,5,9-12".

    Raises:
        UserError: the text has another form.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,18})(?:-(\d{1,18}))?\s*", part)
        if not match:
            raise UserError(f"seeds {text!r}", "numbers and ranges, such as 0-31 or 1,5,9-12", "write them so")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first >= 100_000:
            raise UserError(f"seeds {part.strip()!r}", "a rising range of at most 100,000 seeds", "write it so")
        seeds.extend(range(first, last + 1))
    return seeds


def label_number(text: str | int, classes: Sequence[str]) -> int:
    """A label's number from its name or number.

    Raises:
        UserError: the run has no such label, or none at all.
    """
    if not classes:
        raise UserError(f"label {text!r}", "no label, because the run was trained without", "leave --label out")
    if str(text) in classes:
        return list(classes).index(str(text))
    if str(text).isdecimal() and int(text) < len(classes):
        return int(text)
    shown = ", ".join(classes[:12]) + (", ..." if len(classes) > 12 else "")
    raise UserError(f"label {text!r}", f"one of {shown}", f"use a name, or a number from 0 to {len(classes) - 1}")


def path_between(start: Tensor, end: Tensor, count: int, *, spherical: bool) -> Tensor:
    """Latents on the way from one to another, ends included.

    Args:
        start, end: (width,).
        count: 2 or more.
        spherical: along the great circle, with the length changing evenly (for a normal prior, whose mass lies on a
            shell); otherwise along the straight line (Goodfellow et al. 2014, Figure 3).

    Returns:
        (count, width).
    """
    if count < 2:
        raise UserError(f"{count} points between two latents", "2 or more", "use --count 8")
    refuse_without_room(_BYTES * count * len(start), f"{count} latents of {len(start)} numbers")
    t = torch.linspace(0, 1, count, dtype=torch.float64)[:, None]
    a, b = start.double(), end.double()
    straight = (1 - t) * a + t * b
    if not spherical:
        return straight.float()
    length_a, length_b = a.norm(), b.norm()
    cosine = (a @ b / (length_a * length_b)).clamp(-1, 1)
    angle = cosine.acos()
    if not angle.sin() >= 1e-6:
        # The same or opposite directions have no single great circle between them; nor has a latent of length 0.
        return straight.float()
    direction = (torch.sin((1 - t) * angle) * a / length_a + torch.sin(t * angle) * b / length_b) / angle.sin()
    return (direction * ((1 - t) * length_a + t * length_b)).float()


def path_around(latents: Tensor, count: int, *, spherical: bool) -> Tensor:
    """Latents on the way from each to the next and from the last back to the first, for a film that can be repeated.

    Args:
        latents: (k, width), k >= 2.
        count: on each way, 1 or more; its start is among them, its end begins the next.
        spherical: as in `path_between`.

    Returns:
        (k count, width).
    """
    if len(latents) < 2:
        raise UserError(f"a way through {len(latents)} latents", "two or more", "use --seeds 0,1")
    if count < 1:
        raise UserError(f"count {count}", "1 or more from each to the next", "use --count 24")
    ends = latents.roll(-1, dims=0)
    legs = [path_between(a, b, count + 1, spherical=spherical)[:-1] for a, b in zip(latents, ends, strict=True)]
    return torch.cat(legs)
