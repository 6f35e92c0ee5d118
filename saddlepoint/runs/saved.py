"""The recipe that a checkpoint was saved under: in its manifest, and compared with what the run's recipe.yaml says now.

recipe.yaml is a person's to edit, and its bytes may change by themselves; neither may pass without a word, for what a
run becomes, and what its weights give, depends on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saddlepoint.errors import UserError
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import recipe_from
from saddlepoint.runs.changes import differences, plain, said, with_changes
from saddlepoint.runs.recorded import Recorded
from saddlepoint.training.records.checkpoint import Checkpoint

# Under these names a manifest tells them.
_RECIPE, _FOUND = "recipe", "found"
# Of what a run has found: what its networks, and what they are shown, depend on.
MATTERS = ("kind", "shape", "source_shape", "classes", "latent", "prior", "pixel_range")
# Of the recipe: what the samples of given weights depend on.
_OF_SAMPLES = ("networks", "latent_prior", "task")


@dataclass(frozen=True, kw_only=True)
class Saved:
    """Differences between a checkpoint and its run's recipe.yaml, each in words.

    Attributes:
        recipe: of the recipe, but for the number of steps and what `resume` has changed and recorded.
        of_samples: those of them that samples of the checkpoint depend on, and those of what was found.
        log_every: how often it was logged then; None where that is not known.
    """

    recipe: tuple[str, ...] = ()
    of_samples: tuple[str, ...] = ()
    log_every: int | None = None


def about_recipe(recipe: Recipe, found: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest tells of the recipe and of what was found.

    Args:
        recipe: the effective one.
        found: as it is recorded.
    """
    return {_RECIPE: plain(recipe), _FOUND: {name: found[name] for name in MATTERS if name in found}}


def saved_under(checkpoint: Checkpoint, recipe: Recipe, recorded: Recorded) -> Saved:
    """What has changed in recipe.yaml since a checkpoint was saved; nothing for one from before this was recorded."""
    about = checkpoint.manifest["about"]
    if _RECIPE not in about:
        return Saved()
    try:
        # Through a recipe, so that what a later version has added stands there with its default.
        saved = recipe_from(about[_RECIPE], f"the manifest of {checkpoint.path}")
    except UserError as error:
        return Saved(recipe=(f"a recipe that cannot be compared ({error.got})",))
    since = [change for change in recorded.changed if change.step >= checkpoint.step]
    differs = list(differences(with_changes(plain(saved), since), plain(recipe)))
    found = found_differences(about.get(_FOUND), recorded.found)
    of_samples = [each for each in differs if each[0].partition(".")[0] in _OF_SAMPLES]
    return Saved(
        recipe=tuple(said(*each) for each in differs),
        of_samples=(*(said(*each) for each in of_samples), *found),
        log_every=saved.watch.log_every,
    )


def found_differences(before: Any, after: Mapping[str, Any]) -> list[str]:
    """Where two records of what was found differ in something that matters, in words."""
    if not isinstance(before, Mapping):
        return []
    return [
        said(f"found.{name}", before[name], after[name])
        for name in MATTERS
        if name in before and name in after and before[name] != after[name]
    ]
