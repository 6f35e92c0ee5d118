"""The Inception network that the Frechet inception distance is defined by, and the two ways in which it is fed.

    299 x 299 x 3 -> convolutions -> Mixed_5b .. Mixed_7c -> mean over positions: 2048 features -> 1008 logits
    (Szegedy et al. 2016; the weights of 2015-12-05, first used for this by Heusel et al. 2017; parameter names and
    the port of the weights are pytorch-fid's)

Three things set this network apart from the Inception v3 of the paper and of torchvision, beside the weights: the
averages in the blocks A, C and the first E leave padded zeros out of their count; the last E block takes a maximum
where the others average; there are 1008 outputs.

    inception        as pytorch-fid: torch's bilinear filter to 299 without antialiasing, then 2x - 1 for x in [0, 1]
    inception-clean  as clean-fid (Parmar, Zhang and Zhu 2022): Pillow's bicubic to 299, then (v - 128) / 128, v <= 255

Scores of the two are different numbers, and neither is the original's of 2017 to the last digit: TensorFlow's bilinear
resize of that time took pixels by their corners, not their centres, and fed (v - 128) / 128. The logits leave out the
output bias, as the code of the first inception score did (Salimans et al. 2016), which multiplied by the last layer's
matrix alone.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.metrics.features import preparation
from saddlepoint.metrics.features.features import Features
from saddlepoint.metrics.features.weights import Published, fill, read_weights

PUBLISHED = Published(
    file="pt_inception-2015-12-05-6726825d.pth",
    url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    sha256="6726825d",
)
SIDE = 299
DIMENSIONS = 2048
OUTPUTS = 1008

# A convolution: name, output channels, kernel; several in a tuple read the same input and are joined.
Kernel = int | tuple[int, int]
Convolution = tuple[str, int, Kernel]
Chain = Sequence[Convolution | tuple[Convolution, ...]]


class Normalised(nn.Module):
    """Convolution without bias, batch normalisation (epsilon .001), ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: Kernel, stride: int = 1, *, padded: bool = True):
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if padded else 0
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, maps: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(maps)))


class Mixed(nn.Module):
    """Chains of convolutions and a pooling beside each other, joined by channels.

    Args:
        inputs: channels of the input.
        chains: in the order of the output's channels.
        pooled: output channels of the 1x1 convolution behind the pooling; 0 for a block that halves the sides, whose
            pooling is a maximum without one, and in which the last convolution of every chain has stride 2.
        maximum: the pooling of a block that keeps the sides takes a maximum.
    """

    def __init__(self, inputs: int, chains: Sequence[Chain], pooled: int, *, maximum: bool = False):
        super().__init__()
        self.halves, self.maximum = pooled == 0, maximum
        self.chains: list[list[tuple[str, ...]]] = []
        for chain in chains:
            names, channels = [], inputs
            for position, step in enumerate(chain):
                parallel: tuple[Convolution, ...] = step if isinstance(step[0], tuple) else (step,)  # pyright: ignore
                last = self.halves and position == len(chain) - 1
                for name, outputs, kernel in parallel:
                    self.add_module(name, Normalised(channels, outputs, kernel, 2 if last else 1, padded=not last))
                names.append(tuple(name for name, _, _ in parallel))
                channels = sum(outputs for _, outputs, _ in parallel)
            self.chains.append(names)
        if pooled:
            self.branch_pool = Normalised(inputs, pooled, 1)

    def forward(self, maps: Tensor) -> Tensor:
        joined = []
        for chain in self.chains:
            found = maps
            for names in chain:
                found = torch.cat([self.get_submodule(name)(found) for name in names], dim=1)
            joined.append(found)
        return torch.cat([*joined, self._pool(maps)], dim=1)

    def _pool(self, maps: Tensor) -> Tensor:
        if self.halves:
            return F.max_pool2d(maps, 3, 2)
        if self.maximum:
            return self.branch_pool(F.max_pool2d(maps, 3, 1, 1))
        return self.branch_pool(F.avg_pool2d(maps, 3, 1, 1, count_include_pad=False))


def _a(inputs: int, pooled: int) -> Mixed:
    double = [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)]
    return Mixed(inputs, [[("branch1x1", 64, 1)], [("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)], double], pooled)


def _b(inputs: int) -> Mixed:
    double = [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)]
    return Mixed(inputs, [[("branch3x3", 384, 3)], double], 0)


def _c(inputs: int, width: int) -> Mixed:
    single = [("branch7x7_1", width, 1), ("branch7x7_2", width, (1, 7)), ("branch7x7_3", 192, (7, 1))]
    double = [
        ("branch7x7dbl_1", width, 1),
        ("branch7x7dbl_2", width, (7, 1)),
        ("branch7x7dbl_3", width, (1, 7)),
        ("branch7x7dbl_4", width, (7, 1)),
        ("branch7x7dbl_5", 192, (1, 7)),
    ]
    return Mixed(inputs, [[("branch1x1", 192, 1)], single, double], 192)


def _d(inputs: int) -> Mixed:
    long = [("branch7x7x3_1", 192, 1), ("branch7x7x3_2", 192, (1, 7)), ("branch7x7x3_3", 192, (7, 1))]
    return Mixed(inputs, [[("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3)], [*long, ("branch7x7x3_4", 192, 3)]], 0)


def _e(inputs: int, *, maximum: bool) -> Mixed:
    single = [("branch3x3_1", 384, 1), (("branch3x3_2a", 384, (1, 3)), ("branch3x3_2b", 384, (3, 1)))]
    double = [
        ("branch3x3dbl_1", 448, 1),
        ("branch3x3dbl_2", 384, 3),
        (("branch3x3dbl_3a", 384, (1, 3)), ("branch3x3dbl_3b", 384, (3, 1))),
    ]
    return Mixed(inputs, [[("branch1x1", 320, 1)], single, double], 192, maximum=maximum)


class Inception(nn.Module):
    """Images (n, 3, 299, 299) in [-1, 1] -> 2048 features; `fc` holds the 1008 outputs' weights."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Normalised(3, 32, 3, 2, padded=False)
        self.Conv2d_2a_3x3 = Normalised(32, 32, 3, padded=False)
        self.Conv2d_2b_3x3 = Normalised(32, 64, 3)
        self.Conv2d_3b_1x1 = Normalised(64, 80, 1)
        self.Conv2d_4a_3x3 = Normalised(80, 192, 3, padded=False)
        self.Mixed_5b = _a(192, 32)
        self.Mixed_5c = _a(256, 64)
        self.Mixed_5d = _a(288, 64)
        self.Mixed_6a = _b(288)
        self.Mixed_6b = _c(768, 128)
        self.Mixed_6c = _c(768, 160)
        self.Mixed_6d = _c(768, 160)
        self.Mixed_6e = _c(768, 192)
        self.Mixed_7a = _d(768)
        self.Mixed_7b = _e(1280, maximum=False)
        self.Mixed_7c = _e(2048, maximum=True)
        self.fc = nn.Linear(DIMENSIONS, OUTPUTS)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(images)))
        maps = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(maps, 3, 2)))
        maps = F.max_pool2d(maps, 3, 2)
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                maps = block(maps)
        return maps.mean(dim=(2, 3))


def inception(path: Path, device: torch.device | str = "cpu", *, clean: bool = False) -> Features:
    """The 2048 features of the Frechet inception distance, and the logits of the inception score.

    Args:
        path: the published weights, a state dict or its tensors as safetensors.
        device: where to compute.
        clean: fed as clean-fid feeds it, otherwise as pytorch-fid.

    Raises:
        UserError: a file that does not hold these weights.
    """
    tensors, about = read_weights(path, PUBLISHED)
    network = fill(Inception, tensors, path, PUBLISHED).to(device)

    def seen(images: Tensor) -> Tensor:
        pixels = preparation.rounded(preparation.three_channels(images))
        if clean:
            return (preparation.bicubic(pixels, SIDE) - 128) / 128
        return 2 * preparation.bilinear(pixels / 255, SIDE) - 1

    return Features(
        name="inception-clean" if clean else "inception",
        about={
            "network": "Inception v3 of 2015-12-05, mean over positions before the outputs",
            **about,
            "channels": preparation.CHANNELS,
            "resize": "bicubic, antialiased" if clean else "bilinear, not antialiased",
            "side": SIDE,
            "values": f"{preparation.ROUNDED}, then {'(v - 128) / 128' if clean else '2 v / 255 - 1'}",
            "reference": "clean-fid, mode clean" if clean else "pytorch-fid",
            "logits": "1008, without the output bias",
            "torch": torch.__version__,
        },
        vectors=lambda images: network(seen(images)),
        dimensions=DIMENSIONS,
        logits=lambda images: F.linear(network(seen(images)), network.fc.weight),
    )
