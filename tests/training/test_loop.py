"""The loop on the bilinear game: the exact radii of each turn, requests, a loss that is not finite, observers."""

import math

import pytest
import torch

from saddlepoint.errors import RunStopped, UserError
from saddlepoint.game.corrections import Plain
from saddlepoint.game.field import Field
from saddlepoint.game.schedules import Linear
from saddlepoint.game.steps import SGD, Step
from saddlepoint.game.task import Loss
from saddlepoint.game.turns import alternating, simultaneous
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.training.averages import Average, Averages
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.loop import train
from saddlepoint.training.observers import Observer
from saddlepoint.training.requests import SetSettings, Stop
from saddlepoint.training.state import State

SETTINGS = {
    "discriminator.rate": 0.2,
    "discriminator.momentum": 0.0,
    "generator.rate": 0.2,
    "generator.momentum": 0.0,
    "average.half_life": 10.0,
}


def play(task, turn, until=300, schedules=SETTINGS, observers=(), control=None, state=None, field=None) -> State:
    game = Game(
        field=field or Field(task=task),
        turn=turn,
        correction=Plain(),
        steps={player.name: Step(player, SGD()) for player in task.players},
        schedules=schedules,
        state=state or State(seed=0),
    )
    train(game, observers=observers, control=control or Control(), until=until)
    return game.state


def test_simultaneous_play_spirals_out_by_the_exact_factor() -> None:
    task = Bilinear()
    play(task, simultaneous("discriminator", "generator"))
    assert task.radius() == pytest.approx(math.sqrt(2) * math.sqrt(1 + 0.2**2) ** 300, rel=1e-9)
    assert task.radius() == pytest.approx(507.6, abs=0.1)


@pytest.mark.parametrize(
    ("first", "second", "radius"), [("discriminator", "generator", 1.44), ("generator", "discriminator", 1.394)]
)
def test_alternating_play_circles(first: str, second: str, radius: float) -> None:
    task = Bilinear()
    play(task, alternating(first, second))
    assert task.radius() == pytest.approx(radius, abs=5e-3)


def test_several_steps_of_one_player() -> None:
    task = Bilinear()
    play(task, alternating("discriminator", "generator", first_steps=3), until=1)
    assert task.y.value.item() == pytest.approx(1 + 3 * 0.2)
    assert task.x.value.item() == pytest.approx(1 - 0.2 * 1.6)


def test_images_count_the_discriminators_draws_and_shared_draws_once() -> None:
    state = play(Bilinear(), alternating("discriminator", "generator", first_steps=3), until=4)
    assert (state.step, state.images) == (4, 12)
    state = play(Bilinear(), simultaneous("discriminator", "generator", share_draws=True), until=4)
    assert state.images == 4


def test_a_schedule_is_followed() -> None:
    task = Bilinear()
    schedules = {**SETTINGS, "generator.rate": 0.0, "discriminator.rate": Linear(start=0.0, end=1.0, over=4)}
    play(task, alternating("discriminator", "generator"), until=4, schedules=schedules)
    assert task.y.value.item() == pytest.approx(1 + 0.0 + 0.25 + 0.5 + 0.75)


def test_averages_have_the_half_life_that_was_asked_for() -> None:
    task = Bilinear()
    averages = Averages(task, Average(half_life=10, unit="steps", warm_up=None))
    with torch.no_grad():
        task.x.value.fill_(0.0)
    for step in range(1, 11):
        averages.update(task, {"average.half_life": 10.0}, step=step, images=step, new_images=1)
    assert averages.networks["x"]().item() == pytest.approx(0.5)


def test_a_warm_up_forgets_the_first_weights() -> None:
    task = Bilinear()
    averages = Averages(task, Average(half_life=1000, unit="steps", warm_up=0.05))
    with torch.no_grad():
        task.x.value.fill_(0.0)
    averages.update(task, {"average.half_life": 1000.0}, step=1, images=1, new_images=1)
    assert averages.networks["x"]().item() == pytest.approx(0.5 ** (1 / 0.05))


def test_requests_are_applied_between_steps_and_noted() -> None:
    notes = []
    control = Control(note=lambda kind, **details: notes.append((kind, details)))
    seen = []

    class Asker(Observer):
        def step(self, state, record) -> None:
            seen.append(record.settings["generator.rate"])
            if record.step == 2:
                control.ask(SetSettings(values={"generator.rate": 0.05}, reason="a test"))
            if record.step == 5:
                control.ask(Stop(reason="enough"))

    state = play(Bilinear(), alternating("discriminator", "generator"), observers=[Asker()], control=control)
    assert state.step == 5 and state.overrides == {"generator.rate": 0.05}
    assert seen == [0.2, 0.2, 0.05, 0.05, 0.05]
    assert notes == [
        ("setting", {"step": 2, "branch": 0, "values": {"generator.rate": 0.05}, "reason": "a test"}),
        ("stop asked", {"step": 5, "branch": 0, "reason": "enough"}),
    ]


def test_a_request_for_an_unknown_setting_is_refused() -> None:
    control = Control()
    control.ask(SetSettings(values={"generator.rat": 1.0}))
    with pytest.raises(UserError, match=r"generator\.rat'.*generator\.rate"):
        play(Bilinear(), alternating("discriminator", "generator"), control=control)


def test_a_loss_that_is_not_finite_stops_before_its_step_and_names_the_first_term() -> None:
    third = Bilinear().draw("generator", 2, 0, State(seed=0)).seed

    class Broken(Bilinear):
        def loss(self, player, networks, draw, settings) -> Loss:
            value = networks["x"]() * networks["y"]()
            bad = value / 0 if player == "generator" and draw.seed == third else value
            return Loss(value={"f3": value}, costs={"first": bad, "second": bad})

    task = Broken()
    state = State(seed=0)
    with pytest.raises(RunStopped, match=r"step 3: generator's term first was inf"):
        play(task, alternating("discriminator", "generator"), state=state)
    assert state.step == 2
    assert task.x.value.isfinite() and task.x.value.grad is not None


def test_gradient_norms_are_measured_only_where_somebody_looks() -> None:
    records = []

    class Watcher(Observer):
        def measures(self, step: int, until: int) -> bool:
            return step == 2

        def step(self, state, record) -> None:
            records.append(record.gradient_norms)

    play(Bilinear(), alternating("discriminator", "generator"), until=3, observers=[Watcher()])
    assert [sorted(norms) for norms in records] == [[], ["discriminator", "generator"], []]


def test_a_record_holds_values_as_maximised_and_totals_as_minimised() -> None:
    records = []

    class Watcher(Observer):
        def step(self, state, record) -> None:
            records.append(record.numbers)

    play(Bilinear(), simultaneous("discriminator", "generator"), until=1, observers=[Watcher()])
    assert records[0]["losses"] == {"discriminator": {"f": 1.0, "total": -1.0}, "generator": {"f": -1.0, "total": 1.0}}
