"""Networks that a recipe names to learn by (`Kind.references`): a file of weights, or a run of one's own.

pixels           none
vgg19:FILE       VGG19
classifier:RUN   a network that the recipe `classifier` has trained
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from saddlepoint.errors import UserError
from saddlepoint.files import expanded
from saddlepoint.metrics.features import Features
from saddlepoint.metrics.features.vgg import PUBLISHED, vgg19
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.kinds.kind import digest
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.features import features_of_run

WAYS = "pixels, vgg19:FILE or classifier:RUN"


def open_references(recipe: Recipe, found: DataFacts, device: torch.device) -> dict[str, Features]:
    """What the options of the recipe's task name, opened; those that name nothing are left out.

    Raises:
        UserError: another text, a file or a run that is not there or does not fit the images.
    """
    opened = {
        name: open_reference(f"task.{name}", getattr(recipe.task, name), channels=found.shape[0], device=device)
        for name in kind_of(recipe).references
    }
    return {name: features for name, features in opened.items() if features is not None}


def open_reference(key: str, text: str, *, channels: int, device: torch.device) -> Features | None:
    """The features that an option names; None for pixels.

    Args:
        key: the option, for errors.
        text: one of the ways above.
        channels: of the images that will be compared.
        device: where they will be.

    Raises:
        UserError: as above.
    """
    name, _, place = text.partition(":")
    if text == "pixels":
        return None
    if name == "vgg19":
        return _vgg19(key, text, place, device)
    if name == "classifier" and place:
        return _classifier(key, text, Path(place), channels, device)
    raise UserError(f"{key} = {text}", f"one of {WAYS}", "choose one of these")


def with_places(recipe: Recipe) -> Recipe:
    """The recipe with the places that its references name found from any folder."""
    places = {name: absolute(getattr(recipe.task, name)) for name in kind_of(recipe).references}
    return recipe.model_copy(update={"task": recipe.task.model_copy(update=places)}) if places else recipe


def absolute(text: str) -> str:
    """The same text, with a place that is found from any folder."""
    name, colon, place = text.partition(":")
    return f"{name}:{expanded(place).resolve()}" if colon and place else text


def _vgg19(key: str, text: str, place: str, device: torch.device) -> Features:
    path = expanded(place)
    if not place or not path.is_file():
        raise UserError(
            f"{key} = {text}" + (", where there is no file" if place else " without the file of its weights"),
            f"vgg19:FILE with {PUBLISHED.file}, published at {PUBLISHED.url}",
            f"fetch it and set {key}=vgg19:{PUBLISHED.file}; without it, compare in pixels "
            f"({key}=pixels) or in a classifier of your own ({key}=classifier:RUN)",
        )
    return vgg19(path, device)


def _classifier(key: str, text: str, run: Path, channels: int, device: torch.device) -> Features:
    features, found, kind = features_of_run(expanded(run), device)
    if features is None:
        raise UserError(
            f"{key} = {text}, a run of the task {kind}",
            "a run of the recipe classifier",
            "train one with `saddlepoint train classifier --data FOLDER`",
        )
    if found.shape[0] != channels:
        raise UserError(
            f"{key} = {text}, which saw images of {found.shape[0]} channels",
            f"{channels}, as the images that are enlarged have",
            f"train it with --set data.channels={channels}",
        )
    return features


def check_unchanged(recipe: Recipe, references: Mapping[str, Features], before: Any) -> None:
    """Whether a run that goes on learns by the networks that it began with.

    Args:
        recipe: of the run.
        references: as they are now.
        before: what the run has recorded of its task when it began.

    Raises:
        UserError: the weights of one are others.
    """
    for name in kind_of(recipe).references:
        began, now = getattr(before, name) or {}, references.get(name)
        if began.get("sha256") != (sha256 := digest(now) if now is not None else None):
            raise UserError(
                f"task.{name} with weights of sha256 {str(sha256)[:12]}",
                f"those that the run began with, {str(began.get('sha256'))[:12]}",
                "put that file or run back in its place, or begin a new run with --from",
            )
