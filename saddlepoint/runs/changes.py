"""How recipes differ, and what of one may be changed in a run that goes on: whatever its checkpoints still fit."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from saddlepoint.errors import UserError
from saddlepoint.game.steps import RMSProp
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.kinds.kind import HISTORY, SHAPES, Fixed
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import all_players, override
from saddlepoint.run_folder import RECIPE
from saddlepoint.runs.recorded import Change

# How long a run is, is no setting of it: `resume --steps` says it.
STEPS = "training.steps"
# A difference is shown in so many characters.
_SHOWN = 60


# By key; what stands below one is fixed too. Everything else may be changed.
FIXED: dict[str, Fixed] = {
    "format": Fixed(why="it is how the file is read"),
    "seed": Fixed(why="the fixed samples and all that was drawn follow from it"),
    "data": Fixed(why="it has learnt from that data"),
    "networks": SHAPES,
    "latent_prior": Fixed(why="its generator has learnt from such latents"),
    "task.kind": SHAPES,
    "dynamics.correction": HISTORY,
}
# What may be changed, but neither begin nor end in the middle of a run.
THERE_OR_NOT = ("objective", "average")
_PLAYED = Fixed(why="what is played, and what the checkpoints hold, depend on whether it is there")


# A dotted key, its value before, and after; None where it was not there.
Difference = tuple[str, Any, Any]


def differences(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> Iterator[Difference]:
    """Where two recipes differ, but for the number of steps.

    Args:
        before, after: as plain data.
        prefix: of the keys.
    """
    for name in dict.fromkeys((*before, *after)):
        key, one, two = f"{prefix}{name}", before.get(name), after.get(name)
        if isinstance(one, Mapping) and isinstance(two, Mapping):
            yield from differences(one, two, f"{key}.")
        elif one != two and key != STEPS:
            yield key, one, two


def whole_differences(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> Iterator[Difference]:
    """Where two recipes differ, so that each difference can be taken back: what has other entries is one as a whole."""
    for name in before:
        key, one, two = f"{prefix}{name}", before[name], after[name]
        if isinstance(one, Mapping) and isinstance(two, Mapping) and one.keys() == two.keys():
            yield from whole_differences(one, two, f"{key}.")
        elif one != two and key != STEPS:
            yield key, one, two


def assignments_back(before: Recipe, after: Recipe) -> tuple[str, ...]:
    """What takes the later recipe back to the earlier one: "key=value" each, as of `override`."""
    return tuple(f"{key}={json.dumps(one)}" for key, one, _ in whole_differences(plain(before), plain(after)))


def said(key: str, before: Any, after: Any) -> str:
    """A difference in words: training.batch 16 -> 8."""
    return f"{key} {_short(before)} -> {_short(after)}"


def plain(recipe: Recipe) -> dict[str, Any]:
    """A recipe as it is written and compared."""
    return recipe.model_dump(mode="json")


def with_changes(data: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """A recipe as plain data, with recorded changes made to it."""
    changed = json.loads(json.dumps(data))
    for change in changes:
        *parts, last = change.key.split(".")
        place = changed
        for name in parts:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[last] = change.after
    return changed


def changed_recipe(recipe: Recipe, assignments: Sequence[str], run: Path) -> Recipe:
    """The recipe of a run that goes on with some leaves changed; what it has already may be said again.

    Args:
        recipe: as the run has it.
        assignments: as of `override`.
        run: its folder, for the cure.

    Raises:
        UserError: one of them is no setting, or is fixed for a run that has begun.
    """
    changed = override(recipe, assignments)
    if changed.training.steps != recipe.training.steps:
        raise UserError(
            f"--set {STEPS}={changed.training.steps} for a run that goes on",
            "the new total by --steps",
            f"use `saddlepoint resume {shlex.quote(str(run))} --steps {changed.training.steps}`",
        )
    for key, before, after in differences(plain(recipe), plain(changed)):
        fixed = _fixed(recipe, key, appears=(before is None) != (after is None))
        if fixed is not None:
            raise UserError(
                f"--set {key} for a run that goes on ({said(key, before, after)})",
                f"{key} as it is, because {fixed.why}",
                _begin_anew(recipe, key, after, run, with_weights=fixed.weights_fit),
            )
    return changed


def _fixed(recipe: Recipe, key: str, *, appears: bool) -> Fixed | None:
    parts = key.split(".")
    kind, players = kind_of(recipe), recipe.task.players
    known = {
        **FIXED,
        **{f"task.{name}": fixed for name, fixed in kind.fixed.items()},
        **{f"{player}.optimizer": HISTORY for player in players},
    }
    for depth in range(len(parts), 0, -1):
        if (fixed := known.get(".".join(parts[:depth]))) is not None:
            return fixed
    if appears and key in (*THERE_OR_NOT, *all_players(), *(f"task.{name}" for name in kind.there_or_not)):
        return _PLAYED
    player, _, number = key.partition(".")
    if number == "momentum" and isinstance(recipe.optimizers.get(player), RMSProp):
        # torch keeps a buffer for it only where there was a momentum at the first step.
        return HISTORY
    return None


def _begin_anew(recipe: Recipe, key: str, value: Any, run: Path, *, with_weights: bool) -> str:
    if recipe.networks == "own":
        taken = ", weights_from=RUN" if with_weights else ""
        return f"begin a new run from Python: saddlepoint.train(..., set={{{key!r}: ...}}{taken})"
    source = shlex.quote(str(run / RECIPE))
    setting = shlex.quote(f"{key}={_short(value)}") if isinstance(value, int | float | str | None) else f"{key}=..."
    if with_weights:
        return (
            f"begin a new run with its weights by `saddlepoint train {source} --from {shlex.quote(str(run))}"
            f" --set {setting}`"
        )
    return f"begin a new run by `saddlepoint train {source} --set {setting}`"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
