"""Doubling and halving of maps through the filter [1, 3, 3, 1] of each axis, as StyleGAN2 and R3GAN have it.

    halved:  x'[i] = sum_k f_k x[2 i - 1 + k],   f = (1, 3, 3, 1) / 8 on each axis
    doubled: the transpose, times 2 on each axis, so that a constant map stays constant away from the border

Beyond the border there are zeros. Halving rounds an odd side up, doubling cuts what is over.
(Karras et al. 2020; Huang et al. 2024)
"""

from collections.abc import Callable
from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAPS = (1.0, 3.0, 3.0, 1.0)


class _Filter(nn.Module):
    """Holds the filter as a buffer that no checkpoint needs; made in each call it would be copied to the device."""

    kernel: Tensor

    def __init__(self, gain: float):
        super().__init__()
        taps = torch.tensor(TAPS) / sum(TAPS)
        self.register_buffer("kernel", (gain * torch.outer(taps, taps))[None, None], persistent=False)

    def _filtered(self, convolution: Callable[..., Tensor], maps: Tensor) -> Tensor:
        """Every channel by itself. On a CPU in float32, where the transpose is thirty times faster than in bfloat16."""
        on_cpu = maps.device.type == "cpu"
        wide = maps.float() if on_cpu and maps.dtype == torch.bfloat16 else maps
        kernel = self.kernel.to(wide.dtype).expand(maps.shape[1], -1, -1, -1)
        with torch.autocast("cpu", enabled=False) if on_cpu else nullcontext():
            return convolution(wide, kernel, stride=2, padding=1, groups=maps.shape[1]).to(maps.dtype)


class FilteredHalf(_Filter):
    """Maps (n, channels, h, w) -> (n, channels, h / 2, w / 2), rounded up."""

    def __init__(self):
        super().__init__(gain=1.0)

    def forward(self, maps: Tensor) -> Tensor:
        height, width = maps.shape[2:]
        if height % 2 or width % 2:
            maps = F.pad(maps, (0, width % 2, 0, height % 2))
        return self._filtered(F.conv2d, maps)


class FilteredDouble(_Filter):
    """Maps (n, channels, h, w) -> (n, channels, *size), size being 2 h, 2 w or one less."""

    def __init__(self, size: tuple[int, int]):
        super().__init__(gain=4.0)
        self.size = size

    def forward(self, maps: Tensor) -> Tensor:
        return self._filtered(F.conv_transpose2d, maps)[:, :, : self.size[0], : self.size[1]]
