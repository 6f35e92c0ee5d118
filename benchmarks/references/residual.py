"""Residual blocks, computed in the order of SNGAN's and BigGAN's codes; spectral norm; the hinge losses."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from benchmarks.references.latent import LatentTraining


class UpBlock(nn.Module):
    """x -> normalise, ReLU, double, 3x3, normalise, ReLU, 3x3; beside it double, 1x1."""

    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module]):
        super().__init__()
        self.first_norm = norm(inputs)
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second_norm = norm(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, maps: Tensor, *condition: Tensor) -> Tensor:
        inner = F.relu(self.first_norm(maps, *condition))
        inner = self.first(F.interpolate(inner, scale_factor=2))
        inner = self.second(F.relu(self.second_norm(inner, *condition)))
        return inner + self.skip(F.interpolate(maps, scale_factor=2))


class DownBlock(nn.Module):
    """x -> ReLU (not in the first), 3x3, ReLU, 3x3, halve; beside it 1x1 and halve, in the first halve and 1x1."""

    def __init__(self, inputs: int, outputs: int, *, down: bool, first: bool = False):
        super().__init__()
        self.down, self.is_first = down, first
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if down or inputs != outputs else None

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.second(F.relu(self.first(maps if self.is_first else F.relu(maps))))
        if not self.down:
            return inner + (maps if self.skip is None else self.skip(maps))
        assert self.skip is not None
        inner = F.avg_pool2d(inner, 2)
        if self.is_first:
            return inner + self.skip(F.avg_pool2d(maps, 2))
        return inner + F.avg_pool2d(self.skip(maps), 2)


def normalise_spectrally(network: nn.Module, *kinds: type[nn.Module], epsilon: float = 1e-12) -> None:
    for layer in list(network.modules()):
        if isinstance(layer, kinds):
            spectral_norm(layer, eps=epsilon)


class HingeTraining(LatentTraining):
    """D minimises E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))), G minimises -E D(G(z))."""

    def discriminator_loss(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        return F.relu(1 - self.score(real, labels)).mean() + F.relu(1 + self.score(fake, labels)).mean()

    def generator_loss(self, fake: Tensor, real: Tensor, labels: Tensor | None) -> Tensor:
        return -self.score(fake, labels).mean()
