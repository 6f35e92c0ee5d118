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

from saddlepoint.augment import augment, check_shape, draw_width, flip
from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.constraints import Constraint
from saddlepoint.game.penalties import (
    Judge,
    lecam,
    one_centred,
    orthogonal_regularisation,
    refuse_batch_statistics,
    zero_centred,
)
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings, weights_of
from saddlepoint.objectives import Objective, Paired
from saddlepoint.randomness import PRIORS, derive_seed, prior, uniform
from saddlepoint.tasks.kit.adaptive import PROBABILITY, Adaptive
from saddlepoint.tasks.kit.batches import ShuffledStream, on_device
from saddlepoint.tasks.kit.pixels import from_range, to_range
from saddlepoint.tasks.kit.scoring import ON_FAKE, ON_REAL, scores

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
# Those on D's input gradient, which a D with batch statistics has no meaning for.
INPUT_PENALTIES = (ON_REAL, ON_FAKE, "gradient_penalty")
PENALTIES = (*INPUT_PENALTIES, "lecam", "orthogonal")
# A generator's one embedding of its labels, which orthogonal regularisation leaves out (BigGAN).
SHARED_EMBEDDING = "embedding"
# In the task's state, for LeCam: the moving averages of D on real and on fake, (2,), and how slowly they move.
ANCHORS, ANCHOR_DECAY = "score_averages", 0.99


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
        generator_batches: G's batch, in batches of D.
        penalties: names out of PENALTIES; their weights are the settings "penalties.NAME".
        augmentations: applied to what D sees, in this order; their strengths are the settings "augment.NAME".
        adaptive: the strengths are multiplied by a probability that follows r_t; None for fixed ones.
        top_k: G learns from its best-scored fakes only; their share of the batch is the setting "task.top_k"
            (Sinha et al. 2020).
        one_call: each score depends on its sample alone, so that D may be shown real and fake images in one call.
        mirror: mirror each real image with probability 1/2, so that the data are twice as many.
        dequantise: add uniform noise of one grey level to the real images (WGAN-GP).
        constraint: on the discriminator.
        seed: of data order, latents, augmentation and dropout.
        device: where draws are put.

    Examples:
        >>> from types import SimpleNamespace
        >>> from torch import nn
        >>> from saddlepoint.game.task import Request
        >>> task = sp.Generation(
        ...     generator=nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
        ...     discriminator=nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0)),
        ...     data=sp.open_data("digits"),
        ...     objective=sp.objective("hinge"),
        ...     latent=4,
        ... )
        >>> sp.train(task, steps=1, out=folder / "task", show=False).step
        1

        What the loop asks of it in a step of D:

        >>> networks = {"generator": task.generator, "discriminator": task.discriminator}
        >>> draw = task.draw("discriminator", 1, 0, SimpleNamespace(seed=0, images=0, step=1))
        >>> {name: tuple(tensor.shape) for name, tensor in draw.tensors.items()}
        {'real': (64, 1, 8, 8), 'z': (64, 4)}
        >>> loss = task.loss("discriminator", networks, draw, {})
        >>> sorted(loss.value), sorted(loss.costs), sorted(loss.outputs)
        (['f1', 'f2'], [], ['fake', 'real'])
        >>> task.remember("discriminator", draw, loss)
        >>> bool(task.seen(draw["real"]).min() >= -1)
        True
        >>> task.sample(networks, Request(tensors={"z": torch.zeros(2, 4)})).shape
        torch.Size([2, 1, 8, 8])
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
    generator_batches: int = 1
    penalties: tuple[str, ...] = ()
    augmentations: tuple[str, ...] = ()
    adaptive: Adaptive | None = None
    top_k: bool = False
    one_call: bool = False
    mirror: bool = False
    dequantise: bool = False
    constraint: Constraint | None = None
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        self.objective.check_trainable()
        for name in self.penalties:
            if name not in PENALTIES:
                raise UserError(f"penalty {name!r}", f"one of {', '.join(PENALTIES)}", "choose one of these")
        refuse_batch_statistics(self.discriminator, [name for name in self.penalties if name in INPUT_PENALTIES])
        self._check_options()
        if self.prior not in PRIORS:
            raise UserError(f"prior {self.prior!r}", f"one of {', '.join(PRIORS)}", "choose one of these names")
        if draw_width(self.augmentations) and self.pixel_range is None:
            names = ", ".join(self.augmentations)
            raise UserError(f"augmentation of points ({names})", "images", f"set augment.{self.augmentations[0]}=null")
        if self.data is not None:
            check_shape(self.augmentations, tuple(self.data.shape))
        if self.conditional and self.data is not None and self.data.labels is None:
            raise UserError(
                # Why there are none, and how there could be, may stand in the notes.
                f"data without labels ({'; '.join((self.data.source, *self.data.notes))})",
                "a label for each item, because the task is conditional",
                "sort the images into one folder per class, or train without classes (task.conditional=false)",
            )
        if self.batch < 1:
            raise UserError(f"batch {self.batch}", "1 or more", "set training.batch=64")
        if self.data is not None and len(self.data.splits["train"]) == 0:
            raise UserError(f"no training items in {self.data.source}", "at least one", "set data.hold_out=0")

    def _check_options(self) -> None:
        if self.generator_batches < 1:
            raise UserError(f"generator_batches {self.generator_batches}", "1 or more", "leave it out")
        if self.adaptive is not None and not self.augmentations:
            raise UserError("adaptive augmentation without any augmentation", "at least one", "set augment.flip=1")
        if self.adaptive is not None and isinstance(self.objective, Paired):
            raise UserError(
                f"adaptive augmentation with {self.objective.name}",
                "an objective whose D tells real from fake by its sign, because r_t is its mean sign",
                "set adaptive_augmentation=null and schedule the strengths, or choose another objective",
            )
        if self.mirror and self.pixel_range is None:
            raise UserError("mirrored points", "images, which have a left and a right", "set task.mirror=false")
        if self.dequantise and self.pixel_range is None:
            raise UserError("dequantised points", "images, which have grey levels", "set task.dequantise=false")

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
        anchors = {ANCHORS: torch.zeros(2, device=self.device)} if "lecam" in self.penalties else {}
        return anchors | (self.adaptive.begin(self.device) if self.adaptive is not None else {})

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
            *(["task.top_k"] if self.top_k else []),
        )

    @property
    def whole_batch(self) -> str | None:
        """Why the loss of a batch is not the mean of its parts' losses; None where it is."""
        if self.objective.coupling == "means":
            return "each score is compared with the other side's mean over the batch"
        return "the best-scored fakes are those of the batch" if self.top_k else None

    @property
    def recorded(self) -> dict[str, Any]:
        """What a run writes down beside its recipe, so that a generator can be rebuilt without the data."""
        return {"latent": self.latent, "prior": self.prior, "pixel_range": self.pixel_range}

    # What is drawn

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The player's batch: `real` (as stored), `labels`, `z`, and the numbers for augmentation and penalties."""
        assert self.data is not None, "a task that only samples draws no batches"
        discriminates = player == DISCRIMINATOR
        count = self.batch if discriminates else self.batch * self.generator_batches
        # D walks through the data; G, which sees real images only for paired objectives, walks at its own pace.
        stream, position = ("real", state.images) if discriminates else (f"{player}/real/{substep}", step * count)
        tensors: dict[str, Tensor] = {}
        numbers = partial(self._uniform, player, step, substep, count)
        if discriminates or self.objective.generator_uses_real or self.conditional:
            indices = self._stream(stream).at(position, count)
            real, labels = self.data.batch(indices)
            tensors["real"] = flip(real, numbers("mirror", 1), strength=1.0) if self.mirror else real
            if self.conditional:
                assert labels is not None
                tensors["labels"] = labels
            if self.dequantise:
                tensors["grey"] = numbers("grey", real[0].numel()).float()
        tensors["z"] = prior(self.prior, numbers("z", self.latent))
        if width := draw_width(self.augmentations):
            tensors["augment_real"] = numbers("augment/real", width).float()
            tensors["augment_fake"] = numbers("augment/fake", width).float()
        # History reaches a loss through its draw alone: one row per sample, each the same.
        for name in (ANCHORS, PROBABILITY):
            if name in self.state:
                tensors[name] = self.state[name].expand(count, *self.state[name].shape)
        if discriminates and "gradient_penalty" in self.penalties:
            tensors["mix"] = numbers("mix", 1).float()
        return Draw(
            tensors=on_device(tensors, self.device),
            seed=derive_seed(self.seed, f"{player}/networks", step, substep),
            images=self.batch if discriminates else 0,
        )

    def _uniform(self, player: str, step: int, substep: int, count: int, what: str, width: int) -> Tensor:
        return uniform(self.seed, f"{player}/{what}", step, substep, samples=range(count), width=width)

    def _stream(self, name: str) -> ShuffledStream:
        if name not in self._streams:
            assert self.data is not None
            self._streams[name] = ShuffledStream(self.data.splits["train"], self.seed, name)
        return self._streams[name]

    # What a player makes of it

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The objective's terms for this player, for D its penalties, and for G that on its weights."""
        labels = (draw["labels"],) if self.conditional else ()
        fake = networks[GENERATOR](draw["z"], *labels)

        probability = draw.get(PROBABILITY)

        def augmented(images: Tensor, numbers: Tensor | None) -> Tensor:
            assert numbers is not None
            strengths: dict[str, float | Tensor] = {
                name: settings[f"augment.{name}"] * (probability[0] if probability is not None else 1.0)
                for name in self.augmentations
            }
            return augment(images, self.augmentations, numbers, strengths)

        score_real, score_fake = (
            Judge(
                network=networks[DISCRIMINATOR],
                labels=labels,
                before=partial(augmented, numbers=draw.get(numbers)) if self.augmentations else None,
            )
            for numbers in ("augment_real", "augment_fake")
        )
        if player == GENERATOR:
            real_scores = score_real(self._real(draw)) if self.objective.generator_uses_real else None
            fake_scores, kept = score_fake(fake), slice(None)
            if self.top_k:
                kept = fake_scores.detach().topk(max(1, round(settings["task.top_k"] * len(fake_scores)))).indices
            pair = None if real_scores is None else real_scores[kept]
            return Loss(
                value=self.objective.generator_terms(fake_scores[kept], pair),
                costs=self._orthogonal(networks, settings),
            )

        real = self._real(draw)
        shown = scores(score_real, score_fake, real, fake, penalties=self.penalties, one_call=self.one_call)
        real_scores, fake_scores = shown.real, shown.fake
        costs = {
            name: zero_centred(gradient, settings[f"penalties.{name}"]) for name, gradient in shown.gradients.items()
        }
        if "gradient_penalty" in self.penalties:
            weight = settings["penalties.gradient_penalty"]
            # The point between a real and a fake image is augmented as the real one is.
            costs["gradient_penalty"] = one_centred(score_real, real, fake, draw["mix"], weight)
        if "lecam" in self.penalties:
            costs["lecam"] = lecam(real_scores, fake_scores, draw[ANCHORS][0], settings["penalties.lecam"])
        outputs = {
            "real": self.objective.score(real_scores.detach()).float().mean(),
            "fake": self.objective.score(fake_scores.detach()).float().mean(),
        }
        if probability is not None:
            outputs["augment"] = probability[0]
        return Loss(
            value=self.objective.discriminator_terms(real_scores, fake_scores),
            costs=costs,
            outputs=outputs,
            shown={"real": real_scores.detach(), "fake": fake_scores.detach()} if self.state else {},
        )

    def _orthogonal(self, networks: Networks, settings: Settings) -> Mapping[str, Tensor]:
        if "orthogonal" not in self.penalties:
            return {}
        weights = weights_of(networks[GENERATOR])
        shared = any(name.startswith(f"{SHARED_EMBEDDING}.") for name in weights)
        cost = orthogonal_regularisation(weights, left_out=[SHARED_EMBEDDING] if shared else [])
        return {"orthogonal": settings["penalties.orthogonal"] * cost}

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """D's scores, for LeCam's averages and for the probability of adaptive augmentation."""
        if player != DISCRIMINATOR or not self.state:
            return
        if "lecam" in self.penalties:
            means = torch.stack([loss.shown[side].float().mean() for side in ("real", "fake")])
            self.state[ANCHORS] = torch.lerp(means, self.state[ANCHORS], ANCHOR_DECAY)
        if self.adaptive is not None:
            self.adaptive.remember(self.state, loss.shown["real"])

    # Between stored values and what networks see

    def _real(self, draw: Draw) -> Tensor:
        real = self.seen(draw["real"])
        if not self.dequantise:
            return real
        assert self.pixel_range is not None
        low, high = self.pixel_range
        return real + draw["grey"].reshape(real.shape) * ((high - low) / 256)

    def seen(self, stored: Tensor) -> Tensor:
        """Stored items as the networks see them, float32: uint8 pixels go to `pixel_range`, points stay."""
        return stored.float() if self.pixel_range is None else to_range(stored, self.pixel_range)

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """What the generator makes of the request: images in [0, 1], or points; float32."""
        labels = (request["labels"],) if self.conditional else ()
        made = networks[GENERATOR](request["z"], *labels).float()
        return made if self.pixel_range is None else from_range(made, self.pixel_range)
