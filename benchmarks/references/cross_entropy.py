"""Cross-entropies on raw scores, and the GANs on uniform latents that are trained by them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.references.latent import LatentTraining


def real_against_fake(on_real: Tensor, on_fake: Tensor) -> Tensor:
    """What D minimises: BCE(1, D(x)) + BCE(0, D(G(z)))."""
    loss = F.binary_cross_entropy_with_logits
    return loss(on_real, torch.ones_like(on_real)) + loss(on_fake, torch.zeros_like(on_fake))


def taken_for_real(on_fake: Tensor) -> Tensor:
    """What G minimises: BCE(1, D(G(z)))."""
    return F.binary_cross_entropy_with_logits(on_fake, torch.ones_like(on_fake))


class CrossEntropyTraining(LatentTraining):
    def draw_latents(self, count: int) -> Tensor:
        return torch.rand(count, self.latent, device=self.device) * 2 - 1

    def discriminator_loss(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        return real_against_fake(self.score(real, labels), self.score(fake, labels))

    def generator_loss(self, fake: Tensor, real: Tensor, labels: Tensor | None) -> Tensor:
        return taken_for_real(self.score(fake, labels))
