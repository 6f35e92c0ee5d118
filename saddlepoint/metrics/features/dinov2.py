"""DINOv2's vision transformers, in whose features the Frechet distance agrees best with people (FD-DINOv2).

    patches 14 x 14 -> linear, a class token in front, positions added
    depth x (x + gamma_1 attention(norm x), x + gamma_2 mlp(norm x))      gamma: layer scale
    norm, the class token: the features
    (Oquab et al. 2023; as a feature network for metrics Stein et al. 2023, with ViT-L/14: 1024 features)

Images are brought to 224 x 224 by Pillow's bicubic filter on 8-bit pixels, as dgm-eval (Stein et al.) does, and
normalised by ImageNet's mean and deviation. The positions were learned on 37 x 37 patches (518 pixels) and are
interpolated to 16 x 16 by torch's bicubic filter without antialiasing at the scale (16 + .1) / 37; the offset is the
reference's, and moves every sampling point.
"""

from pathlib import Path

import PIL
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import preparation
from saddlepoint.metrics.features.features import Features
from saddlepoint.metrics.features.weights import MEANWHILE, Published, fill, read_weights

SIDE = 224
PATCH = 14
# Patches on a side of the images that the positions were learned on.
LEARNED = 37
OFFSET = 0.1
HEAD = 64
# Width of the class token -> name and depth.
VARIANTS = {384: ("vits14", 12), 768: ("vitb14", 12), 1024: ("vitl14", 24)}


def published(name: str) -> Published:
    """The weights file of one variant."""
    file = f"dinov2_{name}_pretrain.pth"
    return Published(file=file, url=f"https://dl.fbaipublicfiles.com/dinov2/dinov2_{name}/{file}")


class Attention(nn.Module):
    """Self-attention over tokens (n, tokens, width), heads of 64."""

    def __init__(self, width: int):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        count, length, width = tokens.shape
        query, key, value = self.qkv(tokens).reshape(count, length, 3, width // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.proj(mixed.transpose(1, 2).reshape(count, length, width))


class Scale(nn.Module):
    """x gamma, one learned factor for each channel."""

    def __init__(self, width: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens * self.gamma


class Perceptron(nn.Module):
    """Linear to four times the width, GELU, linear back."""

    def __init__(self, width: int):
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(tokens)))


class Block(nn.Module):
    """One layer of the transformer."""

    def __init__(self, width: int):
        super().__init__()
        self.norm1, self.attn, self.ls1 = nn.LayerNorm(width, eps=1e-6), Attention(width), Scale(width)
        self.norm2, self.mlp, self.ls2 = nn.LayerNorm(width, eps=1e-6), Perceptron(width), Scale(width)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


class Patches(nn.Module):
    """Images -> one token for each patch."""

    def __init__(self, width: int):
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH)

    def forward(self, images: Tensor) -> Tensor:
        return self.proj(images).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """Normalised images, sides multiples of 14, -> the class token behind the last norm, (n, width)."""

    def __init__(self, width: int, depth: int):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + LEARNED**2, width))
        # Stands for hidden patches in training; here it only lets the published names and these be the same.
        self.mask_token = nn.Parameter(torch.zeros(1, width))
        self.patch_embed = Patches(width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def positions(self, height: int, width: int) -> Tensor:
        """The learned positions for so many patches: (1, 1 + height width, channels), the class token's first."""
        if (height, width) == (LEARNED, LEARNED):
            return self.pos_embed
        learned = self.pos_embed[:, 1:].unflatten(1, (LEARNED, LEARNED)).permute(0, 3, 1, 2)
        scale = ((height + OFFSET) / LEARNED, (width + OFFSET) / LEARNED)
        found = F.interpolate(learned, scale_factor=scale, mode="bicubic")
        assert found.shape[2:] == (height, width)
        return torch.cat([self.pos_embed[:, :1], found.flatten(2).transpose(1, 2)], dim=1)

    def forward(self, images: Tensor) -> Tensor:
        patches = self.patch_embed(images)
        tokens = torch.cat([self.cls_token.expand(len(images), -1, -1), patches], dim=1)
        tokens = tokens + self.positions(images.shape[2] // PATCH, images.shape[3] // PATCH)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens[:, 0])


def dinov2(path: Path, device: torch.device | str = "cpu") -> Features:
    """The class token of DINOv2: 1024 features of ViT-L/14, 768 of ViT-B/14, 384 of ViT-S/14, by the file's shapes.

    Args:
        path: published weights, a state dict or its tensors as safetensors; of those without register tokens.
        device: where to compute.

    Raises:
        UserError: a file that does not hold such weights.
    """
    tensors, about = read_weights(path, published("vitl14"))
    token = tensors.get("cls_token")
    width = 0 if token is None or token.ndim == 0 else token.shape[-1]
    if width not in VARIANTS:
        raise UserError(
            f"{path} with {'no cls_token' if token is None else f'tokens of {width} numbers'}",
            f"a DINOv2 network of {', '.join(f'{each} ({name})' for each, (name, _) in VARIANTS.items())}",
            f"use {published('vitl14').file}, published at {published('vitl14').url}; {MEANWHILE}",
        )
    name, depth = VARIANTS[width]
    network = fill(lambda: VisionTransformer(width, depth), tensors, path, published(name)).to(device)

    def vectors(images: Tensor) -> Tensor:
        pixels = preparation.rounded(preparation.three_channels(images))
        return network(preparation.normalised(preparation.bicubic_rounded(pixels, SIDE) / 255))

    return Features(
        name="dinov2",
        about={
            "network": f"DINOv2 {name}, class token behind the last norm",
            **about,
            "channels": preparation.CHANNELS,
            "resize": "Pillow's bicubic, on 8-bit pixels",
            "side": SIDE,
            "values": f"{preparation.ROUNDED}, over 255, ImageNet's mean and deviation",
            "reference": "dgm-eval",
            "torch": torch.__version__,
            "pillow": PIL.__version__,
        },
        vectors=vectors,
        dimensions=width,
    )
