"""From a recipe and its task to a game that can be played: the one place where all the pieces meet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch

from saddlepoint.errors import UserError
from saddlepoint.game.corrections import CORRECTIONS, Correction
from saddlepoint.game.fast.compiled import Compilation, check_compiler
from saddlepoint.game.field import Field
from saddlepoint.game.schedules import Schedule
from saddlepoint.game.steps import Step
from saddlepoint.game.task import RunTask
from saddlepoint.game.turns import Turn, alone, alternating, simultaneous
from saddlepoint.recipes.specification import Dynamics, Recipe
from saddlepoint.runs.fitted import Fitted, fitted
from saddlepoint.runs.input_gradients import InputGradients, choose_input_gradients
from saddlepoint.runs.probe import Probe
from saddlepoint.training.averages import Averages
from saddlepoint.training.game import Game
from saddlepoint.training.machine.layout import keep_channels_last
from saddlepoint.training.machine.precision import precision_context
from saddlepoint.training.state import State

# Settings that a loss counts samples with, so that they must be plain numbers.
COUNTED = ("task.top_k",)


@dataclass(frozen=True, kw_only=True)
class Built(Game):
    """A game of a recipe, and what was chosen for it."""

    probe: Probe
    input_gradients: InputGradients
    fitted: Fitted

    @property
    def task(self) -> RunTask:
        return self.field.task  # type: ignore[return-value]


def build_game(recipe: Recipe, task: RunTask, device: torch.device, seeding: Literal[1, 2] = 2) -> Built:
    """A task with the recipe's dynamics around it.

    Args:
        recipe: resolved.
        task: of the recipe.
        device: of the run.
        seeding: the rule of `Field.seeding`.

    Raises:
        UserError: the recipe's optimizers are not those of the task's players, or its dynamics do not fit them.
    """
    names = [player.name for player in task.players]
    _check(recipe, task, names)
    # A compiled step lets no graph out that another one could go on from.
    share_forwards = recipe.training.share_forwards and not recipe.training.compile
    turn = _turn(recipe.dynamics, names, share_forwards=share_forwards)
    correction = CORRECTIONS[recipe.dynamics.correction]()
    probe = Probe.of(recipe, task)
    input_gradients = choose_input_gradients(recipe, task, correction, probe)
    field = Field(
        task=task,
        accumulate=recipe.training.accumulate,
        tangent=input_gradients.tangent,
        compiled=_compilation(recipe, correction, device) if recipe.training.compile else None,
        seeding=seeding,
    )
    fits = fitted(recipe, field, correction, device, probe)
    field = replace(field, precision=precision_context(fits.precision, device))
    if recipe.training.channels_last:
        keep_channels_last(task)
    fused = recipe.training.fused_steps
    steps = {player.name: Step(player, recipe.optimizers[player.name], fused=fused) for player in task.players}
    return Built(
        field=field,
        turn=turn,
        correction=correction,
        steps=steps,
        schedules=recipe.numbers(),
        probe=probe,
        input_gradients=input_gradients,
        fitted=fits,
        state=State(
            seed=recipe.seed,
            seeding=seeding,
            averages=Averages(task, recipe.average) if recipe.average is not None else None,
            correction=correction.init(field, steps),
        ),
    )


def _check(recipe: Recipe, task: RunTask, names: Sequence[str]) -> None:
    """Whether the recipe has what the task needs, and cuts its batch into no more than that holds."""
    optimizers, training = recipe.optimizers, recipe.training
    if set(names) != set(optimizers):
        raise UserError(
            f"optimizers of {', '.join(optimizers) or 'nobody'}",
            f"one for each player: {', '.join(names)}",
            "; ".join(f"set {name}.optimizer=adam" for name in names if name not in optimizers)
            or "; ".join(f"set {name}=null" for name in optimizers if name not in names),
        )
    if training.accumulate > task.batch:
        raise UserError(
            f"training.accumulate={training.accumulate} with a batch of {task.batch}",
            "at least one sample in each micro-batch",
            f"set training.accumulate={task.batch} or less",
        )
    if training.accumulate > 1 and task.whole_batch is not None:
        raise UserError(
            f"training.accumulate={training.accumulate} with {recipe.objective}",
            f"the whole batch at once, because {task.whole_batch}",
            "set training.accumulate=1, or choose a paired objective without top_k",
        )
    numbers = recipe.numbers()
    for name in task.settings:
        if name not in numbers:
            raise UserError(f"a task with {name} and a recipe without it", "its weight", f"set {name} to a number")


def _compilation(recipe: Recipe, correction: Correction, device: torch.device) -> Compilation:
    if not correction.hot_path:
        raise UserError(
            f"training.compile=true with the correction {recipe.dynamics.correction}",
            "plain or optimistic, because others differentiate the field or move its parameters within a step",
            "set training.compile=false, or dynamics.correction=plain",
        )
    for name in COUNTED:
        if isinstance(recipe.numbers().get(name, 0.0), Schedule):
            raise UserError(
                f"training.compile=true with a schedule for {name}",
                "one number, because each of its values would be compiled for itself",
                f"set training.compile=false, or {name} to a number",
            )
    check_compiler(device)
    return Compilation(constants=COUNTED)


def _turn(dynamics: Dynamics, players: list[str], *, share_forwards: bool) -> Turn:
    if len(players) == 1:
        idle = {
            "turn": dynamics.turn != "alternating",
            "discriminator_steps": dynamics.discriminator_steps != 1,
            "bursts": dynamics.bursts is not None,
            "share_draws": dynamics.share_draws,
        }
        for name, given in idle.items():
            if given:
                raise UserError(
                    f"dynamics.{name} = {getattr(dynamics, name)} with {players[0]} as the only player",
                    "nothing there, because it would have no effect",
                    "leave it out",
                )
        return alone(players[0])
    first = players[0]
    if dynamics.share_draws and dynamics.generator_batches != 1:
        raise UserError(
            f"dynamics.generator_batches = {dynamics.generator_batches} with dynamics.share_draws",
            f"1, because the others then use the {first}'s draw",
            "set dynamics.generator_batches=1, or dynamics.share_draws=false",
        )
    if dynamics.turn == "alternating":
        return alternating(
            *players,
            first_steps=dynamics.discriminator_steps,
            share_draws=dynamics.share_draws,
            share_forwards=share_forwards,
            bursts=dynamics.bursts,
        )
    if dynamics.discriminator_steps != 1 or dynamics.bursts is not None:
        raise UserError(
            f"{dynamics.discriminator_steps} {first} steps in simultaneous play"
            if dynamics.bursts is None
            else "dynamics.bursts in simultaneous play",
            "one step of each player",
            "set dynamics.turn=alternating, or dynamics.discriminator_steps=1 and dynamics.bursts=null",
        )
    return simultaneous(*players, share_draws=dynamics.share_draws, share_forwards=share_forwards)
