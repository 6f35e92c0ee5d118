"""The Inception of the Frechet distance: names, sizes, and the three things that set it apart, each written out."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import inception
from saddlepoint.metrics.features.inception import Inception, Mixed
from tests.metrics.features.published import inception_shapes, random_weights


@cache
def weights() -> dict[str, Tensor]:
    return random_weights(inception_shapes())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("inception") / "inception.pth"
    torch.save(weights(), path)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def network() -> Inception:
    with torch.device("meta"):
        built = Inception()
    built.load_state_dict(weights(), assign=True, strict=False)
    return built.eval()


def test_names_shapes_and_count_are_the_published_ones():
    with torch.device("meta"):
        built = Inception()
    found = {name: tuple(value.shape) for name, value in built.state_dict().items()}
    assert {name: shape for name, shape in found.items() if not name.endswith("num_batches_tracked")} == (
        inception_shapes()
    )
    # torchvision's network of 1000 outputs without the auxiliary classifier has 23,834,568; an output has 2049.
    assert sum(parameter.numel() for parameter in built.parameters()) == 23_834_568 + 8 * 2049 == 23_850_960


def convolved(values: Tensor, name: str, stride: int = 1, padding: tuple[int, int] = (0, 0)) -> Tensor:
    """Convolution, normalisation with epsilon .001 and ReLU from the numbers in the file."""
    mean, variance, gain, shift = (
        weights()[f"{name}.bn.{part}"].reshape(-1, 1, 1) for part in ("running_mean", "running_var", "weight", "bias")
    )
    made = F.conv2d(values, weights()[f"{name}.conv.weight"], stride=stride, padding=padding)
    return ((made - mean) / (variance + 0.001).sqrt() * gain + shift).clamp(min=0)


def pooled(values: Tensor, maximum: bool) -> Tensor:
    """Over the pixels of each 3x3 window that lie inside the image."""
    height, width = values.shape[2:]
    rows = []
    for y in range(height):
        for x in range(width):
            window = values[:, :, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].flatten(2)
            rows.append(window.amax(2) if maximum else window.mean(2))
    return torch.stack(rows, dim=2).unflatten(2, (height, width))


@pytest.mark.parametrize(
    ("name", "channels", "outputs", "maximum"),
    [
        ("Mixed_5b", 192, 32, False),
        ("Mixed_5d", 288, 64, False),
        ("Mixed_6b", 768, 192, False),
        ("Mixed_6e", 768, 192, False),
        ("Mixed_7b", 1280, 192, False),
        ("Mixed_7c", 2048, 192, True),
    ],
)
def test_the_pooling_of_every_kind_of_block(network: Inception, name: str, channels: int, outputs: int, maximum: bool):
    # Away from zero, so that a padded zero that is counted shows at the border.
    values = 1 + torch.rand(2, channels, 5, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = network.get_submodule(name)(values)[:, -outputs:]
    expected = convolved(pooled(values, maximum), f"{name}.branch_pool")
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    other = convolved(F.avg_pool2d(values, 3, 1, 1), f"{name}.branch_pool")
    assert (found - other).abs().max() > 0.1


def test_a_block_that_halves_the_sides(network: Inception):
    values = torch.rand(1, 768, 9, 7, generator=torch.Generator().manual_seed(2))
    name = "Mixed_7a.branch"
    first = convolved(convolved(values, f"{name}3x3_1"), f"{name}3x3_2", stride=2)
    second = convolved(values, f"{name}7x7x3_1")
    second = convolved(convolved(second, f"{name}7x7x3_2", padding=(0, 3)), f"{name}7x7x3_3", padding=(3, 0))
    second = convolved(second, f"{name}7x7x3_4", stride=2)
    expected = torch.cat([first, second, F.max_pool2d(values, 3, 2)], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(network.Mixed_7a(values), expected, rtol=1e-4, atol=1e-4)


def test_a_block_whose_chains_part(network: Inception):
    values = torch.rand(1, 1280, 4, 4, generator=torch.Generator().manual_seed(3))
    name = "Mixed_7b.branch"
    first = convolved(values, f"{name}3x3_1")
    second = convolved(convolved(values, f"{name}3x3dbl_1"), f"{name}3x3dbl_2", padding=(1, 1))
    parts = [
        convolved(values, f"{name}1x1"),
        convolved(first, f"{name}3x3_2a", padding=(0, 1)),
        convolved(first, f"{name}3x3_2b", padding=(1, 0)),
        convolved(second, f"{name}3x3dbl_3a", padding=(0, 1)),
        convolved(second, f"{name}3x3dbl_3b", padding=(1, 0)),
    ]
    with torch.no_grad():
        found = network.Mixed_7b(values)[:, :-192]
    torch.testing.assert_close(found, torch.cat(parts, dim=1), rtol=1e-4, atol=1e-4)


def test_the_stem_and_the_sides_of_every_block(network: Inception):
    sides: dict[str, tuple[int, ...]] = {}

    def recording(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        return lambda _, __, made: sides.update({name: tuple(made.shape[1:])})

    hooks = [
        module.register_forward_hook(recording(name))
        for name, module in network.named_children()
        if not isinstance(module, nn.Linear)
    ]
    with torch.no_grad():
        features = network(torch.zeros(1, 3, 299, 299))
    for hook in hooks:
        hook.remove()
    assert features.shape == (1, 2048) and sides == {
        "Conv2d_1a_3x3": (32, 149, 149),
        "Conv2d_2a_3x3": (32, 147, 147),
        "Conv2d_2b_3x3": (64, 147, 147),
        "Conv2d_3b_1x1": (80, 73, 73),
        "Conv2d_4a_3x3": (192, 71, 71),
        "Mixed_5b": (256, 35, 35),
        "Mixed_5c": (288, 35, 35),
        "Mixed_5d": (288, 35, 35),
        "Mixed_6a": (768, 17, 17),
        "Mixed_6b": (768, 17, 17),
        "Mixed_6c": (768, 17, 17),
        "Mixed_6d": (768, 17, 17),
        "Mixed_6e": (768, 17, 17),
        "Mixed_7a": (1280, 8, 8),
        "Mixed_7b": (2048, 8, 8),
        "Mixed_7c": (2048, 8, 8),
    }


def test_the_two_ways_of_feeding(file: Path, monkeypatch: pytest.MonkeyPatch):
    given: list[Tensor] = []
    monkeypatch.setattr(Inception, "forward", lambda _, images: given.append(images) or images.mean((2, 3)))
    pixels = torch.randint(0, 256, (1, 3, 20, 33), generator=torch.Generator().manual_seed(4))
    features, clean = inception.inception(file), inception.inception(file, clean=True)
    features.vectors(pixels.float() / 255)
    clean.vectors(pixels.float() / 255)
    expected = F.interpolate(pixels.float(), (299, 299), mode="bilinear") / 127.5 - 1
    torch.testing.assert_close(given[0], expected, rtol=0, atol=1e-5)
    cubic = F.interpolate(pixels.float(), (299, 299), mode="bicubic", antialias=True)
    torch.testing.assert_close(given[1], (cubic - 128) / 128, rtol=0, atol=1e-5)
    assert (features.name, clean.name) == ("inception", "inception-clean")
    assert features.about != clean.about and features.about["weights"] == clean.about["weights"]


def test_the_logits_leave_out_the_bias(file: Path):
    features, images = inception.inception(file), torch.rand(2, 3, 24, 24)
    assert features.logits is not None
    with torch.no_grad():
        logits, vectors = features.logits(images), features.vectors(images)
    torch.testing.assert_close(logits, vectors @ weights()["fc.weight"].T, rtol=1e-4, atol=1e-4)


def test_torchvisions_own_inception_is_refused(tmp_path: Path):
    path = tmp_path / "inception_v3_google-0cc3c7bd.pth"
    # Views of one number, so that the file is small.
    state = {name: torch.zeros(1).expand(shape) for name, shape in inception_shapes().items()}
    torch.save({**state, "fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}, path)
    with pytest.raises(UserError, match=r"'fc.weight' of shape \(1000, 2048\).*expected \(1008, 2048\)"):
        inception.inception(path)


def test_a_mixed_block_joins_its_chains_and_its_pooling():
    block = Mixed(6, [[("a", 4, 1)], [("b", 5, 3), (("c", 2, (1, 3)), ("d", 3, (3, 1)))]], 7)
    with torch.no_grad():
        made = block.eval()(torch.zeros(1, 6, 4, 4))
    assert made.shape[1] == 4 + (2 + 3) + 7
