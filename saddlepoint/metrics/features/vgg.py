"""VGG19, whose inner maps compare pictures by content: SRGAN's loss, and distances like LPIPS.

    2, 2, 4, 4, 4 convolutions 3x3 with ReLU, of 64, 128, 256, 512, 512 channels; behind each group a maximum over 2x2
    (Simonyan and Zisserman 2015; names and weights are torchvision's)

The maps are phi_12, phi_22, phi_34, phi_44, phi_54 of Ledig et al. 2017: phi_ij is behind the j-th convolution "after
activation" and before the i-th pooling. Their content loss VGG54 is the mean squared difference of the last of them,
rescaled by 1 / 12.75; that factor is the caller's. Images enter at their own size, from 16 pixels a side.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import preparation
from saddlepoint.metrics.features.features import Features
from saddlepoint.metrics.features.weights import Published, fill, read_weights

PUBLISHED = Published(
    file="vgg19-dcbb9e9d.pth",
    url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    sha256="dcbb9e9d",
    ignored=("classifier.",),
)
# Channels and number of the convolutions between two poolings.
GROUPS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
SMALLEST = 16


class Vgg19(nn.Module):
    """Normalised images (n, 3, height, width) -> the five maps."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        inputs = 3
        for channels, count in GROUPS:
            for _ in range(count):
                self.features.extend([nn.Conv2d(inputs, channels, 3, 1, 1), nn.ReLU()])
                inputs = channels
            self.features.append(nn.MaxPool2d(2))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                found.append(images)
                if len(found) == len(GROUPS):
                    break
            images = layer(images)
        return tuple(found)


def vgg19(path: Path, device: torch.device | str = "cpu") -> Features:
    """Five feature maps of VGG19, differentiable; its vectors are the means of the last map's 512 channels.

    Args:
        path: the published weights, with or without the classifier, a state dict or its tensors as safetensors.
        device: where to compute.

    Raises:
        UserError: a file that does not hold these weights.
    """
    tensors, about = read_weights(path, PUBLISHED)
    network = fill(Vgg19, tensors, path, PUBLISHED).to(device)

    def maps(images: Tensor) -> tuple[Tensor, ...]:
        images = preparation.three_channels(images)
        if min(images.shape[2:]) < SMALLEST:
            raise UserError(
                f"images of {images.shape[2]} x {images.shape[3]} pixels",
                f"at least {SMALLEST} a side, because VGG19 halves them four times",
                "enlarge them, or use the features 'pixels'",
            )
        return network(preparation.normalised(images))

    return Features(
        name="vgg19",
        about={
            "network": "VGG19, behind the ReLU before each pooling; vectors: means of the last map's channels",
            **about,
            "channels": preparation.CHANNELS,
            "resize": "none",
            "values": "[0, 1], ImageNet's mean and deviation",
            "reference": "torchvision",
            "torch": torch.__version__,
        },
        vectors=lambda images: maps(images)[-1].mean(dim=(2, 3)),
        dimensions=GROUPS[-1][0],
        maps=maps,
    )
