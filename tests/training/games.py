"""Small games that tests of training play: a task with everything around it that a run has."""

from collections.abc import Sequence

import torch

from saddlepoint.game.corrections import Plain
from saddlepoint.game.field import Field
from saddlepoint.game.steps import Adam, Optimizer, Step, numbers_of
from saddlepoint.game.task import Task, networks_of
from saddlepoint.game.turns import alternating
from saddlepoint.networks import Dcgan
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.training import game as training
from saddlepoint.training.averages import Average, Averages
from saddlepoint.training.control import Control
from saddlepoint.training.loop import train
from saddlepoint.training.observers import Observer
from saddlepoint.training.state import State
from tests.tasks.examples import generation


class Game(training.Game):
    """A task with its optimizers and its state, under alternating play."""

    def play(self, until: int, *observers: Observer, control: Control | None = None) -> "Game":
        """Goes on to that step; then ends and closes the observers, as a run does."""
        train(self, observers=observers, control=control or Control(), until=until)
        for observer in observers:
            observer.end(self.state)
        for observer in observers:
            observer.close()
        return self


def bilinear_game(task: Task | None = None, optimizer: Optimizer | None = None, average: Average | None = None) -> Game:
    """The bilinear game: two numbers, so that its files are tiny."""
    return _game(task or Bilinear(), optimizer or Adam(rate=0.1), average, seed=0)


def image_game(
    optimizer: Optimizer | None = None,
    *,
    average: Average | None = None,
    seed: int = 0,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> Game:
    """A DCGAN pair with batch normalisation and dropout on random 8x8 images; the seed is that of the weights."""
    task = generation(seed=seed, pair=Dcgan(latent=5, width=4, dropout=0.2))
    for network in networks_of(task).values():
        network.to(memory_format=memory_format)  # type: ignore[call-overload]
    return _game(task, optimizer or Adam(rate=1e-3), average, seed=seed)


def _game(task: Task, optimizer: Optimizer, average: Average | None, seed: int) -> Game:
    names = [player.name for player in task.players]
    schedules = {f"{name}.{key}": number for name in names for key, number in numbers_of(optimizer).items()}
    return Game(
        field=Field(task=task),
        turn=alternating("discriminator", "generator"),
        correction=Plain(),
        steps={player.name: Step(player, optimizer) for player in task.players},
        schedules=schedules if average is None else {**schedules, "average.half_life": average.half_life},
        state=State(seed=seed, averages=Averages(task, average) if average is not None else None),
    )


def tensors_of_game(game: Game) -> dict[str, torch.Tensor]:
    """Copies of every tensor that is a game's history, by name."""
    tensors: dict[str, torch.Tensor] = {}
    groups: Sequence[tuple[str, dict]] = [
        ("networks", dict(networks_of(game.task))),
        ("averages", game.state.averages.networks if game.state.averages is not None else {}),
    ]
    for group, networks in groups:
        for name, network in networks.items():
            tensors.update({f"{group}/{name}/{key}": value for key, value in network.state_dict().items()})
    for player, step in game.steps.items():
        for index, values in step.torch_optimizer.state_dict()["state"].items():
            tensors.update({f"{player}/{index}/{key}": value for key, value in values.items() if value is not None})
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}
