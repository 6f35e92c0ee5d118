"""Where a recipe of super-resolution compares images: in pixels, in VGG19, or in a classifier of one's own.

pixels           SRResNet's mean squared error
vgg19:FILE       the last map of VGG19, phi_54, divided by 12.75 (SRGAN)
classifier:RUN   the last map of a network that the recipe `classifier` has trained
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from saddlepoint.errors import UserError
from saddlepoint.files import expanded
from saddlepoint.metrics.features import Features
from saddlepoint.metrics.features.vgg import PUBLISHED, SMALLEST, vgg19
from saddlepoint.tasks.classification import Classification
from saddlepoint.tasks.kit.content import PIXELS, Content
from saddlepoint.tasks.super_resolution import SuperResolution

# Ledig et al. 2017, section 3.2: by this the losses in the maps are of the size of the MSE.
VGG_SCALE = 1 / 12.75
WAYS = "pixels, vgg19:FILE or classifier:RUN"


def open_content(text: str, *, channels: int, crop: int, device: torch.device) -> Content:
    """The content that a recipe's `task.content` names.

    Args:
        text: one of the ways above.
        channels: of the images that will be compared.
        crop: their side in pixels.
        device: where they will be.

    Raises:
        UserError: another text, a file or a run that is not there or does not fit the images.
    """
    name, _, place = text.partition(":")
    if text == "pixels":
        return PIXELS
    if name == "vgg19":
        return _vgg19(text, place, crop, device)
    if name == "classifier" and place:
        return _classifier(text, Path(place), channels, device)
    raise UserError(f"task.content = {text}", f"one of {WAYS}", "choose one of these")


def absolute(text: str) -> str:
    """The same content, with a place that is found from any folder."""
    name, colon, place = text.partition(":")
    return f"{name}:{expanded(place).resolve()}" if colon and place else text


def _vgg19(text: str, place: str, crop: int, device: torch.device) -> Content:
    path = expanded(place)
    if not place or not path.is_file():
        raise UserError(
            f"task.content = {text}" + (", where there is no file" if place else " without the file of its weights"),
            f"vgg19:FILE with {PUBLISHED.file}, published at {PUBLISHED.url}",
            f"fetch it and set task.content=vgg19:{PUBLISHED.file}; without it, compare in pixels "
            "(task.content=pixels) or in a classifier of your own (task.content=classifier:RUN)",
        )
    if crop < SMALLEST:
        raise UserError(
            f"task.crop = {crop} with task.content = {text}",
            f"at least {SMALLEST}, because VGG19 halves images four times",
            f"set task.crop={SMALLEST} or more",
        )
    features = vgg19(path, device)
    return _last_map(features, VGG_SCALE, features.about["weights"]["sha256"])


def _classifier(text: str, run: Path, channels: int, device: torch.device) -> Content:
    # Here, because loading a run builds tasks, and building a task of super-resolution comes here.
    from saddlepoint.recipes.features import features_of
    from saddlepoint.recipes.loading import load_task, refuse_left_out

    run = expanded(run)
    loaded = load_task(run, left_out=refuse_left_out(run), device=str(device))
    if not isinstance(loaded.task, Classification):
        raise UserError(
            f"task.content = {text}, a run of the task {loaded.recipe.task.kind}",
            "a run of the recipe classifier",
            "train one with `saddlepoint train classifier --data FOLDER`",
        )
    if loaded.found.shape[0] != channels:
        raise UserError(
            f"task.content = {text}, which saw images of {loaded.found.shape[0]} channels",
            f"{channels}, as the images that are enlarged have",
            f"train it with --set data.channels={channels}",
        )
    features = features_of(loaded, run)
    return _last_map(features, 1.0, features.about["sha256"])


def _last_map(features: Features, scale: float, sha256: str) -> Content:
    maps = features.maps
    assert maps is not None, f"{features.name} has no maps"
    return Content(
        name=features.name, maps=lambda images: maps(images)[-1], scale=scale, sha256=sha256, about=features.about
    )


def check_unchanged(task: SuperResolution, before: Mapping[str, Any] | None) -> None:
    """Whether a run that goes on compares images in the network that it began with.

    Args:
        task: as it is now.
        before: what the run wrote down of its content when it began; None for pixels.

    Raises:
        UserError: the weights are others.
    """
    began = before.get("sha256") if before is not None else None
    if began != task.content.sha256:
        raise UserError(
            f"task.content with weights of sha256 {str(task.content.sha256)[:12]}",
            f"those that the run began with, {str(began)[:12]}",
            "put that file or run back in its place, or begin a new run with --from",
        )
