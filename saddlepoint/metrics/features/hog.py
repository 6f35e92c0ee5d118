"""Histograms of oriented gradients: where edges are and which way they run, known without any training.

    gradient    g = (x[r+1, c] - x[r-1, c], x[r, c+1] - x[r, c-1]), 0 at the borders; of the channel where it is longest
    cell        h[o] = mean over its pixels of |g|, of those whose orientation (0 to 180 degrees) is in bin o of 8
    contrast    v = h / sqrt(sum of |h|^2 over the cell and its neighbours + 0.02^2)
    (Dalal and Triggs 2005, with the middle cell of each block of 3x3 kept instead of all nine)

They are the second judge beside a network trained on ImageNet, which looks away from contrast, light and place, and of
which a discriminator may have seen more than it should. The floor of 0.02 (five grey levels between neighbours but one)
keeps the noise of a flat ground, which nobody sees, from counting as an edge.

Cells are of 8x8 pixels, but there are 4 to 8 of them along a side: cells of images above 64 pixels are larger, below 32
smaller, and where a side is no multiple they overlap by a pixel.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from saddlepoint.metrics.features import preparation
from saddlepoint.metrics.features.features import SMALL_SETS, Features

NAME = "hog"
ORIENTATIONS, CELL = 8, 8
FEWEST, MOST = 4, 8
FLOOR = 0.02
_AT_ONCE = 64


def cells(side: int) -> int:
    """How many cells stand along a side of so many pixels."""
    return max(FEWEST, min(MOST, side // CELL))


def histograms(images: Tensor) -> Tensor:
    """Mean length of gradients by orientation and cell, (n, 8, rows, columns), of images (n, c, height, width)."""
    down, across = torch.zeros_like(images), torch.zeros_like(images)
    down[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    across[..., 1:-1] = images[..., 2:] - images[..., :-2]
    magnitude, channel = torch.hypot(down, across).max(dim=1, keepdim=True)
    down, across = down.gather(1, channel), across.gather(1, channel)
    orientation = (torch.atan2(down, across) / torch.pi) % 1.0
    index = (orientation * ORIENTATIONS).long().clamp(max=ORIENTATIONS - 1)
    edges = images.new_zeros((len(images), ORIENTATIONS, *images.shape[2:])).scatter_(1, index, magnitude)
    return F.adaptive_avg_pool2d(edges, (cells(images.shape[2]), cells(images.shape[3])))


def contrast_normalised(found: Tensor, floor: float = FLOOR) -> Tensor:
    """Histograms (n, 8, rows, columns) over the length of those of 3x3 cells, outside of which there is nothing."""
    energy = F.avg_pool2d(found.square().sum(dim=1, keepdim=True), 3, 1, 1, divisor_override=1)
    return found / (energy + floor**2).sqrt()


def hog() -> Features:
    """Images of 1, 3 or 4 channels and any size; 8 numbers for each of 16 to 64 cells."""

    def vectors(images: Tensor) -> Tensor:
        pixels = preparation.rounded(preparation.three_channels(preparation.on_white(images))) / 255
        return torch.cat([contrast_normalised(histograms(part)).flatten(1) for part in pixels.split(_AT_ONCE)])

    return Features(
        name=NAME,
        about={
            "network": "none",
            "channels": "alpha composed on white; of each pixel the channel with the steepest gradient",
            "resize": "none",
            "values": f"{preparation.ROUNDED}, in [0, 1]",
            "orientations": ORIENTATIONS,
            "cells": f"{CELL}x{CELL} pixels, but {FEWEST} to {MOST} along a side",
            "contrast": f"by 3x3 cells, floor {FLOOR:g}",
        },
        vectors=vectors,
        directions=SMALL_SETS,
    )
