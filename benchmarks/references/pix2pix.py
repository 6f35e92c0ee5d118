"""pix2pix at 256x256: a U-Net of eight levels against a 70x70 PatchGAN, L1 weight 100, jittered pairs, one at a time.

(Isola et al. 2017)
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.references.cross_entropy import real_against_fake, taken_for_real

JITTERED = 286


def initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, std=0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


class Generator(nn.Module):
    def __init__(self, channels: int, width: int):
        super().__init__()
        widths = [width, 2 * width, 4 * width, *[8 * width] * 5]
        self.encoder = nn.ModuleList([nn.Conv2d(channels, widths[0], 4, 2, 1, bias=False)])
        for inputs, outputs in pairwise(widths[:-1]):
            convolution = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)
            self.encoder.append(nn.Sequential(nn.LeakyReLU(0.2), convolution, nn.BatchNorm2d(outputs)))
        self.encoder.append(nn.Sequential(nn.LeakyReLU(0.2), nn.Conv2d(widths[-2], widths[-1], 4, 2, 1, bias=False)))
        self.decoder = nn.ModuleList()
        for level, (inputs, outputs) in enumerate(pairwise(widths[::-1])):
            steps = [
                nn.ReLU(),
                nn.ConvTranspose2d(inputs if level == 0 else 2 * inputs, outputs, 4, 2, 1, bias=False),
                nn.BatchNorm2d(outputs),
            ]
            self.decoder.append(nn.Sequential(*steps, *([nn.Dropout(0.5)] if level < 3 else [])))
        self.decoder.append(nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * width, channels, 4, 2, 1), nn.Tanh()))

    def forward(self, sources: Tensor) -> Tensor:
        maps, skipped = sources, []
        for step in self.encoder:
            maps = step(maps)
            skipped.append(maps)
        image = self.decoder[0](skipped.pop())
        for step in list(self.decoder)[1:]:
            image = step(torch.cat([image, skipped.pop()], dim=1))
        return image


class Discriminator(nn.Module):
    def __init__(self, channels: int, width: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2 * channels, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(4 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 8 * width, 4, 1, 1, bias=False),
            nn.BatchNorm2d(8 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(8 * width, 1, 4, 1, 1),
        )

    def forward(self, sources: Tensor, images: Tensor) -> Tensor:
        return self.body(torch.cat([sources, images], dim=1))


class Pix2PixTraining:
    """Cross-entropies on patches; Adam 2e-4, beta1 .5; D's weights are left alone in G's step, as in the authors' code.

    Args:
        images: the targets, uint8 (n, channels, 256, 256).
        labels: not used.
        sources: uint8, the shape of `images`.
        shared: G's step goes on with the pairs and fakes of D's.
    """

    l1 = 100.0

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        sources: Tensor,
        batch: int,
        width: int = 64,
        shared: bool = False,
    ):
        self.images, self.sources, self.batch, self.shared = images, sources, batch, shared
        self.generator = Generator(images.shape[1], width).apply(initialise).to(images.device)
        self.discriminator = Discriminator(images.shape[1], width).apply(initialise).to(images.device)
        adam = {"lr": 2e-4, "betas": (0.5, 0.999)}
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), **adam)

    def seen(self, stored: Tensor) -> Tensor:
        return stored.float() / 127.5 - 1

    def draw(self) -> tuple[Tensor, Tensor]:
        """Pairs, enlarged to 286, cut to their size at random places, every other one mirrored."""
        rows = torch.randint(len(self.images), (self.batch,), device=self.images.device)
        pairs = torch.cat([self.sources[rows], self.images[rows]], dim=1)
        size = pairs.shape[-1]
        pairs = F.interpolate(pairs.float(), (JITTERED, JITTERED), mode="bicubic").clamp(0, 255)
        cut = []
        for pair in pairs:
            top, left = torch.randint(JITTERED - size + 1, (2,)).tolist()
            piece = pair[:, top : top + size, left : left + size]
            cut.append(piece.flip(2) if torch.rand(()) < 0.5 else piece)
        source, target = self.seen(torch.stack(cut)).chunk(2, dim=1)
        return source, target

    def discriminator_loss(self, source: Tensor, target: Tensor, fake: Tensor) -> Tensor:
        return real_against_fake(self.discriminator(source, target), self.discriminator(source, fake))

    def generator_loss(self, source: Tensor, target: Tensor, fake: Tensor) -> Tensor:
        return taken_for_real(self.discriminator(source, fake)) + self.l1 * F.l1_loss(fake, target)

    def iteration(self) -> int:
        """A step of D and one of G; gives how many pairs D has been shown."""
        source, target = self.draw()
        with torch.set_grad_enabled(self.shared):
            fake = self.generator(source)
        self.discriminator_optimizer.zero_grad()
        self.discriminator_loss(source, target, fake.detach()).backward()
        self.discriminator_optimizer.step()

        if not self.shared:
            source, target = self.draw()
            fake = self.generator(source)
        self.discriminator.requires_grad_(False)
        self.generator_optimizer.zero_grad()
        self.generator_loss(source, target, fake).backward()
        self.generator_optimizer.step()
        self.discriminator.requires_grad_(True)
        return self.batch
