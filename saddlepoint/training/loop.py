"""The loop. One iteration: settings, the turn's moves, averages; observers look, requests are applied, it is saved.

Nothing else happens in a run. What is saved is what the next iteration begins with: requests come before.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from saddlepoint.game.corrections import Correction
from saddlepoint.game.fast.forwards import Forwards
from saddlepoint.game.field import Field
from saddlepoint.game.schedules import Number, value_at
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Loss
from saddlepoint.game.turns import Turn
from saddlepoint.training.control import Control
from saddlepoint.training.finite import Finite
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.state import State


def train(
    field: Field,
    *,
    turn: Turn,
    correction: Correction,
    steps: Mapping[str, Step],
    schedules: Mapping[str, Number],
    observers: Sequence[Observer],
    control: Control,
    state: State,
    until: int,
) -> State:
    """Plays the field's task until `until` iterations are done in total, or control asks to stop.

    Args:
        field: the game that is followed.
        turn: who moves when.
        correction: what is done to the field before it is followed.
        steps: each player's optimizer, by player.
        schedules: every setting of the run, by dotted name.
        observers: shown every iteration; they read and never write the state.
        control: requests, applied between two iterations.
        state: where the run stands; advanced in place.
        until: the total number of iterations.

    Raises:
        RunStopped: a loss or a gradient was not finite; on the CPU the parameters are as before that player's step.
    """
    finite = Finite()
    while state.step < until and not control.stopping:
        began = time.perf_counter()
        settings = {name: value_at(number, state.step, state.images) for name, number in schedules.items()}
        settings.update(state.overrides)
        measured = any(observer.measures(state.step + 1, until) for observer in observers)
        images_before = state.images
        state.whole = False
        draws: dict[str, Draw] = {}
        losses: dict[str, Loss] = {}
        gradient_norms: dict[str, torch.Tensor] = {}

        for group in turn(state.step):
            for move in group:
                draw = draws[move.shares] if move.shares else field.draw(move.player, state.step, move.substep, state)
                draws[move.player] = replace(draw, forwards=Forwards(move.kept_for)) if move.kept_for else draw
                state.images += 0 if move.shares else draws[move.player].images
            movers = [move.player for move in group]
            if correction.joint:
                others = [player.name for player in field.task.players if player.name not in draws]
                draws.update({name: field.draw(name, state.step, 0, state) for name in others})
            made, state.correction = correction.apply(field, movers, draws, settings, steps, state.correction)
            finite.take(made, step=state.step + 1, look=measured)
            losses.update(made)
            for name in movers:
                if measured:
                    gradient_norms[name] = steps[name].gradient_norm()
                    finite.gradient(name, gradient_norms[name], step=state.step + 1)
                steps[name].apply(settings)
                field.task.remember(name, draws[name], made[name])

        state.step += 1
        if state.averages is not None:
            new_images = state.images - images_before
            state.averages.update(field.task, settings, step=state.step, images=state.images, new_images=new_images)
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
        control.apply(state, settings)
        for observer in observers:
            observer.settled(state, record)
        state.seconds += time.perf_counter() - began
    finite.look()
    return state
