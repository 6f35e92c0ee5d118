"""Whether another run's networks can be grown into those of a recipe, and doing it (see networks/growing)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.task import RunTask
from saddlepoint.networks import PAIRS, Pair
from saddlepoint.networks.growing import WIDTHS, Grown, grow, levels_between
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.recorded import Recorded
from saddlepoint.sampling.batches import labels_in_turn
from saddlepoint.sampling.latents import latents
from saddlepoint.training.records.checkpoint import load_network

# With fewer of a network's numbers than this, little of what it has learnt would be left.
LEAST_SHARE = 0.5
# Samples that statistics are measured on: each has a map of many places.
LOOKED_AT = 64


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A way from a run's pair of networks to that of a recipe.

    Attributes:
        source: the run's folder.
        pair, shape, classes: what its networks were built with.
        ours: the recipe's pair.
        levels: how many more the recipe's networks have.
    """

    source: Path
    pair: Pair
    shape: tuple[int, ...]
    classes: int
    ours: Pair
    levels: int

    @property
    def size(self) -> str:
        return f"{self.shape[1]}x{self.shape[2]}"

    @classmethod
    def between(cls, source: Path, run: tuple[Recipe, Recorded], recipe: Recipe, found: DataFacts) -> "Growth | None":
        """The way from a run to a recipe with other networks.

        Args:
            source: the run's folder.
            run: its recipe, and what it has recorded.
            recipe: resolved.
            found: what the data was found to be.

        Returns:
            None where one of them has other networks than a pair, so that there is nothing but loading them.

        Raises:
            UserError: the one is not a smaller form of the other.
        """
        theirs, ours, facts = run[0].networks, recipe.networks, run[1].facts
        if type(theirs) not in PAIRS.values() or type(ours) not in PAIRS.values():
            return None
        before = f"--from {source}"
        if theirs.pair != ours.pair:
            raise UserError(
                f"{before}, whose networks are {theirs.pair}, for {ours.pair}",
                "one pair for both, because other layers are other weights",
                f"set networks.pair={theirs.pair}",
            )
        for option in fields(ours):
            here, there = getattr(ours, option.name), getattr(theirs, option.name)
            if option.name not in WIDTHS and here != there:
                raise UserError(
                    f"{before} with networks.{option.name}={_text(there)}, here {_text(here)}",
                    "one for both, because other layers are other weights",
                    f"set networks.{option.name}={_text(there)}",
                )
        told, shown = _classes(recipe, found), _classes(run[0], facts)
        if told != shown:
            raise UserError(
                f"{before}, which has {_labels(shown)}, for a run with {_labels(told)}",
                "the same classes for both, where the networks are not the same",
                "choose a run of these classes" if told and shown else f"set task.conditional={_text(bool(shown))}",
            )
        if facts.shape[0] != found.shape[0]:
            raise UserError(
                f"{before}, of images with {facts.shape[0]} channels, for images with {found.shape[0]}",
                "as many for both",
                f"set data.channels={facts.shape[0]}",
            )
        levels = levels_between(ours, facts.shape, found.shape)
        if levels is None:
            height, width = facts.shape[1:]
            raise UserError(
                f"{before}, of images of {height}x{width}, for images of {found.shape[1]}x{found.shape[2]}",
                f"the same size, or, for the pairs that can be grown, twice or four times that: here {ours.pair}",
                f"set data.size={2 * height}x{2 * width}, or {height}x{width}",
            )
        return cls(source=source, pair=theirs, shape=facts.shape, classes=len(shown), ours=ours, levels=levels)

    def grow(
        self,
        networks: Mapping[str, nn.Module],
        tensors: Mapping[str, Mapping[str, Tensor]],
        task: RunTask,
        place: Path,
        only: Collection[str] = ("generator", "discriminator"),
    ) -> dict[str, Grown]:
        """Puts weights of the run into the recipe's networks, in place.

        Args:
            networks: by name.
            tensors: the run's, by name of the network.
            task: of the recipe, for its latents.
            place: where the tensors are from.
            only: names of those that are grown; a discriminator is looked at with the generator among `networks`.

        Raises:
            UserError: the run's weights are not those of its recipe, or little of them would be taken.
        """
        looked_at = self._latents(task)
        with torch.random.fork_rng(devices=[]):
            generator, discriminator = self.pair.build(self.shape, classes=self.classes)
        smaller = {"generator": generator, "discriminator": discriminator}
        grown = {}
        for name in (name for name in smaller if name in only):
            load_network(smaller[name], tensors[name], place)

            def look(network: nn.Module, name: str = name) -> Tensor:
                z, labels = looked_at
                if name == "generator":
                    return network(z, labels)
                generator, training = networks["generator"], networks["generator"].training
                images = generator.eval()(z, labels)
                generator.train(training)
                return network(images, labels)

            grown[name] = grow(
                networks[name], smaller[name], from_end=name == "discriminator", levels=self.levels, look=look
            )
            if grown[name].share < LEAST_SHARE:
                raise self._narrow(name, grown[name].share)
        return grown

    def _latents(self, task: Any) -> tuple[Tensor, Tensor | None]:
        z = latents(0, LOOKED_AT, width=task.latent, prior_name=task.prior).to(task.device)
        return z, labels_in_turn(LOOKED_AT, self.classes).to(task.device) if self.classes else None

    def _narrow(self, name: str, share: float) -> UserError:
        narrower = [
            f"networks.{option}={getattr(self.pair, option)}"
            for option in WIDTHS
            if getattr(self.ours, option, 0) < getattr(self.pair, option, 0)
        ]
        return UserError(
            f"--from {self.source}, of whose {name}'s numbers {share:.0%} fit in here",
            "layers at least as wide as that run's",
            f"set {' and '.join(narrower)}" if narrower else "begin without the weights of that run",
        )


def _classes(recipe: Recipe, facts: DataFacts) -> tuple[str, ...]:
    return facts.classes if getattr(recipe.task, "conditional", False) else ()


def _labels(classes: tuple[str, ...]) -> str:
    return f"{len(classes)} classes" if classes else "no labels"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
