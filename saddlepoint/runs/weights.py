"""Beginning a run with the weights of another one: as they are, or grown into larger networks."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.task import networks_of
from saddlepoint.networks.growing import Grown
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.build import Built
from saddlepoint.runs.grown import Growth
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.training.records.checkpoint import Checkpoint, load_network, newest_valid, sampled_weights, tensors_of
from saddlepoint.training.records.folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a game took from another run.

    Attributes:
        step: of the checkpoint.
        without: names of networks that the other run has not.
        grown: what the others took, by name, where they are larger; empty where all are as they were.
        size: of the other run's images, "height x width", where the networks have grown.
    """

    step: int
    without: list[str]
    grown: Mapping[str, Grown] = field(default_factory=dict)
    size: str = ""

    @property
    def words(self) -> str:
        without = f"; it has no {' and no '.join(self.without)}: fresh here" if self.without else ""
        grown = f", grown from {self.size}{''.join(map(_grown_words, self.grown.items()))}" if self.grown else ""
        return f"step {self.step}{grown}{without}"

    @property
    def noted(self) -> dict[str, Any]:
        """What the run's events have of it."""
        noted: dict[str, Any] = {"from_step": self.step, "fresh": self.without}
        return {**noted, "grown": {name: asdict(each) for name, each in self.grown.items()}} if self.grown else noted


def take_weights(game: Built, source: Path, recipe: Recipe, found: DataFacts, at: int | None = None) -> Taken:
    """Puts the networks that another run has into a game; those that it has not stay as they were initialised.

    Args:
        game: that has not begun.
        source: the other run's folder.
        recipe: of the game, resolved.
        found: what the game's data was found to be.
        at: the step of the other run's checkpoint; None for the newest one.

    Raises:
        UserError: there is no such run or checkpoint, its newest one is damaged, or its networks are others and cannot
            be grown into these.
    """

    def refuse(problems: Sequence[str], older: Checkpoint) -> None:
        run = shlex.quote(str(source))
        raise UserError(
            f"--from {source}, whose newest checkpoint is damaged: {problems[0]}",
            "a whole one, because weights of another step would be other weights",
            f"make it anew by `saddlepoint resume {run}`, which goes on from step {older.step}, or remove its folder,"
            f" to begin with step {older.step}",
        )

    folder = RunFolder.existing(source)
    checkpoint = newest_valid(folder.checkpoints, left_out=refuse, at=at)
    networks = networks_of(game.task)
    saved = {name: tensors_of(checkpoint, "networks", name) for name in networks}
    without = [name for name in networks if not saved[name]]
    if len(without) == len(networks):
        raise UserError(
            f"--from {source}, a run without {' or '.join(without)}", "a run with one of these", "choose another run"
        )
    taken = Taken(step=checkpoint.step, without=without)
    averages = game.state.averages.networks if game.state.averages is not None else {}
    growth = None
    if not all(_same_shapes(networks[name], saved[name]) for name in networks if name not in without):
        growth = Growth.between(source, read_recorded(folder), recipe, found)
    if growth is None:
        for name, network in networks.items():
            if name not in without:
                load_network(network, saved[name], checkpoint.path)
        for name, network in averages.items():
            if name not in without:
                load_network(network, sampled_weights(checkpoint, name), checkpoint.path)
        return taken
    grown = growth.grow(networks, saved, game.task, checkpoint.path)
    if averages:
        averaged = {name: sampled_weights(checkpoint, name) for name in averages}
        growth.grow({**networks, **averages}, {**saved, **averaged}, game.task, checkpoint.path, only=averages)
    return replace(taken, grown=grown, size=growth.size)


def _same_shapes(network: nn.Module, tensors: Mapping[str, Tensor]) -> bool:
    own = network.state_dict()
    return {name: tensor.shape for name, tensor in own.items()} == {name: each.shape for name, each in tensors.items()}


def _grown_words(item: tuple[str, Grown]) -> str:
    name, grown = item
    taken = len(grown.whole) + len(grown.part)
    said = f"; {name}: {taken} of {taken + len(grown.fresh)} tensors taken"
    if grown.carried:
        passes = "enlarge its picture" if name == "generator" else "halve the image for them"
        return f"{said}, the others are new levels that {passes}"
    wider = ", into wider layers" if grown.part else ""
    more = f" and {len(grown.fresh) - 1} more" if len(grown.fresh) > 1 else ""
    fresh = f", fresh: {grown.fresh[0]}{more}" if grown.fresh else ""
    lost = ", so that it begins without its picture" if grown.carried is False and name == "generator" else ""
    return f"{said}{wider}{fresh}{lost}"
