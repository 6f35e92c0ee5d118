"""The iteration of a GAN on latents: k discriminator steps, then one generator step.

Each step has images and latents of its own, and D's takes fakes that were made without a graph; where the draw is
`shared`, G's step goes on with the images and fakes of D's last step. `freeze_discriminator` spares D's weight
gradients in G's step; scripts differ in it, so each reference does what the best-known script of its recipe does.
"""

import torch
from torch import Tensor, nn


class LatentTraining:
    """One GAN in training.

    Args:
        images: uint8 (n, channels, height, width), on the device that is trained on.
        labels: int64 (n,), or None.
        generator, discriminator: networks of (z[, labels]) and (images[, labels]).
        adam: options of both optimizers.
        batch: images in a step.
        latent: width of z.
        discriminator_steps: k.
        generator_batches: G's batch, in batches of D.
        shared: G's step goes on with what D's last step was shown.
        freeze_discriminator: spare D's weight gradients in G's step.
        average: a copy of the generator that follows it slowly, or None.
    """

    # Of what the networks see for black and white.
    pixel_range = (-1.0, 1.0)

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        adam: dict,
        batch: int,
        latent: int,
        discriminator_steps: int = 1,
        generator_batches: int = 1,
        shared: bool = False,
        freeze_discriminator: bool = False,
        average: nn.Module | None = None,
    ):
        self.images, self.labels, self.device = images, labels, images.device
        self.generator, self.discriminator = generator.to(self.device), discriminator.to(self.device)
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)
        self.batch, self.latent = batch, latent
        self.discriminator_steps, self.generator_batches = discriminator_steps, generator_batches
        self.shared, self.freeze_discriminator = shared, freeze_discriminator
        self.average = average

    def discriminator_loss(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        raise NotImplementedError

    def generator_loss(self, fake: Tensor, real: Tensor, labels: Tensor | None) -> Tensor:
        raise NotImplementedError

    def draw_latents(self, count: int) -> Tensor:
        return torch.randn(count, self.latent, device=self.device)

    def draw_images(self, count: int) -> tuple[Tensor, Tensor | None]:
        rows = torch.randint(len(self.images), (count,), device=self.device)
        return self.seen(self.images[rows]), None if self.labels is None else self.labels[rows]

    def seen(self, stored: Tensor) -> Tensor:
        low, high = self.pixel_range
        return stored.float() / 255 * (high - low) + low

    def make(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return self.generator(z) if labels is None else self.generator(z, labels)

    def score(self, images: Tensor, labels: Tensor | None) -> Tensor:
        return self.discriminator(images) if labels is None else self.discriminator(images, labels)

    def iteration(self) -> int:
        """k steps of D and one of G; gives how many real images D has been shown."""
        for substep in range(self.discriminator_steps):
            real, labels = self.draw_images(self.batch)
            with torch.set_grad_enabled(self.shared and substep == self.discriminator_steps - 1):
                fake = self.make(self.draw_latents(self.batch), labels)
            self.discriminator_optimizer.zero_grad()
            self.discriminator_loss(real, fake.detach(), labels).backward()
            self.discriminator_optimizer.step()

        if not self.shared:
            count = self.batch * self.generator_batches
            real, labels = self.draw_images(count)
            fake = self.make(self.draw_latents(count), labels)
        if self.freeze_discriminator:
            self.discriminator.requires_grad_(False)
        self.generator_optimizer.zero_grad()
        self.generator_loss(fake, real, labels).backward()
        self.generator_optimizer.step()
        if self.freeze_discriminator:
            self.discriminator.requires_grad_(True)
        self.move_average()
        return self.batch * self.discriminator_steps

    @torch.no_grad()
    def move_average(self, decay: float = 0.999) -> None:
        if self.average is None:
            return
        for average, parameter in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            average.lerp_(parameter, 1 - decay)
        for average, buffer in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            average.copy_(buffer)
