"""Names and shapes of the published weights, listed by rules of this file's own, and random weights of those shapes."""

import math

import torch
from torch import Tensor

Shapes = dict[str, tuple[int, ...]]

# Block -> its convolutions: name, inputs, outputs, height and width of the kernel. Pooled channels: 5b 32, 5c, 5d 64.
STEM = [
    ("Conv2d_1a_3x3", 3, 32, 3, 3),
    ("Conv2d_2a_3x3", 32, 32, 3, 3),
    ("Conv2d_2b_3x3", 32, 64, 3, 3),
    ("Conv2d_3b_1x1", 64, 80, 1, 1),
    ("Conv2d_4a_3x3", 80, 192, 3, 3),
]


def inception_shapes() -> Shapes:
    """The state dict of torchvision's Inception v3 without auxiliary classifier, for 1008 outputs."""
    convolutions = list(STEM)

    def block(name: str, *rows: tuple[str, int, int, int, int]) -> None:
        convolutions.extend((f"Mixed_{name}.branch{row[0]}", *row[1:]) for row in rows)

    for name, n, pooled in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
        block(name, ("1x1", n, 64, 1, 1), ("5x5_1", n, 48, 1, 1), ("5x5_2", 48, 64, 5, 5), ("_pool", n, pooled, 1, 1))
        block(name, ("3x3dbl_1", n, 64, 1, 1), ("3x3dbl_2", 64, 96, 3, 3), ("3x3dbl_3", 96, 96, 3, 3))
    block("6a", ("3x3", 288, 384, 3, 3))
    block("6a", ("3x3dbl_1", 288, 64, 1, 1), ("3x3dbl_2", 64, 96, 3, 3), ("3x3dbl_3", 96, 96, 3, 3))
    for name, c in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        block(name, ("1x1", 768, 192, 1, 1), ("_pool", 768, 192, 1, 1))
        block(name, ("7x7_1", 768, c, 1, 1), ("7x7_2", c, c, 1, 7), ("7x7_3", c, 192, 7, 1))
        block(name, ("7x7dbl_1", 768, c, 1, 1), ("7x7dbl_2", c, c, 7, 1), ("7x7dbl_3", c, c, 1, 7))
        block(name, ("7x7dbl_4", c, c, 7, 1), ("7x7dbl_5", c, 192, 1, 7))
    block("7a", ("3x3_1", 768, 192, 1, 1), ("3x3_2", 192, 320, 3, 3), ("7x7x3_1", 768, 192, 1, 1))
    block("7a", ("7x7x3_2", 192, 192, 1, 7), ("7x7x3_3", 192, 192, 7, 1), ("7x7x3_4", 192, 192, 3, 3))
    for name, n in (("7b", 1280), ("7c", 2048)):
        block(name, ("1x1", n, 320, 1, 1), ("3x3_1", n, 384, 1, 1), ("_pool", n, 192, 1, 1))
        block(name, ("3x3_2a", 384, 384, 1, 3), ("3x3_2b", 384, 384, 3, 1))
        block(name, ("3x3dbl_1", n, 448, 1, 1), ("3x3dbl_2", 448, 384, 3, 3))
        block(name, ("3x3dbl_3a", 384, 384, 1, 3), ("3x3dbl_3b", 384, 384, 3, 1))
    shapes: Shapes = {"fc.weight": (1008, 2048), "fc.bias": (1008,)}
    for name, inputs, outputs, height, width in convolutions:
        shapes[f"{name}.conv.weight"] = (outputs, inputs, height, width)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.bn.{part}"] = (outputs,)
    return shapes


def dinov2_shapes(width: int = 384, depth: int = 12) -> Shapes:
    """The state dict of a DINOv2 vision transformer with patches of 14 pixels and no register tokens."""
    d = width
    shapes: Shapes = {
        "cls_token": (1, 1, d),
        "pos_embed": (1, 1370, d),
        "mask_token": (1, d),
        "patch_embed.proj.weight": (d, 3, 14, 14),
        "patch_embed.proj.bias": (d,),
        "norm.weight": (d,),
        "norm.bias": (d,),
    }
    linear = {"attn.qkv": (3 * d, d), "attn.proj": (d, d), "mlp.fc1": (4 * d, d), "mlp.fc2": (d, 4 * d)}
    for block in (f"blocks.{index}" for index in range(depth)):
        for name, (outputs, inputs) in linear.items():
            shapes |= {f"{block}.{name}.weight": (outputs, inputs), f"{block}.{name}.bias": (outputs,)}
        for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias", "ls1.gamma", "ls2.gamma"):
            shapes[f"{block}.{name}"] = (d,)
    return shapes


def vgg19_shapes() -> Shapes:
    """The convolutions of torchvision's VGG19; between them lie ReLUs, and a pooling after the 2nd, 4th, 8th, 12th."""
    shapes: Shapes = {}
    position, inputs = 0, 3
    for number, outputs in enumerate([64] * 2 + [128] * 2 + [256] * 4 + [512] * 8, start=1):
        shapes[f"features.{position}.weight"], shapes[f"features.{position}.bias"] = (outputs, inputs, 3, 3), (outputs,)
        position += 3 if number in (2, 4, 8, 12) else 2
        inputs = outputs
    return shapes


def random_weights(shapes: Shapes, seed: int = 0) -> dict[str, Tensor]:
    """Weights of a scale that lets numbers of order one through every layer."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(name: str, shape: tuple[int, ...]) -> Tensor:
        numbers = torch.randn(shape, generator=generator)
        if name.endswith(("running_var", "bn.weight", "norm.weight", "norm1.weight", "norm2.weight", "gamma")):
            return 1 + 0.1 * numbers.clamp(-3, 3)
        if len(shape) in (2, 4) and name.endswith("weight"):
            return numbers * math.sqrt(2 / math.prod(shape[1:]))
        return 0.1 * numbers

    return {name: drawn(name, shape) for name, shape in shapes.items()}
