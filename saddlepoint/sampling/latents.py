"""Latents that a person can name: a seed, or a seed and a count; and the paths between two of them."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.randomness import prior, uniform


def latents(seed: int, count: int, *, width: int, prior_name: str) -> Tensor:
    """The first `count` latents of a seed, float32 (count, width); more of them begin with the same ones."""
    if count < 1:
        raise UserError(f"count {count}", "1 or more", "use --count 16")
    return prior(prior_name, uniform(seed, "sample/z", samples=range(count), width=width))


def latents_of_seeds(seeds: Sequence[int], *, width: int, prior_name: str) -> Tensor:
    """One latent for each seed, float32 (len(seeds), width): the first one of that seed."""
    return torch.cat([latents(seed, 1, width=width, prior_name=prior_name) for seed in seeds])


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
