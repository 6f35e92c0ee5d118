"""Between two segments of a run: back to a checkpoint, or on with other leaves of the recipe.

Both are written down before anything else is: killed at any moment, the run goes on from its newest checkpoint, does
again what came after it, and is asked again (`training/records/replay.py`). What a request has changed in recipe.yaml
stands there with its branch and step, and is taken back when the run goes on from before it (`without_requests_after`).
"""

from collections.abc import Sequence
from typing import Any, Literal

from saddlepoint.errors import Diverged, UserError
from saddlepoint.process.saying import say
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import known_keys, recipe_from
from saddlepoint.runs.build import Built
from saddlepoint.runs.changes import changed_recipe, plain, said, whole_differences, with_changes
from saddlepoint.runs.memory_needed import refuse_too_large
from saddlepoint.runs.opened import OpenRun
from saddlepoint.runs.recorded import Change, Recorded
from saddlepoint.training.control import Control
from saddlepoint.training.records.abandoned import set_aside
from saddlepoint.training.records.checkpoint import newest_valid, read, restore, save, steps_saved
from saddlepoint.training.records.keeping import Checkpoints
from saddlepoint.training.records.replay import concerned
from saddlepoint.training.requests import Rebuild, RollBack, check_known


def roll_back(run: OpenRun, request: RollBack, control: Control, failure: Diverged | None = None) -> OpenRun:
    """Back to the newest whole checkpoint at or before a step, and on from there on a new branch.

    Recipe and settings are those of that step, with what the request changes: what requests have changed since then is
    undone. What came after it is set aside under other names (`training/records/abandoned.py`).

    Args:
        run: as it stands.
        request: where to, and what is changed.
        control: is told that it was carried out.
        failure: what it answers, or None.

    Raises:
        UserError: it cannot be carried out; nothing was done.
    """
    folder, state = run.folder, run.game.state
    saved = steps_saved(folder.checkpoints)
    if not any(request.to is None or step <= request.to for step in saved):
        raise UserError(
            f"a roll back to step {request.to}" if saved else "a roll back of a run without checkpoints",
            "a checkpoint at or before it",
            f"ask for one of {', '.join(map(str, saved))}" if saved else "ask when there is one",
        )
    left_out: list[str] = []
    checkpoint = newest_valid(
        folder.checkpoints,
        left_out=lambda problems, _: left_out.extend(problems),
        up_to=request.to,
        settings=known_keys(),
    )
    to, branch = checkpoint.step, state.branch + 1
    recipe, recorded = without_requests_after(run.recipe, run.recorded, to, state.branch)
    following, made = _changed(run, recipe, recorded, request.changes, to, branch, checkpoint.seeding)
    game = following.game
    # Before anything is moved: what a person has brought is one and the same in both games.
    check_known(request.values, game)
    restore(checkpoint, game.task, game.steps, game.state)
    if request.forget:
        _forget(game)
    game.state.enter(branch)
    game.state.seconds = state.seconds
    release(game, made)
    game.state.overrides.update({name: float(value) for name, value in request.values.items()})

    more: dict[str, Any] = {"to": to, **({"failed": failure.what} if failure is not None else {})}
    control.answer(request, state, **more)
    # From here on the iterations after the checkpoint are none of the run's.
    state.whole = False
    for problem in left_out:
        folder.note("checkpoint left out", problem=problem)
    set_aside(folder, to, state.branch, run.recipe.watch.log_every)
    following.write_recipe()
    save(folder.checkpoints, game.task, game.steps, game.state, following.about)
    cause = f" ({failure.what})" if failure is not None else ""
    say(run.show, f"rolled back from step {state.step} to step {to}{cause}{_words(made, request.values)}")
    return following


def rebuild(run: OpenRun, request: Rebuild, control: Control, checkpoints: Checkpoints) -> OpenRun:
    """On from the same step with other leaves of the recipe.

    Args:
        run: as it stands.
        request: what is changed.
        control: is told that it was carried out.
        checkpoints: of the segment that ends.

    Raises:
        UserError: a leaf is none, or is fixed for a run that has begun, or no game can be built; nothing was done.
    """
    folder, state = run.folder, run.game.state
    following, made = _changed(run, run.recipe, run.recorded, request.changes, state.step, state.branch, state.seeding)
    if not made:
        raise UserError(
            f"a request for {'; '.join(request.changes)}, which the run has already",
            "a change",
            "ask for another value",
        )
    control.answer(request, state)
    # What is saved before recipe.yaml is written would be of a run that knows nothing of the change.
    state.whole = False
    if request.forget:
        # Before it is saved: what is saved is what is gone on from.
        _forget(run.game)
    following.write_recipe()
    checkpoints.save(state)
    checkpoint = read(folder.checkpoints / f"{state.step:08d}", known_keys())
    game = following.game
    restore(checkpoint, game.task, game.steps, game.state)
    release(game, made)
    say(run.show, f"rebuilt at step {state.step}{_words(made, {})}")
    return following


def without_requests_after(recipe: Recipe, recorded: Recorded, step: int, branch: int) -> tuple[Recipe, Recorded]:
    """A recipe without what requests have changed in it after a step, or on a later branch than this one.

    What a person has changed when the run was resumed stays.
    """
    undone = [each for each in recorded.changed if each.asked and (each.step > step or each.branch > branch)]
    if not undone:
        return recipe, recorded
    back = [each.model_copy(update={"after": each.before}) for each in reversed(undone)]
    recipe = recipe_from(with_changes(plain(recipe), back), "a recipe without what was asked for later")
    kept = tuple(each for each in recorded.changed if each not in undone)
    return recipe, recorded.model_copy(update={"changed": kept})


def release(game: Built, changes: Sequence[Change]) -> None:
    """A setting that was changed since is no longer held at what a request fixed before; nor is one that is gone."""
    keys = [change.key for change in changes]
    overrides = game.state.overrides
    game.state.overrides = {
        name: value for name, value in overrides.items() if name in game.schedules and not concerned(name, keys)
    }


def _forget(game: Built) -> None:
    for step in game.steps.values():
        step.forget()


def _changed(
    run: OpenRun,
    recipe: Recipe,
    recorded: Recorded,
    assignments: Sequence[str],
    step: int,
    branch: int,
    seeding: Literal[1, 2],
) -> tuple[OpenRun, list[Change]]:
    """The run with a game for a changed recipe, and the changes, recorded with the step and branch they hold from."""
    changed = changed_recipe(recipe, assignments, run.folder.path) if assignments else recipe
    made = [
        Change(step=step, branch=branch, asked=True, key=key, before=before, after=after)
        for key, before, after in whole_differences(plain(recipe), plain(changed))
    ]
    if made:
        recorded = recorded.model_copy(update={"changed": (*recorded.changed, *made)})
    following = run.anew(changed, recorded, seeding)
    if made:
        # What fitted when it began, a larger batch may not.
        refuse_too_large(following.game, changed, run.found, following.memory)
    return following, made


def _words(made: Sequence[Change], values: Any) -> str:
    words = [said(change.key, change.before, change.after) for change in made]
    words += [f"{name} at {value:g}" for name, value in values.items()]
    return f": {'; '.join(words)}" if words else ""
