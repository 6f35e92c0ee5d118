"""From the text of `--features` to features: a name, or a name with the file of its weights."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from saddlepoint.errors import UserError
from saddlepoint.files import expanded
from saddlepoint.metrics.features.dinov2 import dinov2
from saddlepoint.metrics.features.efficientnet import efficientnet_lite0
from saddlepoint.metrics.features.features import Features
from saddlepoint.metrics.features.hog import hog
from saddlepoint.metrics.features.inception import inception
from saddlepoint.metrics.features.pixels import pixels, points
from saddlepoint.metrics.features.vgg import vgg19

WITHOUT_FILE: dict[str, Callable[[torch.device | str], Features]] = {
    "pixels": lambda device: pixels(),
    "points": lambda device: points(),
    "hog": lambda device: hog(),
    "efficientnet-lite0": efficientnet_lite0,
}
WITH_FILE: dict[str, Callable[[Path, torch.device | str], Features]] = {
    "inception": inception,
    "inception-clean": partial(inception, clean=True),
    "dinov2": dinov2,
    "vgg19": vgg19,
}


def open_features(text: str, device: torch.device | str = "cpu") -> Features:
    """The features that a text names.

    Args:
        text: a name of WITHOUT_FILE, or NAME:FILE with a name of WITH_FILE.
        device: where to compute.

    Raises:
        UserError: an unknown name, a file too many or too few, a file that does not hold the weights, or a wheel that
            is not installed.
    """
    name, colon, file = text.partition(":")
    if name in WITHOUT_FILE:
        if colon:
            raise UserError(f"features {text!r}", f"{name!r} alone, it takes no file", f"write --features {name}")
        return WITHOUT_FILE[name](device)
    if name not in WITH_FILE:
        known = ", ".join([*WITHOUT_FILE, *(f"{each}:FILE" for each in WITH_FILE)])
        raise UserError(f"features {text!r}", f"one of {known}", "choose one of these")
    if not file:
        raise UserError(f"features {text!r}", f"{name}:FILE", f"name the weights file, as in {name}:weights.pth")
    return WITH_FILE[name](expanded(file), device)
