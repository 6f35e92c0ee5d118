"""Fully connected pairs: the maxout pair of 2014, the introductory pair, and the toy pair; any data shape, flattened.

    mlp-2014:  G z -> ReLU 1200 -> ReLU 1200 -> sigmoid;  D x -> maxout 240x5 -> maxout 240x5 -> score, with dropout
               (Goodfellow et al. 2014; with classes the net of Mirza and Osindero 2014)
    mlp-intro: G z -> ReLU 128 -> sigmoid;                D x -> ReLU 128 -> score
    mlp:       G z -> 3 x ReLU 512 -> tanh;               D x -> 3 x ReLU 512 -> score
               (the toy networks of WGAN-GP, Gulrajani et al. 2017)

Points have no pixel range: there the generator's last layer stays linear in all three.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import layers

# A pixel that is black in every image would start at a bias of minus infinity; this mean gives -16.1.
MEAN_CLIP = 1e-7


class Join(nn.Module):
    """Puts a vector and its label into one vector: (value branch of x, label branch of one-hot y), concatenated.

    Args:
        classes: 0 for a network without labels, whose vector goes through the value branch alone.
        value, label: the branches; identities by default.
    """

    def __init__(self, classes: int, value: nn.Module | None = None, label: nn.Module | None = None):
        super().__init__()
        self.classes = classes
        self.value = nn.Identity() if value is None else value
        self.label = nn.Identity() if label is None else label

    def forward(self, vector: Tensor, labels: Tensor | None) -> Tensor:
        layers.check_labels(labels, self.classes)
        joined = self.value(vector)
        if labels is None:
            return joined
        return torch.cat([joined, self.label(layers.one_hot(labels, self.classes, like=vector))], dim=1)


class Maxout(nn.Module):
    """h_i = max over k of (W x + b)_ki (Goodfellow et al. 2013): (n, inputs) -> (n, units)."""

    def __init__(self, inputs: int, units: int, pieces: int):
        super().__init__()
        self.linear = nn.Linear(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, vector: Tensor) -> Tensor:
        # Pieces outside, units inside: the maximum then runs over whole rows, which is faster by half.
        return self.linear(vector).unflatten(1, (self.pieces, -1)).amax(1)


class Generator(nn.Module):
    """z (n, latent), labels (n,) -> samples (n, *shape)."""

    def __init__(self, shape: tuple[int, ...], latent: int, join: Join, body: Sequence[nn.Module], output: nn.Module):
        super().__init__()
        images = len(shape) == 3
        self.latent, self.shape = latent, shape
        self.pixel_range = ((-1.0, 1.0) if isinstance(output, nn.Tanh) else (0.0, 1.0)) if images else None
        self.join = join
        self.body = nn.Sequential(*body, *([output] if images else []))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.body(self.join(z, labels)).unflatten(1, self.shape)


class Discriminator(nn.Module):
    """Samples (n, *shape), labels (n,) -> raw scores (n,)."""

    def __init__(self, join: Join, body: Sequence[nn.Module]):
        super().__init__()
        self.join = join
        self.body = nn.Sequential(*body)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.body(self.join(samples.flatten(1), labels)).squeeze(1)


def rectified(widths: Sequence[int]) -> list[nn.Module]:
    """Linear layers of the given widths, from the input to the output, with ReLU between them."""
    steps = [[nn.Linear(inputs, outputs), nn.ReLU()] for inputs, outputs in pairwise(widths)]
    return [module for step in steps for module in step][:-1]


@dataclass(frozen=True, kw_only=True)
class Maxout2014:
    """The options of the maxout and dropout pair of 2014.

    Attributes:
        latent: width of z.
        width: of the generator's hidden layers; with classes z gets a sixth of the first, y the rest (200 and 1000).
        units: maxout units of D's layers; with classes y gets units * 5 / 24 of its own (50).
        input_dropout: probability of dropping an element of x; labels are never dropped.
        dropout: probability of dropping an element of D's hidden layers.

    Raises:
        UserError: a count that is too small, or a dropout outside [0, 1).
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "unit_variance_uniform"
    uses_mean: ClassVar[bool] = True
    PIECES: ClassVar[int] = 5
    JOINT_PIECES: ClassVar[int] = 4

    pair: Literal["mlp-2014"] = "mlp-2014"
    latent: int = 100
    width: int = 1200
    units: int = 240
    input_dropout: float = 0.2
    dropout: float = 0.5

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width, units=self.units)
        layers.check_dropout(input_dropout=self.input_dropout, dropout=self.dropout)

    def build(
        self, shape: tuple[int, ...], *, classes: int = 0, mean: Tensor | None = None
    ) -> tuple[Generator, Discriminator]:
        """A generator with sigmoid output and a discriminator.

        Args:
            shape: of one sample.
            classes: number of labels; 0 for a pair without labels.
            mean: mean of the data, the shape of one sample, pixels in [0, 1]: the output bias starts at its logit, the
                mean clipped to [1e-7, 1 - 1e-7] (of points: at the mean itself). Without it the bias starts at 0.

        Raises:
            UserError: a shape or a mean that does not fit.
        """
        layers.check_shape(shape, classes, points=True)
        generator = Generator(shape, self.latent, *self._generator(math.prod(shape), classes), nn.Sigmoid())
        layers.initialise(generator, partial(nn.init.uniform_, a=-0.05, b=0.05))
        if mean is not None:
            _start_at_mean(generator, mean)
        discriminator = Discriminator(*self._discriminator(math.prod(shape), classes))
        layers.initialise(discriminator, partial(nn.init.uniform_, a=-0.005, b=0.005))
        return generator, discriminator

    def _generator(self, features: int, classes: int) -> tuple[Join, list[nn.Module]]:
        if not classes:
            return Join(0), rectified([self.latent, self.width, self.width, features])
        of_z = max(self.width // 6, 1)
        of_label = max(self.width - of_z, 1)
        join = Join(
            classes,
            value=nn.Sequential(nn.Linear(self.latent, of_z), nn.ReLU()),
            label=nn.Sequential(nn.Linear(classes, of_label), nn.ReLU()),
        )
        return join, rectified([of_z + of_label, self.width, features])

    def _discriminator(self, features: int, classes: int) -> tuple[Join, list[nn.Module]]:
        value = nn.Sequential(nn.Dropout(self.input_dropout), Maxout(features, self.units, self.PIECES))
        if not classes:
            join, joint = Join(0, value), Maxout(self.units, self.units, self.PIECES)
        else:
            of_label = max(self.units * 5 // 24, 1)
            join = Join(classes, value, Maxout(classes, of_label, self.PIECES))
            joint = Maxout(self.units + of_label, self.units, self.JOINT_PIECES)
        return join, [nn.Dropout(self.dropout), joint, nn.Dropout(self.dropout), nn.Linear(self.units, 1)]

    def shrunken(self) -> "Maxout2014":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 24), units=min(self.units, 12))


def _start_at_mean(generator: Generator, mean: Tensor) -> None:
    """Sets the output bias so that a generator whose last weights were 0 would give the mean of the data."""
    if tuple(mean.shape) != generator.shape:
        raise UserError(f"a mean of shape {tuple(mean.shape)}", f"shape {generator.shape}", "average over samples only")
    value = mean.detach().double().flatten()
    if generator.pixel_range is not None:
        low, high = (0.0, 1.0) if mean.is_meta else (float(value.min()), float(value.max()))
        if low < 0.0 or high > 1.0:
            raise UserError(
                f"a mean in [{low:.4g}, {high:.4g}]",
                "means of pixels in [0, 1]",
                "divide pixels of 0..255 by 255",
            )
        value = value.clamp(MEAN_CLIP, 1.0 - MEAN_CLIP).logit()
    last = [layer for layer in generator.body if isinstance(layer, nn.Linear)][-1]
    with torch.no_grad():
        last.bias.copy_(value)


@dataclass(frozen=True, kw_only=True)
class MlpIntro:
    """The options of the introductory pair: one hidden layer each, Glorot-uniform weights (Glorot and Bengio 2010).

    Attributes:
        latent: width of z.
        width: of the hidden layers.

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "uniform"
    uses_mean: ClassVar[bool] = False

    pair: Literal["mlp-intro"] = "mlp-intro"
    latent: int = 100
    width: int = 128

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width)

    def build(
        self, shape: tuple[int, ...], *, classes: int = 0, mean: Tensor | None = None
    ) -> tuple[Generator, Discriminator]:
        """A generator with sigmoid output and a discriminator; labels join as one-hot rows. `mean` is not used."""
        return _plain_pair(shape, classes, self.latent, [self.width], nn.Sigmoid(), nn.init.xavier_uniform_)

    def shrunken(self) -> "MlpIntro":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 16))


@dataclass(frozen=True, kw_only=True)
class Mlp:
    """The options of the toy pair; He-uniform weights before each ReLU, Glorot-uniform before the output.

    Attributes:
        latent: width of z, 2 for the toy sets of the plane; images want more.
        width: of the hidden layers.
        depth: number of hidden layers.
        bias_range: hidden biases are drawn from U(-bias_range, bias_range). At 0, as published, all rectifiers of a
            one-dimensional input bend at the same point.

    Raises:
        UserError: a count below 1, or a negative bias_range.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "normal"
    uses_mean: ClassVar[bool] = False

    pair: Literal["mlp"] = "mlp"
    latent: int = 2
    width: int = 512
    depth: int = 3
    bias_range: float = 0.0

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width, depth=self.depth)
        if not 0 <= self.bias_range < math.inf:
            raise UserError(f"bias_range {self.bias_range}", "a number of 0 or more", "use 0 for biases of 0")

    def build(
        self, shape: tuple[int, ...], *, classes: int = 0, mean: Tensor | None = None
    ) -> tuple[Generator, Discriminator]:
        """A generator with tanh output and a discriminator; labels join as one-hot rows. `mean` is not used."""
        he = partial(nn.init.kaiming_uniform_, nonlinearity="relu")
        networks = _plain_pair(shape, classes, self.latent, [self.width] * self.depth, nn.Tanh(), he)
        for network in networks:
            linear = [layer for layer in network.body if isinstance(layer, nn.Linear)]
            nn.init.xavier_uniform_(linear[-1].weight)
            if self.bias_range:
                for layer in linear[:-1]:
                    nn.init.uniform_(layer.bias, -self.bias_range, self.bias_range)
        return networks

    def shrunken(self) -> "Mlp":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 16))


def _plain_pair(
    shape: tuple[int, ...],
    classes: int,
    latent: int,
    hidden: list[int],
    output: nn.Module,
    weights: Callable[[Tensor], object],
) -> tuple[Generator, Discriminator]:
    layers.check_shape(shape, classes, points=True)
    features = math.prod(shape)
    generator = Generator(shape, latent, Join(classes), rectified([latent + classes, *hidden, features]), output)
    discriminator = Discriminator(Join(classes), rectified([features + classes, *hidden, 1]))
    layers.initialise(generator, weights)
    layers.initialise(discriminator, weights)
    return generator, discriminator
