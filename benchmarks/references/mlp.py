"""The introductory GAN on 28x28 grey images: one hidden layer of 128 units on each side, cross-entropies on logits."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.references.cross_entropy import CrossEntropyTraining


class Generator(nn.Module):
    def __init__(self, shape: tuple[int, ...], latent: int, width: int):
        super().__init__()
        self.shape = shape
        self.hidden = nn.Linear(latent, width)
        self.output = nn.Linear(width, shape[0] * shape[1] * shape[2])

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.output(F.relu(self.hidden(z)))).view(-1, *self.shape)


class Discriminator(nn.Module):
    def __init__(self, shape: tuple[int, ...], width: int):
        super().__init__()
        self.hidden = nn.Linear(shape[0] * shape[1] * shape[2], width)
        self.output = nn.Linear(width, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.output(F.relu(self.hidden(images.flatten(1)))).squeeze(1)


class MlpTraining(CrossEntropyTraining):
    """Adam 1e-3."""

    pixel_range = (0.0, 1.0)

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        batch: int,
        width: int = 128,
        shared: bool = False,
    ):
        shape = tuple(images.shape[1:])
        super().__init__(
            images,
            None,
            Generator(shape, 100, width),
            Discriminator(shape, width),
            adam={"lr": 1e-3},
            batch=batch,
            latent=100,
            shared=shared,
        )
