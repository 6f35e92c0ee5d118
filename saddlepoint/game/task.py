"""What is played: two protocols of a task, and the three things that pass between a task and the game.

`Task` is what the loop plays; `RunTask` is what a run, with its folder and its recipe, asks of one besides.
A task knows its networks, its data and its objective. The game knows none of them: it asks for a draw, asks what a
player makes of it, and moves the player.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import torch
from torch import Tensor

from saddlepoint.game.fast.forwards import Forwards
from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player

# The numbers of this step, by dotted name: "discriminator.rate", "penalties.r1". In a compiled step tensors stand for
# them: a loss multiplies by them and does not look at them, but for "task.top_k".
Settings = Mapping[str, float]


class Progress(Protocol):
    """What a draw may depend on beside step and substep: history that the run's state counts.

    Attributes:
        seed: of everything that is drawn now. It is the run's own until the run is rolled back, and another one from
            then on, so that what is drawn again is not what has failed.
        images: real images that were counted.
        step: iterations done.
    """

    seed: int
    images: int
    step: int


@dataclass(frozen=True, kw_only=True)
class Draw:
    """All that is random or taken from the data in one player's step.

    Attributes:
        tensors: by name, each with one row per sample.
        seed: of whatever the networks themselves draw (dropout).
        images: how many real images this draw adds to the run's count.
        forwards: where forward passes are kept for the player that shares the draw; None where nobody does.
    """

    tensors: Mapping[str, Tensor]
    seed: int
    images: int = 0
    forwards: Forwards | None = None
    _derived: dict[str, Tensor] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def get(self, name: str) -> Tensor | None:
        """The tensor of that name; None where the draw has none."""
        return self.tensors.get(name)

    def derived(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        """What a loss derives from the draw alone, made at the first call; players that share a draw share it."""
        if name not in self._derived:
            self._derived[name] = make()
        return self._derived[name]

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values()))) if self.tensors else 0

    def micro_batches(self, count: int) -> Iterator[tuple["Draw", float]]:
        """The draw cut by rows into `count` micro-batches, each with its share of the whole."""
        if count == 1:
            yield self, 1.0
            return
        for index, rows in enumerate(torch.arange(len(self)).tensor_split(count)):
            start, stop = int(rows[0]), int(rows[-1]) + 1
            tensors = {name: tensor[start:stop] for name, tensor in self.tensors.items()}
            # Each has its own dropout: the same seed would repeat one mask over the whole batch.
            yield Draw(tensors=tensors, seed=self.seed + index), (stop - start) / len(self)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What one player makes of a draw.

    Attributes:
        value: named terms of the objective, scalars, maximised; None for a player without one.
        costs: named further terms, scalars, minimised, already weighted (penalties, L1, cross-entropy).
        outputs: detached scalars for the log, such as D on real and on fake.
        shown: detached tensors with one row per sample that the task's history may want (scores, fakes).
    """

    value: Mapping[str, Tensor] | None = None
    costs: Mapping[str, Tensor] = field(default_factory=dict)
    outputs: Mapping[str, Tensor] = field(default_factory=dict)
    shown: Mapping[str, Tensor] = field(default_factory=dict)

    def __or__(self, other: "Loss") -> "Loss":
        """The terms of both, for a player that plays two games or pays for more than its game; their names differ."""
        return Loss(
            value=self.value if other.value is None else {**(self.value or {}), **other.value},
            costs={**self.costs, **other.costs},
            outputs={**self.outputs, **other.outputs},
            shown={**self.shown, **other.shown},
        )

    def detached(self) -> "Loss":
        """The same numbers without their graph."""
        return Loss(
            value=None if self.value is None else {name: term.detach() for name, term in self.value.items()},
            costs={name: term.detach() for name, term in self.costs.items()},
            outputs={name: value.detach() for name, value in self.outputs.items()},
            shown={name: rows.detach() for name, rows in self.shown.items()},
        )


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be sampled, by the names that draws have: "z" (n, latent), "labels" (n,), "source" (uint8 images).

    Attributes:
        tensors: by name, each with one row for each sample.
    """

    tensors: Mapping[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def get(self, name: str) -> Tensor | None:
        """The tensor of that name; None where none was asked for."""
        return self.tensors.get(name)

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def rows(self, chosen: Tensor) -> "Request":
        """The same of some samples, by their indices."""
        return Request(tensors={name: tensor[chosen] for name, tensor in self.tensors.items()})

    def to(self, device: torch.device) -> "Request":
        """The same on a device."""
        return Request(tensors={name: tensor.to(device) for name, tensor in self.tensors.items()})


class Task(Protocol):
    """A game with one player or more."""

    @property
    def players(self) -> tuple[Player, ...]:
        """Who plays, each with its networks by name; the names of all networks differ."""
        ...

    @property
    def averaged(self) -> tuple[str, ...]:
        """Names of the networks that `sample` uses: a run keeps a moving average of these."""
        ...

    @property
    def state(self) -> dict[str, Tensor]:
        """History of the task itself (a pool of old fakes, running averages); saved, and restored in place.

        A loss reads it only through its draw, so that it stays a function of parameters and draw.
        """
        ...

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """All that is random or taken from the data in one player's step, as a function of these arguments alone.

        Whatever is random takes its seed from `state`; networks that are called here find torch's generators seeded
        so (`Field.draw`).

        Args:
            player: its name.
            step, substep: of the run, and within the player's part of the step (the third of five steps of D).
            state: what the run has counted.
        """
        ...

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """What a player makes of a draw: terms to maximise, costs to minimise, signals for the log.

        It calls the networks that it is given and never the task's own modules: the hot path and the joint field, at
        other parameters, evaluate the same loss.
        """
        ...

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Takes what a player's step has shown into the task's history; called once, after the step."""
        ...

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """Images in [0, 1] (n, channels, height, width), or points (n, dimensions), float32."""
        ...


class RunTask(Task, Protocol):
    """What a run asks of a task beside playing it; `tasks/kit/base.py` answers most of it."""

    @property
    def batch(self) -> int:
        """Samples in the draw of the first player."""
        ...

    @property
    def data(self) -> Any:
        """What draws are taken from; None where the task only samples."""
        ...

    @property
    def device(self) -> torch.device:
        """Where draws are put."""
        ...

    @property
    def seed(self) -> int:
        """What a run of the task has for its seed, where nobody says another."""
        ...

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings that the loss reads."""
        ...

    @property
    def whole_batch(self) -> str | None:
        """Why the loss of a batch is not the mean of its parts' losses; None where it is."""
        ...

    @property
    def recorded(self) -> dict[str, Any]:
        """What a run writes down beside its recipe, so that the task can be rebuilt without the data."""
        ...

    def reduced(self, batch: int) -> Self:
        """The same game, with these very networks, on draws of at most `batch` samples: for whoever tries it."""
        ...


def networks_of(task: Task) -> dict[str, torch.nn.Module]:
    """All networks of a task by name."""
    return {name: network for player in task.players for name, network in player.networks.items()}


def player_named(task: Task, name: str) -> Player:
    """The task's player of that name."""
    return next(player for player in task.players if player.name == name)


def followed(task: Task) -> list[str]:
    """The names of the players that follow the gradient of their cost, whose loss can be differentiated."""
    return [player.name for player in task.players if player.update is None]


@contextmanager
def frozen(task: Task, mover: Player, besides: Collection[str] = ()) -> Iterator[None]:
    """Inside, only the mover's parameters ask for gradients, and those of the networks named in `besides`.

    A fake that D is shown then carries no graph by itself, and D's weights get no gradient in G's step.
    """
    others: list[Any] = [
        parameter
        for player in task.players
        if player.name != mover.name
        for name, network in player.networks.items()
        if name not in besides
        for parameter in network.parameters()
        if parameter.requires_grad
    ]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)
