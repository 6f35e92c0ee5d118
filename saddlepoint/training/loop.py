"""The loop. One iteration: settings, the turn's moves, averages; observers look, requests are applied, it is saved.

Nothing else happens in a run. What is saved is what the next iteration begins with: requests come before.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from saddlepoint.game.fast.forwards import Forwards
from saddlepoint.game.task import Draw, Loss
from saddlepoint.game.turns import Move
from saddlepoint.training.control import Control
from saddlepoint.training.finite import Finite
from saddlepoint.training.game import Game
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.requests import Rebuild, RollBack, RunRequest


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a request has ended a segment.

    Attributes:
        request: that did.
        record, applied: of the last iteration, and the requests that were applied after it. Where it was to be rolled
            back or rebuilt, and is not, observers are still owed that it is settled.
    """

    request: RunRequest
    record: Record
    applied: Sequence[RunRequest]


def train(game: Game, *, observers: Sequence[Observer], control: Control, until: int) -> Ending | None:
    """Plays a game until `until` iterations are done in total, or a request ends this segment of the run.

    Args:
        game: what is played; its state is advanced in place.
        observers: shown every iteration; they read and never write the state.
        control: requests, applied between two iterations.
        until: the total number of iterations.

    Returns:
        How a request ended it; None where all iterations are done.

    Raises:
        Diverged: a loss or a gradient was not finite; on the CPU the parameters are as before that player's step.
    """
    finite, state, task = Finite(), game.state, game.task
    ending: Ending | None = None
    while state.step < until and ending is None:
        began = time.perf_counter()
        settings = game.settings()
        measured = any(observer.measures(state.step + 1, until) for observer in observers)
        images_before = state.images
        state.whole = False
        draws: dict[str, Draw] = {}
        losses: dict[str, Loss] = {}
        gradient_norms: dict[str, torch.Tensor] = {}

        for group in game.turn(state.step):
            movers = _draw(game, group, draws)
            made, state.correction = game.correction.apply(
                game.field, movers, draws, settings, game.steps, state.correction
            )
            finite.take(made, step=state.step + 1, look=measured)
            losses.update(made)
            for name in movers:
                if measured:
                    gradient_norms[name] = game.steps[name].gradient_norm()
                    finite.gradient(name, gradient_norms[name], step=state.step + 1)
                game.steps[name].apply(settings)
                task.remember(name, draws[name], made[name])

        state.step += 1
        if state.averages is not None:
            new_images = state.images - images_before
            state.averages.update(task, settings, step=state.step, images=state.images, new_images=new_images)
        state.whole = True
        record = Record(
            step=state.step,
            images=state.images,
            losses=losses,
            gradient_norms=gradient_norms,
            settings=settings,
            last=state.step >= until,
        )
        for observer in observers:
            observer.step(state, record)
        applied = control.apply(game)
        ending = next((Ending(request=r, record=record, applied=applied) for r in applied if r.ENDS), None)
        # What a roll back undoes is not saved, and a rebuild saves for itself.
        if ending is None or not isinstance(ending.request, RollBack | Rebuild):
            for observer in observers:
                observer.settled(state, record, applied)
        state.seconds += time.perf_counter() - began
    if ending is None or not isinstance(ending.request, RollBack):
        finite.look()
    return ending


def _draw(game: Game, group: Sequence[Move], draws: dict[str, Draw]) -> list[str]:
    """Draws for the moves of a group, and for whom else the correction asks, into `draws`; gives the movers' names."""
    field, state = game.field, game.state
    for move in group:
        draw = draws[move.reuses] if move.reuses else field.draw(move.player, state.step, move.substep, state)
        draws[move.player] = replace(draw, forwards=Forwards(move.reused_by)) if move.reused_by else draw
        state.images += 0 if move.reuses else draws[move.player].images
    if game.correction.joint:
        others = [player.name for player in game.task.players if player.name not in draws]
        draws.update({name: field.draw(name, state.step, 0, state) for name in others})
    return [move.player for move in group]
