"""DINOv2: names, sizes, the interpolated positions against their formula, and the transformer written out."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.features.dinov2 import VARIANTS, VisionTransformer, dinov2
from tests.metrics.features.published import dinov2_shapes, random_weights


@pytest.mark.parametrize(
    ("name", "width", "depth", "count"),
    [("vits14", 384, 12, 22_056_576), ("vitb14", 768, 12, 86_580_480), ("vitl14", 1024, 24, 304_368_640)],
)
def test_names_shapes_and_counts_are_the_published_ones(name: str, width: int, depth: int, count: int):
    assert VARIANTS[width] == (name, depth)
    with torch.device("meta"):
        network = VisionTransformer(width, depth)
    assert {n: tuple(value.shape) for n, value in network.state_dict().items()} == dinov2_shapes(width, depth)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -3/4, torch's."""
    x, a = np.abs(distance), -0.75
    near, far = (a + 2) * x**3 - (a + 3) * x**2 + 1, a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def sampling(length: int) -> np.ndarray:
    """The matrix (length, 37) that samples the learned positions at the scale (length + .1) / 37."""
    matrix = np.zeros((length, 37))
    for index in range(length):
        position = (index + 0.5) * 37 / (length + 0.1) - 0.5
        for tap in range(math.floor(position) - 1, math.floor(position) + 3):
            matrix[index, min(max(tap, 0), 36)] += cubic(np.array(position - tap))
    return matrix


def network(width: int = 64, depth: int = 2) -> VisionTransformer:
    built = VisionTransformer(width, depth)
    built.load_state_dict(random_weights(dinov2_shapes(width, depth)))
    return built.eval()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (5, 23)])
def test_the_positions_are_interpolated_with_the_references_offset(height: int, width: int):
    built = network()
    learned = built.pos_embed.detach()[0, 1:].reshape(37, 37, -1).double().numpy()
    expected = np.einsum("yi,xj,ijc->yxc", sampling(height), sampling(width), learned)
    with torch.no_grad():
        found = built.positions(height, width)[0]
    np.testing.assert_allclose(found[1:].numpy(), expected.reshape(height * width, -1), atol=1e-5)
    assert torch.equal(found[0], built.pos_embed[0, 0])


def test_at_the_size_of_learning_the_positions_are_the_learned_ones():
    built = network()
    assert built.positions(37, 37) is built.pos_embed


def written_out(state: dict[str, Tensor], images: Tensor, positions: Tensor, depth: int) -> Tensor:
    """The class token, image by image, head by head."""

    def normal(x: Tensor, name: str) -> Tensor:
        deviation = (x.var(-1, correction=0, keepdim=True) + 1e-6).sqrt()
        return (x - x.mean(-1, keepdim=True)) / deviation * state[f"{name}.weight"] + state[f"{name}.bias"]

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    tokens = []
    for image in images:
        rows = [state["cls_token"][0, 0]]
        for y in range(0, image.shape[1], 14):
            for x in range(0, image.shape[2], 14):
                patch = image[:, y : y + 14, x : x + 14]
                weight = state["patch_embed.proj.weight"]
                rows.append((weight * patch).sum((1, 2, 3)) + state["patch_embed.proj.bias"])
        z = torch.stack(rows) + positions
        for block in (f"blocks.{index}" for index in range(depth)):
            width = z.shape[1]
            joined = linear(normal(z, f"{block}.norm1"), f"{block}.attn.qkv")
            heads = []
            for start in range(0, width, 64):
                q, k, v = (joined[:, part * width + start : part * width + start + 64] for part in range(3))
                heads.append(((q @ k.T) / 8).softmax(1) @ v)
            z = z + linear(torch.cat(heads, 1), f"{block}.attn.proj") * state[f"{block}.ls1.gamma"]
            hidden = linear(normal(z, f"{block}.norm2"), f"{block}.mlp.fc1")
            hidden = hidden * (1 + torch.erf(hidden / math.sqrt(2))) / 2
            z = z + linear(hidden, f"{block}.mlp.fc2") * state[f"{block}.ls2.gamma"]
        tokens.append(normal(z, "norm")[0])
    return torch.stack(tokens)


def test_the_transformer_is_the_one_that_is_written_out():
    built = network(128, 3)
    images = torch.randn(2, 3, 42, 28, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = written_out(built.state_dict(), images, built.positions(3, 2)[0], 3)
        torch.testing.assert_close(built(images), expected, rtol=1e-3, atol=1e-4)


def test_images_are_brought_to_224_by_pillow_and_normalised(tmp_path: Path):
    state = random_weights(dinov2_shapes())
    path = tmp_path / "dinov2_vits14_pretrain.pth"
    torch.save(state, path)
    features = dinov2(path)
    path.unlink()
    assert features.dimensions == 384 and "vits14" in features.about["network"]
    pixels = torch.randint(0, 256, (1, 3, 30, 50), generator=torch.Generator().manual_seed(2), dtype=torch.uint8)
    picture = Image.fromarray(pixels[0].permute(1, 2, 0).numpy()).resize((224, 224), Image.Resampling.BICUBIC)
    seen = torch.from_numpy(np.asarray(picture) / 255.0).permute(2, 0, 1)[None].float()
    seen = (seen - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]
    built = VisionTransformer(384, 12)
    built.load_state_dict(state)
    with torch.no_grad():
        torch.testing.assert_close(features.vectors(pixels / 255.0), built(seen), rtol=1e-4, atol=1e-4)


def test_files_of_other_networks_are_refused(tmp_path: Path):
    path = tmp_path / "dinov2.pth"
    small = {name: torch.zeros(1).expand(shape) for name, shape in dinov2_shapes(384, 12).items()}
    for state, complaint in [
        ({"fc.weight": torch.zeros(1)}, "no cls_token.*1024 .vitl14.*published at https://dl.fbaipublicfiles.com"),
        ({"cls_token": torch.zeros(1, 1, 1536)}, "tokens of 1536 numbers"),
        ({**small, "register_tokens": torch.zeros(1, 4, 384)}, "'register_tokens' in .*no tensor of that name"),
        ({name: value for name, value in small.items() if "blocks.11" not in name}, "without 'blocks.11.norm1.weight'"),
    ]:
        torch.save(state, path)
        with pytest.raises(UserError, match=complaint):
            dinov2(path)
