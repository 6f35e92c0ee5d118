"""BigGAN's net for CIFAR, by class: spectral norm in both networks, four D steps, a moving average.

(Brock, Donahue and Simonyan 2019)
"""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.references.residual import DownBlock, HingeTraining, UpBlock, normalise_spectrally

EPSILON = 1e-6


class ClassBatchNorm(nn.Module):
    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.normalise = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Embedding(classes, channels)
        self.bias = nn.Embedding(classes, channels)

    def forward(self, maps: Tensor, labels: Tensor) -> Tensor:
        gain, bias = 1 + self.gain(labels), self.bias(labels)
        return self.normalise(maps) * gain[:, :, None, None] + bias[:, :, None, None]


def initialise(network: nn.Module) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
            nn.init.normal_(layer.weight, std=0.02)
        if isinstance(layer, nn.Linear | nn.Conv2d) and layer.bias is not None:
            nn.init.zeros_(layer.bias)


class Generator(nn.Module):
    def __init__(self, channels: int, latent: int, width: int, classes: int):
        super().__init__()
        self.width = 4 * width
        self.linear = nn.Linear(latent, self.width * 4 * 4)
        self.blocks = nn.ModuleList(
            UpBlock(self.width, self.width, lambda maps: ClassBatchNorm(maps, classes)) for _ in range(3)
        )
        self.norm = nn.BatchNorm2d(self.width)
        self.output = nn.Conv2d(self.width, channels, 3, padding=1)
        initialise(self)
        normalise_spectrally(self, nn.Conv2d, nn.Linear, epsilon=EPSILON)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        maps = self.linear(z).view(-1, self.width, 4, 4)
        for block in self.blocks:
            maps = block(maps, labels)
        return torch.tanh(self.output(F.relu(self.norm(maps))))


class Discriminator(nn.Module):
    def __init__(self, channels: int, width: int, classes: int):
        super().__init__()
        width = 4 * width
        self.blocks = nn.Sequential(
            DownBlock(channels, width, down=True, first=True),
            DownBlock(width, width, down=True),
            DownBlock(width, width, down=False),
            DownBlock(width, width, down=False),
        )
        self.linear = nn.Linear(width, 1)
        self.embedding = nn.Embedding(classes, width)
        initialise(self)
        normalise_spectrally(self, nn.Conv2d, nn.Linear, nn.Embedding, epsilon=EPSILON)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        features = F.relu(self.blocks(images)).sum((2, 3))
        return self.linear(features).squeeze(1) + (self.embedding(labels) * features).sum(1)


class BigGanTraining(HingeTraining):
    """Adam 2e-4 (0, .999); D's weights are left alone in G's step, as in the authors' code."""

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None,
        *,
        batch: int,
        width: int = 64,
        classes: int = 10,
        discriminator_steps: int = 4,
        shared: bool = False,
    ):
        channels = images.shape[1]
        generator = Generator(channels, 128, width, classes).to(images.device)
        super().__init__(
            images,
            labels,
            generator,
            Discriminator(channels, width, classes),
            adam={"lr": 2e-4, "betas": (0.0, 0.999), "eps": 1e-6},
            batch=batch,
            latent=128,
            discriminator_steps=discriminator_steps,
            shared=shared,
            freeze_discriminator=True,
            average=copy.deepcopy(generator),
        )
