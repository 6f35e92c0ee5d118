"""SRResNet, factor 4: 16 residual blocks, the squared error alone, pieces of 96x96 (Ledig et al. 2017)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FACTOR = 4


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
        )

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.body(maps)


class Generator(nn.Module):
    def __init__(self, channels: int, width: int, blocks: int):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.last_of_blocks = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))
        self.enlarge = nn.Sequential(
            nn.Conv2d(width, 4 * width, 3, padding=1),
            nn.PixelShuffle(2),
            nn.PReLU(),
            nn.Conv2d(width, 4 * width, 3, padding=1),
            nn.PixelShuffle(2),
            nn.PReLU(),
        )
        self.output = nn.Conv2d(width, channels, 9, padding=4)

    def forward(self, sources: Tensor) -> Tensor:
        maps = self.first(sources)
        return self.output(self.enlarge(maps + self.last_of_blocks(self.blocks(maps))))


class SrResNetTraining:
    """G alone; Adam 1e-4. `images` are tiles, uint8, from which pieces of `crop` are cut; `labels` are not used."""

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        batch: int,
        crop: int = 96,
        width: int = 64,
        blocks: int = 16,
    ):
        self.images, self.batch, self.crop = images, batch, crop
        self.generator = Generator(images.shape[1], width, blocks).to(images.device)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), lr=1e-4)

    def draw(self) -> tuple[Tensor, Tensor]:
        """Pieces reduced, in [0, 1], and as they are, in [-1, 1]."""
        pieces = []
        for row in torch.randint(len(self.images), (self.batch,)).tolist():
            top, left = (int(torch.randint(side - self.crop + 1, ())) for side in self.images.shape[2:])
            pieces.append(self.images[row, :, top : top + self.crop, left : left + self.crop])
        large = torch.stack(pieces).float()
        small = F.interpolate(large, scale_factor=1 / FACTOR, mode="bicubic", antialias=True)
        return small.round().clamp(0, 255) / 255, large / 127.5 - 1

    def generator_loss(self, source: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(self.generator(source), target)

    def iteration(self) -> int:
        """One step; gives how many pieces it took."""
        source, target = self.draw()
        self.generator_optimizer.zero_grad()
        self.generator_loss(source, target).backward()
        self.generator_optimizer.step()
        return self.batch
