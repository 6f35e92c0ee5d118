"""R3GAN for 32x32 images, by class: relativistic pairing, R1 and R2 by double backward (Huang et al. 2024)."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.references.latent import LatentTraining

SIZES = 4
GROUP = 16
CODE = 64


def initialise(network: nn.Module) -> None:
    """N(0, gain^2 / fan_in); the last convolution of a block starts at 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, std=layer.weight[0].numel() ** -0.5)
    for block in network.modules():
        if isinstance(block, Block):
            for layer in (block.first, block.second):
                layer.weight.data.mul_((2 / 1.04) ** 0.5 * (2 * SIZES) ** -0.25)
            nn.init.zeros_(block.third.weight)


class BiasedActivation(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps: Tensor) -> Tensor:
        return F.leaky_relu(maps + self.bias.view(1, -1, 1, 1), 0.2)


class Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        inner = 2 * channels
        self.first = nn.Conv2d(channels, inner, 1, bias=False)
        self.first_activation = BiasedActivation(inner)
        self.second = nn.Conv2d(inner, inner, 3, padding=1, groups=max(inner // GROUP, 1), bias=False)
        self.second_activation = BiasedActivation(inner)
        self.third = nn.Conv2d(inner, channels, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.first_activation(self.first(maps))
        return maps + self.third(self.second_activation(self.second(inner)))


class Resample(nn.Module):
    """Doubles or halves by the filter [1, 3, 3, 1] of each axis, channel by channel."""

    def __init__(self, *, double: bool):
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.doubles = double
        self.register_buffer("kernel", torch.outer(taps, taps)[None, None] * (4 if double else 1), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        kernel = self.get_buffer("kernel").repeat(maps.shape[1], 1, 1, 1)
        if self.doubles:
            return F.conv_transpose2d(maps, kernel, stride=2, padding=1, groups=maps.shape[1])
        return F.conv2d(maps, kernel, stride=2, padding=1, groups=maps.shape[1])


class Generator(nn.Module):
    def __init__(self, channels: int, latent: int, width: int, classes: int):
        super().__init__()
        self.basis = nn.Parameter(torch.randn(width, 4, 4))
        self.embedding = nn.Embedding(classes, CODE) if classes else None
        self.linear = nn.Linear(latent + (CODE if classes else 0), width, bias=False)
        layers: list[nn.Module] = [Block(width), Block(width)]
        for _ in range(SIZES - 1):
            layers += [Resample(double=True), Block(width), Block(width)]
        self.body = nn.Sequential(*layers)
        self.output = nn.Conv2d(width, channels, 1, bias=False)
        initialise(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.embedding is not None:
            z = torch.cat([z, self.embedding(labels)], dim=1)
        return self.output(self.body(self.basis * self.linear(z)[:, :, None, None]))


class Discriminator(nn.Module):
    def __init__(self, channels: int, width: int, classes: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 1, bias=False), Block(width), Block(width)]
        for _ in range(SIZES - 1):
            layers += [Resample(double=False), Block(width), Block(width)]
        self.body = nn.Sequential(*layers)
        self.basis = nn.Conv2d(width, width, 4, groups=width, bias=False)
        self.linear = nn.Linear(width, CODE if classes else 1, bias=False)
        self.embedding = nn.Embedding(classes, CODE) if classes else None
        initialise(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.linear(self.basis(self.body(images)).flatten(1))
        if self.embedding is None:
            return features.squeeze(1)
        return (features * self.embedding(labels)).sum(1)


class R3ganTraining(LatentTraining):
    """Both penalties at every step, gamma .05, Adam 2e-4 (0, .9); D's weights are left alone in G's step."""

    gamma = 0.05

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        batch: int,
        width: int = 768,
        classes: int = 0,
        shared: bool = False,
    ):
        channels = images.shape[1]
        generator = Generator(channels, 64, width, classes).to(images.device)
        super().__init__(
            images,
            labels if classes else None,
            generator,
            Discriminator(channels, width, classes),
            adam={"lr": 2e-4, "betas": (0.0, 0.9)},
            batch=batch,
            latent=64,
            shared=shared,
            freeze_discriminator=True,
            average=copy.deepcopy(generator),
        )

    def draw_images(self, count: int) -> tuple[Tensor, Tensor | None]:
        images, labels = super().draw_images(count)
        mirrored = torch.rand(count, 1, 1, 1, device=self.device) < 0.5
        return torch.where(mirrored, images.flip(3), images), labels

    def penalty(self, images: Tensor, scores: Tensor) -> Tensor:
        (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
        return self.gamma / 2 * gradient.square().sum((1, 2, 3)).mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        real, fake = real.requires_grad_(), fake.detach().requires_grad_()
        on_real, on_fake = self.score(real, labels), self.score(fake, labels)
        return F.softplus(on_fake - on_real).mean() + self.penalty(real, on_real) + self.penalty(fake, on_fake)

    def generator_loss(self, fake: Tensor, real: Tensor, labels: Tensor | None) -> Tensor:
        return F.softplus(self.score(real, labels) - self.score(fake, labels)).mean()
