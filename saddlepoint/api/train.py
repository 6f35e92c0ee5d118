"""`sp.train` and `sp.resume`: from what a person gave to a run that has ended, and its report."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from saddlepoint.api.given import (
    assignment,
    changes_of,
    check_observers,
    check_same,
    check_torch,
    own_networks,
)
from saddlepoint.api.run import Run, run_path
from saddlepoint.arguments import place, real_number, text, whole_number
from saddlepoint.data import Packed, from_torch_dataset
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.errors import RunStopped, UserError, reason_of
from saddlepoint.files import next_free
from saddlepoint.game.task import RunTask
from saddlepoint.objectives import Objective
from saddlepoint.objectives import objective as objective_named
from saddlepoint.process.saying import say
from saddlepoint.process.signals import held
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.data_facts import RecipeData, shaping
from saddlepoint.recipes.horizons import begun_with
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.own_tasks import check_task, recipe_of_task
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import read_recipe
from saddlepoint.report import write_report
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.pace import Budget
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.runs.segments import Ended, said_when_interrupted
from saddlepoint.runs.session import resume as resume_run
from saddlepoint.runs.session import start as start_run
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.folder import RunFolder

_AT_END = "watch.evaluate_at_end"


def train(
    what: str | Path | Recipe | RunTask = "images",
    *,
    data: Any = None,
    out: str | Path | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    stop_at: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    objective: str | Objective | None = None,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    latent: int | None = None,
    pixel_range: tuple[float, float] | None = (-1.0, 1.0),
    weights_from: "str | Path | Run | None" = None,
    set: Mapping[str, Any] | Sequence[str] = (),
    show: bool = True,
    command: str = "",
    observers: Sequence[Observer] = (),
) -> Run:
    """Trains a generator, and gives back the finished run.

    Args:
        what: a recipe's name, a YAML file, a `Recipe`, or a task of your own.
        data: a path, an embedded name, hf:NAME, a torch Dataset of images or (image, label), or packed data.
        out: the run's folder, new or empty; by default the next free one under runs/.
        steps: the total number of iterations. The horizons of all schedules come along (`recipes/horizons.py`), but for
            what `set` says of them; as they do for training.steps there.
        minutes: in the place of steps, how long the run is to take by the clock on this machine, its end included: some
            steps are timed, and as many are planned as fit. A machine that gets busier takes longer.
        stop_at: ends the run early, after so many of its iterations; `resume` then goes on as if it had not ended.
        seed: of everything that is random.
        device: auto, cpu, cuda or mps.
        objective: a name of the catalogue, a triple such as "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid", or what
            `sp.objective` made of one.
        generator, discriminator: your own networks, both or none. The generator maps z (n, latent) to images in
            `pixel_range`, (n, channels, height, width); the discriminator maps those to raw scores (n,), or to maps
            of them. With the setting task.conditional both are given labels (n,) too. They are tried once, before
            anything is written.
        latent: width of z; needed with your own generator, unless it has an attribute `latent`.
        pixel_range: of the images that your own networks make and see; None for points.
        weights_from: a run whose weights this one begins with.
        set: further settings by dotted key: {"training.batch": 32}, or texts ["training.batch=32"].
        show: progress on standard error.
        command: what is recorded as the run's command line.
        observers: further observers, shown each iteration.

    Raises:
        UserError: something that was given is not as it should be.
        RunStopped: the run could not go on (NaN, full disk, out of memory); its state is kept.

    Examples:
        >>> run = sp.train("digits", steps=3, out=folder / "digits", show=False)
        >>> run.step
        3

        Another objective, other settings, your own data:

        >>> images = torch.rand(60, 1, 12, 12)
        >>> data = torch.utils.data.TensorDataset(images)
        >>> other = sp.train(
        ...     "images",
        ...     data=[image for (image,) in data],
        ...     objective="hinge",
        ...     steps=1,
        ...     out=folder / "own-data",
        ...     set={"training.batch": 8, "generator.rate": 1e-3},
        ...     show=False,
        ... )
        >>> sp.load(other).sample(2).shape
        torch.Size([2, 1, 12, 12])
    """
    began = time.perf_counter()
    check_torch()
    check_observers(observers)
    task = None if isinstance(what, str | Path | Recipe) else check_task(what)
    recipe = _recipe(what) if isinstance(what, str | Path | Recipe) else recipe_of_task(what)
    changes = changes_of(set)
    named = {"training.steps": steps, "seed": seed, "training.device": device, "objective": objective}
    changes += [assignment(key, value) for key, value in named.items() if value is not None]
    if isinstance(data, str | Path):
        changes.append(f"data.source={json.dumps(str(data))}")
    if minutes is not None:
        minutes = _checked_minutes(minutes, steps, changes)
    as_named, networks = recipe, own_networks(generator, discriminator, latent, pixel_range)

    def of_steps(count: int, samples: int | None) -> Recipe:
        """The recipe of a run of so many steps and samples at its end, with all that was set."""
        end = [assignment(_AT_END, samples)] if samples is not None else []
        longer = begun_with(as_named, [*end, *changes, assignment("training.steps", count)])
        return longer.model_copy(update={"networks": "own"}) if networks is not None else longer

    recipe = begun_with(recipe, changes) if changes else recipe
    # Parsed here, before any data is read: a mistake in a formula should not wait for that.
    if task is None and recipe.objective is not None:
        objective_named(recipe.objective).check_trainable()
    if networks is not None and task is not None:
        raise UserError("networks beside a task", "a task, which has its networks", "leave generator= out")
    if networks is not None:
        recipe = recipe.model_copy(update={"networks": "own"})
    if task is not None:
        kind_of(recipe).try_task(task, averaged=recipe.average is not None, begins=True)
    stop_at = whole_number("stop_at", stop_at) if stop_at is not None else None
    folder = RunFolder(place("out", out) if out is not None else next_free(Path("runs") / recipe.name)).path
    from_python = FromPython(data=_packed(data, recipe), networks=networks, task=task)
    source = weights_from.path if isinstance(weights_from, Run) else weights_from
    budget = None
    if minutes is not None:
        free = not any(change.partition("=")[0].strip() == _AT_END for change in changes)
        budget = Budget(minutes=minutes, began=began, of_steps=of_steps, free_end=free, after=write_report)
    with said_when_interrupted(folder):
        try:
            ended = start_run(
                recipe,
                folder,
                from_python=from_python,
                weights_from=place("weights_from", source) if source is not None else None,
                stop_at=stop_at,
                budget=budget,
                command=text("command", command),
                show=show,
                observers=observers,
            )
        except RunStopped:
            _report_if_possible(folder)
            raise
        return _run(ended)


def resume(
    run: str | Path | Run,
    *,
    steps: int | None = None,
    data: Any = None,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    latent: int | None = None,
    pixel_range: tuple[float, float] | None = (-1.0, 1.0),
    task: RunTask | None = None,
    set: Mapping[str, Any] | Sequence[str] = (),
    show: bool = True,
    observers: Sequence[Observer] = (),
) -> Run:
    """Goes on with a run from its newest valid checkpoint; on the same machine, bit for bit as if never interrupted.

    Args:
        run: its folder.
        steps: the new total; None for the recipe's. No horizon moves: beyond the recipe's steps schedules stay at their
            ends.
        set: settings that are other ones from here on, as in `train`; recorded. What the networks' shapes, the data or
            the number of players depend on stays as it is.
        data: where the data is now, if it has moved; or the same Dataset as at the start.
        generator, discriminator, latent, pixel_range, task: as given to `train`, if they were.
        show, observers: as in `train`.

    Raises:
        UserError, RunStopped: as in `train`.

    Examples:
        >>> run = sp.resume(run, steps=4, show=False)
        >>> [line["step"] for line in run.log()][-1]
        4
    """
    check_torch()
    check_observers(observers)
    path = run_path(run)
    if steps is not None and whole_number("steps", steps) < 1:
        raise UserError(f"--steps {steps}", "1 or more", "give the total number of steps")
    folder = RunFolder.existing(path)
    recipe, recorded = read_recorded(folder)
    networks = own_networks(generator, discriminator, latent, pixel_range, begins=False)
    if networks is not None:
        check_same(networks, recorded.of_task(recipe))
    if task is not None:
        kind_of(recipe).try_task(check_task(task), averaged=recipe.average is not None, begins=False)
    from_python = FromPython(data=_packed(data, recipe), networks=networks, task=task)
    data_path = str(data) if isinstance(data, str | Path) else None
    with said_when_interrupted(folder.path):
        try:
            ended = resume_run(
                folder.path,
                steps=steps,
                changes=changes_of(set),
                data_path=data_path,
                from_python=from_python,
                show=show,
                observers=observers,
            )
        except RunStopped:
            _report_if_possible(folder.path)
            raise
        return _run(ended)


def _run(ended: Ended) -> Run:
    path = ended.folder.path
    try:
        with held():
            write_report(path)
    except OSError as error:
        raise RunStopped(
            f"the run has ended at step {ended.step}, and its report could not be written ({reason_of(error)})",
            f"all else is kept in {path}",
            f"make room for it, then write it by `saddlepoint report {path}`",
        ) from error
    return Run(path=path, step=ended.step, stopped=ended.stopped)


def _report_if_possible(path: Path) -> None:
    try:
        with held():
            write_report(path)
    except (OSError, UserError) as error:
        # The full disk that stopped the run may have no room for a report either, and a folder that was removed has no
        # run to report of; what stopped it is still said.
        say(True, f"no report could be written ({reason_of(error)})")


def _checked_minutes(minutes: Any, steps: int | None, changes: Sequence[str]) -> float:
    """The minutes as a number.

    Raises:
        UserError: they are none, or the number of steps is given too.
    """
    given = real_number("minutes", minutes)
    if not 0 < given < math.inf:
        raise UserError(f"--minutes {given:g}", "a number of minutes above 0", "give --minutes 10, for example")
    if steps is not None or any(change.partition("=")[0].strip() == "training.steps" for change in changes):
        raise UserError(
            f"--minutes {given:g} beside a number of steps", "one of the two", "leave out --minutes, or --steps"
        )
    return given


def _recipe(what: str | Path | Recipe) -> Recipe:
    if isinstance(what, Recipe):
        return what
    if isinstance(what, Path) or str(what).endswith((".yaml", ".yml")):
        return read_recipe(Path(what))[0]
    return recipe_named(str(what))


def _packed(data: Any, recipe: Recipe) -> RecipeData | None:
    if data is None or isinstance(data, str | Path):
        return None
    if isinstance(data, Packed | ImagePairs):
        return data
    return from_torch_dataset(data, **shaping(recipe))
