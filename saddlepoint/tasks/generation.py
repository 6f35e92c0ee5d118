"""Generation: a generator against a discriminator on one data set, unconditional or by class.

    D maximises J = E f1(D(x)) + E f2(D(G(z)))      or the paired form
    G maximises I = E f3(D(G(z)))
    (Goodfellow et al. 2014; with labels y: D(x, y), G(z, y), Mirza and Osindero 2014)

Fakes take the labels of the real images they stand beside, so that a paired objective compares like with like (R3GAN).
Penalties are taken with respect to the pixels before augmentation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Self

import torch
from torch import Tensor, nn

from saddlepoint.augment import augment, check_shape, draw_width, flip
from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.constraints import Constraint
from saddlepoint.game.network import Networks
from saddlepoint.game.penalties import orthogonal_regularisation
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.objectives import Objective, Paired
from saddlepoint.randomness import PRIORS, prior
from saddlepoint.tasks.kit.adaptive import PROBABILITY, Adaptive
from saddlepoint.tasks.kit.adversary import ADVERSARIAL_PENALTIES, DISCRIMINATOR, GENERATOR, WEIGHTS, Adversary, Critic
from saddlepoint.tasks.kit.base import Base
from saddlepoint.tasks.kit.pixels import from_range, to_range

# The adversary's, and one on the generator's weights.
ORTHOGONAL = "orthogonal"
PENALTIES = (*ADVERSARIAL_PENALTIES, ORTHOGONAL)
# A generator's one embedding of its labels, which orthogonal regularisation leaves out (BigGAN).
SHARED_EMBEDDING = "embedding"


@dataclass(frozen=True, kw_only=True)
class Generation(Base):
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
        generator_batches: G's batch, in batches of D.
        penalties: names out of PENALTIES; their weights are the settings "penalties.NAME".
        augmentations: applied to what D sees, in this order; their strengths are the settings "augment.NAME".
        adaptive: the strengths are multiplied by a probability that follows r_t; None for fixed ones.
        top_k: G learns from its best-scored fakes only; their share of the batch is the setting "task.top_k"
            (Sinha et al. 2020).
        joint_scoring: each score depends on its sample alone, so that D may be shown real and fake images in one call.
        mirror: mirror each real image with probability 1/2, so that the data are twice as many.
        dequantise: add uniform noise of one grey level to the real images (WGAN-GP).
        constraint: on the discriminator.

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
        >>> state = SimpleNamespace(seed=0, images=0, step=1)
        >>> draw = task.draw("discriminator", 1, 0, state)
        >>> {name: tuple(tensor.shape) for name, tensor in draw.tensors.items()}
        {'real': (64, 1, 8, 8), 'z': (64, 4)}
        >>> loss = task.loss("discriminator", networks, draw, {})
        >>> sorted(loss.value), sorted(loss.costs), sorted(loss.outputs)
        (['f1', 'f2'], [], ['fake', 'real'])
        >>> task.remember("discriminator", draw, loss)
        >>> bool(task.seen(draw["real"]).min() >= -1)
        True

        What the diagnosis asks besides:

        >>> fake, on_real, on_fake = task.critics(networks, draw, {})
        >>> on_real(task.real(draw)).shape, on_fake(fake).shape
        (torch.Size([64]), torch.Size([64]))

        And how samples are made:

        >>> task.sample(networks, Request(tensors={"z": torch.zeros(2, 4)})).shape
        torch.Size([2, 1, 8, 8])
        >>> len(task.reduced(2).draw("generator", 1, 0, state))
        2

        What a task of one's own is made of likewise, on the same base:

        >>> [player.name for player in task.make_players()], task.begin()
        (['discriminator', 'generator'], {})
        >>> numbers = task.uniform("noise", 1, 0, state, width=2)
        >>> task.drawn({"noise": numbers}, "generator", 1, 0, state)["noise"].shape
        torch.Size([64, 2])
    """

    generator: nn.Module
    discriminator: nn.Module
    data: Packed | None
    objective: Objective
    latent: int
    prior: str = "normal"
    pixel_range: tuple[float, float] | None = (-1.0, 1.0)
    conditional: bool = False
    generator_batches: int = 1
    penalties: tuple[str, ...] = ()
    augmentations: tuple[str, ...] = ()
    adaptive: Adaptive | None = None
    top_k: bool = False
    joint_scoring: bool = False
    mirror: bool = False
    dequantise: bool = False
    constraint: Constraint | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.penalties:
            if name not in PENALTIES:
                raise UserError(f"penalty {name!r}", f"one of {', '.join(PENALTIES)}", "choose one of these")
        self.adversary.check(self.discriminator)
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

    @cached_property
    def adversary(self) -> Adversary:
        """D's and G's part in the game."""
        return Adversary(
            objective=self.objective,
            penalties=tuple(name for name in self.penalties if name != ORTHOGONAL),
            joint_scoring=self.joint_scoring,
        )

    def make_players(self) -> tuple[Player, ...]:
        """D, whose images are counted, and G."""
        return (
            Player(name=DISCRIMINATOR, networks={DISCRIMINATOR: self.discriminator}, constraint=self.constraint),
            Player(name=GENERATOR, networks={GENERATOR: self.generator}),
        )

    def begin(self) -> dict[str, Tensor]:
        """LeCam's averages, and the probability of adaptive augmentation."""
        return self.adversary.begin(self.device) | (self.adaptive.begin(self.device) if self.adaptive else {})

    def reduced(self, batch: int) -> Self:
        """The same game on draws of at most `batch` samples, of either player."""
        return replace(self, batch=min(self.batch, batch), generator_batches=1)

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
        return self.adversary.whole_batch or ("the best-scored fakes are those of the batch" if self.top_k else None)

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

        def numbers(stream: str, width: int) -> Tensor:
            return self.uniform(f"{player}/{stream}", step, substep, state, width=width, count=count)

        tensors: dict[str, Tensor] = {}
        if discriminates or self.objective.generator_uses_real or self.conditional:
            stream = "real" if discriminates else f"{player}/real/{substep}"
            indices = self.items(self.data.splits["train"], player, step, state, count=count, stream=stream)
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
        if self.adaptive is not None:
            tensors[PROBABILITY] = self.state[PROBABILITY].expand(count)
        if discriminates:
            tensors |= self.adversary.draw(numbers, self.state, count)
        return self.drawn(tensors, player, step, substep, state)

    # What a player makes of it

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The objective's terms for this player, for D its penalties, and for G that on its weights."""
        fake, on_real, on_fake = self.critics(networks, draw, settings)
        weights = draw.get(WEIGHTS)
        if player == GENERATOR:
            real = self.real(draw) if self.objective.generator_uses_real else None
            best = settings["task.top_k"] if self.top_k else None
            loss = self.adversary.generator(on_real, real, on_fake, fake, weights, best)
            return loss | Loss(costs=self._orthogonal(networks, settings))
        loss = self.adversary.discriminator(on_real, self.real(draw), on_fake, fake, draw, settings, weights)
        return loss if self.adaptive is None else loss | Loss(outputs={"augment": draw[PROBABILITY][0]})

    def critics(self, networks: Networks, draw: Draw, settings: Settings) -> tuple[Tensor, Critic, Critic]:
        """The fakes of a draw, and D for the real and for the fake side."""
        labels = (draw["labels"],) if self.conditional else ()
        fake = networks[GENERATOR](draw["z"], *labels)
        on_real, on_fake = (
            Critic(network=networks[DISCRIMINATOR], beside=labels, before=self._augmented(draw, numbers, settings))
            for numbers in ("augment_real", "augment_fake")
        )
        return fake, on_real, on_fake

    def _augmented(self, draw: Draw, name: str, settings: Settings) -> Callable[[Tensor], Tensor] | None:
        """What is done to one side's images, with the draw's numbers of that name, before D sees them."""
        if not self.augmentations:
            return None
        probability = 1.0 if self.adaptive is None else draw[PROBABILITY][0]
        strengths = {each: settings[f"augment.{each}"] * probability for each in self.augmentations}
        return partial(augment, names=self.augmentations, draw=draw[name], strengths=strengths)

    def _orthogonal(self, networks: Networks, settings: Settings) -> dict[str, Tensor]:
        if ORTHOGONAL not in self.penalties:
            return {}
        weights = dict(networks[GENERATOR].named_parameters())
        shared = any(name.startswith(f"{SHARED_EMBEDDING}.") for name in weights)
        cost = orthogonal_regularisation(weights, left_out=[SHARED_EMBEDDING] if shared else [])
        return {ORTHOGONAL: settings[f"penalties.{ORTHOGONAL}"] * cost}

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """D's scores, for LeCam's averages and for the probability of adaptive augmentation."""
        if player == DISCRIMINATOR:
            self.adversary.remember(self.state, loss)
            if self.adaptive is not None:
                self.adaptive.remember(self.state, loss.shown["real"])

    # Between stored values and what networks see

    def real(self, draw: Draw) -> Tensor:
        """The real items of a draw as D sees them."""
        real = self.seen(draw["real"])
        if not self.dequantise:
            return real
        assert self.pixel_range is not None
        low, high = self.pixel_range
        return real + draw["grey"].reshape(real.shape) * ((high - low) / 256)

    def seen(self, stored: Tensor) -> Tensor:
        """Stored items as the networks see them: uint8 pixels go to `pixel_range`, points stay; float64 as it came."""
        if self.pixel_range is not None:
            return to_range(stored, self.pixel_range)
        return stored if stored.dtype == torch.float64 else stored.float()

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """What the generator makes of the request: images in [0, 1], or points; float32."""
        labels = (request["labels"],) if self.conditional else ()
        made = networks[GENERATOR](request["z"], *labels).float()
        return made if self.pixel_range is None else from_range(made, self.pixel_range)
