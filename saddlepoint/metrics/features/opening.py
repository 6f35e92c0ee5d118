"""From the text of `--features` to features: a name, or a name with the file of its weights."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from saddlepoint.errors import UserError
from saddlepoint.files import expanded
from saddlepoint.metrics.features.dinov2 import dinov2
from saddlepoint.metrics.features.features import Features
from saddlepoint.metrics.features.inception import inception
from saddlepoint.metrics.features.pixels import pixels, points
from saddlepoint.metrics.features.vgg import vgg19

WITHOUT_FILE: dict[str, Callable[[], Features]] = {"pixels": pixels, "points": points}
WITH_FILE: dict[str, Callable[[Path, torch.device | str], Features]] = {
    "inception": inception,
    "inception-clean": partial(inception, clean=True),
    "dinov2": dinov2,
    "vgg19": vgg19,
}


def open_features(text: str, device: torch.device | str = "cpu") -> Features:
    """The features that a text names.

    Args:
        text: "pixels", "points", or NAME:FILE with a name of WITH_FILE.
        device: where to compute.

    Raises:
        UserError: an unknown name, a file too many or too few, or a file that does not hold the weights.
    """
    name, colon, file = text.partition(":")
    if name in WITHOUT_FILE:
        if colon:
            raise UserError(f"features {text!r}", f"{name!r} alone, it has no weights", f"write --features {name}")
        return WITHOUT_FILE[name]()
    if name not in WITH_FILE:
        known = ", ".join([*WITHOUT_FILE, *(f"{each}:FILE" for each in WITH_FILE)])
        raise UserError(f"features {text!r}", f"one of {known}", "choose one of these")
    if not file:
        raise UserError(f"features {text!r}", f"{name}:FILE", f"name the weights file, as in {name}:weights.pth")
    return WITH_FILE[name](expanded(file), device)
