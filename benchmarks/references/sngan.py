"""SNGAN for 32x32 images: a residual pair, spectral norm in D, hinge losses, five D steps, G's batch double.

(Miyato et al. 2018)
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.references.residual import DownBlock, HingeTraining, UpBlock, normalise_spectrally


def initialise(network: nn.Module) -> None:
    """Glorot's uniform numbers, with the rectifier's gain inside the blocks."""
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight, gain=2**0.5 if name.endswith(("first", "second")) else 1.0)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class Generator(nn.Module):
    def __init__(self, channels: int, latent: int, width: int):
        super().__init__()
        self.width = width
        self.linear = nn.Linear(latent, width * 4 * 4)
        self.blocks = nn.Sequential(*(UpBlock(width, width, nn.BatchNorm2d) for _ in range(3)))
        self.norm = nn.BatchNorm2d(width)
        self.output = nn.Conv2d(width, channels, 3, padding=1)
        initialise(self)

    def forward(self, z: Tensor) -> Tensor:
        maps = self.blocks(self.linear(z).view(-1, self.width, 4, 4))
        return torch.tanh(self.output(F.relu(self.norm(maps))))


class Discriminator(nn.Module):
    def __init__(self, channels: int, width: int):
        super().__init__()
        self.blocks = nn.Sequential(
            DownBlock(channels, width, down=True, first=True),
            DownBlock(width, width, down=True),
            DownBlock(width, width, down=False),
            DownBlock(width, width, down=False),
        )
        self.linear = nn.Linear(width, 1)
        initialise(self)
        normalise_spectrally(self, nn.Conv2d, nn.Linear)

    def forward(self, images: Tensor) -> Tensor:
        return self.linear(F.relu(self.blocks(images)).sum((2, 3))).squeeze(1)


class SnganTraining(HingeTraining):
    """Adam 2e-4 (0, .9)."""

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        batch: int,
        width: int = 256,
        discriminator_width: int = 128,
        discriminator_steps: int = 5,
        generator_batches: int = 2,
        shared: bool = False,
    ):
        channels = images.shape[1]
        super().__init__(
            images,
            None,
            Generator(channels, 128, width),
            Discriminator(channels, discriminator_width),
            adam={"lr": 2e-4, "betas": (0.0, 0.9)},
            batch=batch,
            latent=128,
            discriminator_steps=discriminator_steps,
            generator_batches=generator_batches,
            shared=shared,
        )
