"""What a run tells a person: what it is about to do, whether memory will do, and what to do when it cannot go on."""

from dataclasses import replace
from typing import Any

from saddlepoint.errors import RunStopped, counted
from saddlepoint.process.saying import say
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.build import Built
from saddlepoint.training.machine.memory import Estimate, is_out_of_memory
from saddlepoint.training.records.failing import kept_in, stop_of
from saddlepoint.training.records.folder import RunFolder

# Images whose shorter side is no larger are not what fills a memory.
_SMALL_IMAGE = 16


def introduce(
    folder: RunFolder, recipe: Recipe, game: Built, found: DataFacts, about: dict[str, Any], memory: Estimate | None
) -> None:
    """Says what is about to be trained, on what, and whether memory will do."""
    parameters = {name: sum(parameter.numel() for parameter in step.parameters) for name, step in game.steps.items()}
    shape = "x".join(str(side) for side in found.shape)
    labels = f", {counted(len(found.classes), 'class', 'classes')}" if found.classes else ""
    items = counted(found.splits["train"], f"training {found.kind.removesuffix('s')}", f"training {found.kind}")
    say(True, f"{recipe.name}: {found.source}, {items} of {shape}{labels}")
    for note in found.notes:
        say(True, f"data: {note}")
    for hint in kind_of(recipe).hints(recipe, found, folder.path, begins=game.state.step == 0):
        say(True, f"data: {hint}")
    say(
        True,
        f"{recipe.objective or recipe.task.kind}; "
        + "; ".join(f"{name} {count:,} parameters" for name, count in parameters.items())
        + f"; {about['device']}, {about['threads']} threads",
    )
    say(True, f"precision: {game.fitted.said}")
    if game.input_gradients.said is not None:
        say(True, f"penalties: {game.input_gradients.said}")
    if memory is None:
        meta, own = "these networks do not run on torch's meta device", "each player has an update of its own"
        say(True, f"memory: not estimated, because {meta if game.probe.first is not None else own}")
    elif memory.fits:
        say(True, f"memory: about {memory.total / 2**20:,.0f} MiB of {memory.available / 2**20:,.0f} MiB free")
    else:
        advice = fitting(memory, recipe, in_parts=game.task.whole_batch is None)
        say(
            True,
            f"memory: about {memory.total / 2**20:,.0f} MiB are needed and {memory.available / 2**20:,.0f} MiB are"
            f" free: this machine will probably not hold it. {advice}",
        )
    say(True, f"run folder: {folder.path}")


def tell_compiled(folder: RunFolder, show: bool, player: str, seconds: float) -> None:
    """Says and records how long a player's step was compiled."""
    folder.note("compiled", player=player, seconds=round(seconds, 3))
    say(show, f"compiled the {player}'s step in {seconds:.1f} s")


def fitting(memory: Estimate, recipe: Recipe, *, in_parts: bool) -> str:
    """What a person can set so that the run fits.

    Args:
        recipe: resolved.
        in_parts: whether the task's batch may be played in micro-batches (`RunTask.whole_batch`).
    """
    if (fits := memory.fitting_batch) == 0:
        ways = []
        if isinstance(width := getattr(recipe.networks, "width", None), int) and width > 1:
            ways.append(f"networks.width={width // 2}")
        if isinstance(size := recipe.data.size, tuple) and min(size) > _SMALL_IMAGE:
            ways.append(f"data.size={size[0] // 2}x{size[1] // 2}")
        cure = f"begin anew with {' or '.join(ways)}" if ways else "give smaller networks"
        return f"not even a batch of 1 would fit; {cure}"
    parts = f", or keep the batch with training.accumulate={-(-int(recipe.training.batch) // fits)}" if in_parts else ""
    return f"a batch of {fits} would fit: set training.batch={fits}{parts}"


def as_stop(
    error: Exception, folder: RunFolder, step: int, memory: Estimate | None, recipe: Recipe, *, in_parts: bool
) -> RunStopped | None:
    """The end that an exception means for a run, or None where it is our own fault; `in_parts` as of `fitting`."""
    if is_out_of_memory(error):
        # What was free at the start; less was, it seems, so the advice is cautious.
        cautious = replace(memory, available=min(memory.available, memory.total) * 3 // 4) if memory else None
        cure = fitting(cautious, recipe, in_parts=in_parts) if cautious else "set a smaller training.batch"
        return RunStopped(f"memory ran out at step {step + 1}", kept_in(folder), cure)
    return stop_of(error, folder, step) if isinstance(error, OSError) else None
