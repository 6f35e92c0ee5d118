"""Generation: a generator against a discriminator on one data set, unconditional or by class.

    D maximises J = E f1(D(x)) + E f2(D(G(z)))      or the paired form
    G maximises I = E f3(D(G(z)))
    (Goodfellow et al. 2014; with labels y: D(x, y), G(z, y), Mirza and Osindero 2014)

Fakes take the labels of the real images they stand beside, so that a paired objective compares like with like (R3GAN).
Penalties are taken with respect to the pixels before augmentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.augment import augment, draw_width
from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.constraints import Constraint
from saddlepoint.game.penalties import one_centred, refuse_batch_statistics, scores_and_gradient, zero_centred
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.randomness import PRIORS, derive_seed, prior, uniform
from saddlepoint.tasks.batches import ShuffledStream

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
PENALTIES = ("r1", "r2", "gradient_penalty")


@dataclass(frozen=True, kw_only=True)
class Generation:
    """The task of all plain GANs.

    Attributes:
        generator: (z (n, latent)[, labels (n,)]) -> (n, *shape), in `pixel_range`.
        discriminator: ((n, *shape)[, labels (n,)]) -> raw scores (n,).
        data: what is imitated; None where the task only samples.
        objective: of the game.
        latent: width of z.
        prior: name of z's distribution.
        pixel_range: (low, high) that the networks see for black and white; None for points, seen as they are.
        conditional: labels are given to both networks.
        batch: samples per draw.
        penalties: names out of r1, r2, gradient_penalty; their weights are the settings "penalties.NAME".
        augmentations: applied to what D sees, in this order; their strengths are the settings "augment.NAME".
        constraint: on the discriminator.
        seed: of data order, latents, augmentation and dropout.
        device: where draws are put.
    """

    generator: nn.Module
    discriminator: nn.Module
    data: Packed | None
    objective: Objective
    latent: int
    prior: str = "normal"
    pixel_range: tuple[float, float] | None = (-1.0, 1.0)
    conditional: bool = False
    batch: int = 64
    penalties: tuple[str, ...] = ()
    augmentations: tuple[str, ...] = ()
    constraint: Constraint | None = None
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        self.objective.check_trainable()
        for name in self.penalties:
            if name not in PENALTIES:
                raise UserError(f"penalty {name!r}", f"one of {', '.join(PENALTIES)}", "choose one of these")
            refuse_batch_statistics(self.discriminator, name)
        if self.prior not in PRIORS:
            raise UserError(f"prior {self.prior!r}", f"one of {', '.join(PRIORS)}", "choose one of these names")
        if draw_width(self.augmentations) and self.pixel_range is None:
            names = ", ".join(self.augmentations)
            raise UserError(f"augmentation of points ({names})", "images", f"set augment.{self.augmentations[0]}=null")
        if self.conditional and self.data is not None and self.data.labels is None:
            raise UserError(
                f"data without labels ({self.data.source})",
                "a label for each item, because the task is conditional",
                "sort the images into one folder per class, or train without classes (task.conditional=false)",
            )
        if self.batch < 1:
            raise UserError(f"batch {self.batch}", "1 or more", "set training.batch=64")
        if self.data is not None and len(self.data.splits["train"]) == 0:
            raise UserError(f"no training items in {self.data.source}", "at least one", "set data.hold_out=0")

    # The protocol of a task asks for properties; a cached one is none to type checkers.
    @property
    def players(self) -> tuple[Player, ...]:
        return self._players

    @property
    def state(self) -> dict[str, Tensor]:
        return self._state

    @cached_property
    def _players(self) -> tuple[Player, ...]:
        return (
            Player(name=DISCRIMINATOR, networks={DISCRIMINATOR: self.discriminator}, constraint=self.constraint),
            Player(name=GENERATOR, networks={GENERATOR: self.generator}),
        )

    @cached_property
    def _state(self) -> dict[str, Tensor]:
        return {}

    @cached_property
    def _streams(self) -> dict[str, ShuffledStream]:
        return {}

    @property
    def averaged(self) -> tuple[str, ...]:
        return (GENERATOR,)

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings that the loss reads."""
        return (
            *(f"penalties.{name}" for name in self.penalties),
            *(f"augment.{name}" for name in self.augmentations),
        )

    @property
    def recorded(self) -> dict[str, Any]:
        """What a run writes down beside its recipe, so that a generator can be rebuilt without the data."""
        return {"latent": self.latent, "prior": self.prior, "pixel_range": self.pixel_range}

    # What is drawn

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The player's batch: `real` (as stored), `labels`, `z`, and the numbers for augmentation and penalties."""
        assert self.data is not None, "a task that only samples draws no batches"
        discriminates = player == DISCRIMINATOR
        # D walks through the data; G, which sees real images only for paired objectives, walks at its own pace.
        stream, position = ("real", state.images) if discriminates else (f"{player}/real/{substep}", step * self.batch)
        tensors: dict[str, Tensor] = {}
        if discriminates or self.objective.generator_uses_real or self.conditional:
            indices = self._stream(stream).at(position, self.batch)
            real, labels = self.data.batch(indices)
            tensors["real"] = real
            if self.conditional:
                assert labels is not None
                tensors["labels"] = labels
        numbers = partial(self._uniform, player, step, substep)
        tensors["z"] = prior(self.prior, numbers("z", self.latent))
        if width := draw_width(self.augmentations):
            tensors["augment_real"] = numbers("augment/real", width).float()
            tensors["augment_fake"] = numbers("augment/fake", width).float()
        if discriminates and "gradient_penalty" in self.penalties:
            tensors["mix"] = numbers("mix", 1).float()
        return Draw(
            tensors={name: tensor.to(self.device, non_blocking=True) for name, tensor in tensors.items()},
            seed=derive_seed(self.seed, f"{player}/networks", step, substep),
            images=self.batch if discriminates else 0,
        )

    def _uniform(self, player: str, step: int, substep: int, what: str, width: int) -> Tensor:
        return uniform(self.seed, f"{player}/{what}", step, substep, samples=range(self.batch), width=width)

    def _stream(self, name: str) -> ShuffledStream:
        if name not in self._streams:
            assert self.data is not None
            self._streams[name] = ShuffledStream(self.data.splits["train"], self.seed, name)
        return self._streams[name]

    # What a player makes of it

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The objective's terms for this player, and for D its penalties."""
        labels = (draw["labels"],) if self.conditional else ()
        fake = networks[GENERATOR](draw["z"], *labels)

        def score(images: Tensor, numbers: Tensor | None) -> Tensor:
            if self.augmentations:
                assert numbers is not None
                strengths = {name: settings[f"augment.{name}"] for name in self.augmentations}
                images = augment(images, self.augmentations, numbers, strengths)
            return networks[DISCRIMINATOR](images, *labels)

        score_real = partial(score, numbers=draw.get("augment_real"))
        score_fake = partial(score, numbers=draw.get("augment_fake"))
        if player == GENERATOR:
            real_scores = score_real(self.seen(draw["real"])) if self.objective.generator_uses_real else None
            return Loss(value=self.objective.generator_terms(score_fake(fake), real_scores))

        real = self.seen(draw["real"])
        real_scores, costs_real = self._scored(score_real, real, "r1", settings)
        fake_scores, costs_fake = self._scored(score_fake, fake, "r2", settings)
        costs = {**costs_real, **costs_fake}
        if "gradient_penalty" in self.penalties:
            weight = settings["penalties.gradient_penalty"]
            # The point between a real and a fake image is augmented as the real one is.
            costs["gradient_penalty"] = one_centred(score_real, real, fake, draw["mix"], weight)
        outputs = {
            "real": self.objective.score(real_scores.detach()).float().mean(),
            "fake": self.objective.score(fake_scores.detach()).float().mean(),
        }
        return Loss(value=self.objective.discriminator_terms(real_scores, fake_scores), costs=costs, outputs=outputs)

    def _scored(self, score, images: Tensor, penalty: str, settings: Settings) -> tuple[Tensor, Mapping[str, Tensor]]:
        if penalty not in self.penalties:
            return score(images), {}
        scores, gradient = scores_and_gradient(score, images)
        return scores, {penalty: zero_centred(gradient, settings[f"penalties.{penalty}"])}

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing: this task has no history."""

    # Between stored values and what networks see

    def seen(self, stored: Tensor) -> Tensor:
        """Stored items as the networks see them, float32: uint8 pixels go to `pixel_range`, points stay."""
        if self.pixel_range is None:
            return stored.float()
        low, high = self.pixel_range
        return stored * ((high - low) / 255) + low

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """What the generator makes of the request: images in [0, 1], or points; float32."""
        labels = (request.labels,) if self.conditional else ()
        made = networks[GENERATOR](request.latents, *labels).float()
        if self.pixel_range is None:
            return made
        low, high = self.pixel_range
        return ((made - low) / (high - low)).clamp(0, 1)
