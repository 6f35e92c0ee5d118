"""EfficientNet-Lite0: its function against the reference's, its size, how it is fed, and what is said without it."""

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import Features, efficientnet, open_features
from saddlepoint.metrics.features.efficientnet import EfficientNetLite0, folded, side_for, weights_file
from saddlepoint.metrics.features.weights import fill, read_weights

# By efficientnet_lite_pytorch 0.1.0 (ML Illustrated, Apache-2.0) with the same weights, of `pictures(side)`: every 71st
# of the 1,280 means of `extract_features`, for each of two pictures, then mean and standard deviation of all.
RECORDED = {
    96: (
        [0.0, 5.54473, 0.90954, 0.0, 0.62194, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.09436, 1.47328, 2.38292, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.13374, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        0.3580288,
        0.9149311,
    ),
    128: (
        [0.0, 4.91272, 0.01564, 0.0, 0.63521, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 3.94761, 0.01474, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.56586, 0.0, 0.0, 0.0, 0.0, 0.0, 0.06623, 0.0, 0.0, 0.0],
        0.2191792,
        0.6138907,
    ),
    224: (
        [
            0.0,
            3.80619,
            0.01313,
            0.0,
            0.4478,
            0.0,
            0.0,
            0.0,
            0.00134,
            0.0,
            0.01249,
            0.0,
            0.0,
            0.0,
            0.00117,
            0.0,
            0.0,
            0.0,
            0.01405,
        ],
        [0.0, 4.36809, 0.0, 0.0, 1.88899, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0224, 0.0, 0.0, 0.0, 0.0],
        0.1354248,
        0.4669923,
    ),
}


def pictures(side: int) -> Tensor:
    """Two smooth pictures of three channels in [-1, 1]."""
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    return torch.stack([torch.stack([(9 * x + k * y).sin(), (7 * k * x * y).cos(), x + y - 1]) for k in (1, 2)])


def wheel() -> Path:
    found = weights_file()
    assert found is not None, "make setup installs the extra `features`"
    return found


@cache
def network() -> EfficientNetLite0:
    tensors, _ = read_weights(wheel(), efficientnet.PUBLISHED)
    return fill(EfficientNetLite0, folded(tensors), wheel(), efficientnet.PUBLISHED)


@cache
def features() -> Features:
    return open_features("efficientnet-lite0")


@pytest.mark.parametrize("side", RECORDED)
def test_the_features_are_the_reference_s(side: int):
    found = network()(pictures(side))
    *rows, mean, deviation = RECORDED[side]
    torch.testing.assert_close(found[:, ::71], torch.tensor(rows), rtol=1e-4, atol=1e-4)
    assert float(found.mean()) == pytest.approx(mean, rel=1e-4) and float(found.std()) == pytest.approx(deviation, 1e-4)
    if find_spec("efficientnet_lite_pytorch") is not None:
        torch.testing.assert_close(found, reference()(pictures(side)), rtol=1e-4, atol=1e-4)


def reference():
    """The reference as it is, where somebody has installed it: `pip install --no-deps efficientnet_lite_pytorch`."""
    from efficientnet_lite_pytorch import EfficientNet  # pyright: ignore[reportMissingImports]

    made = EfficientNet.from_name("efficientnet-lite0").eval()
    made.load_state_dict(torch.load(wheel(), map_location="cpu", weights_only=True))
    return lambda images: made.extract_features(images).mean((2, 3)).detach()


def test_the_count_of_weights_is_the_published_one_less_the_classes_and_the_normalisations():
    # 4,652,008 parameters are published: 1,281,000 of them for the classes, and two for each of 21,008 normalised
    # channels, of which folding leaves one.
    parameters = sum(each.numel() for each in network().parameters())
    assert parameters == 4_652_008 - 1_281_000 - 21_008


def test_images_enter_as_squares_that_hold_them():
    assert [
        side_for((1, 3, height, width)) for height, width in ((8, 8), (96, 40), (92, 112), (129, 30), (512, 512))
    ] == [
        *(96, 96, 128, 224, 224),
    ]


def test_grey_and_alpha_are_seen_as_on_a_white_page():
    generator = torch.Generator().manual_seed(0)
    colours, alpha = torch.rand(3, 3, 40, 33, generator=generator), torch.rand(3, 1, 40, 33, generator=generator)
    vectors = features().vectors
    seen = vectors(torch.cat([colours, alpha], dim=1))
    assert seen.shape == (3, 1280) and seen.std() > 0.1
    torch.testing.assert_close(seen, vectors(colours * alpha + 1 - alpha))
    torch.testing.assert_close(vectors(alpha), vectors(alpha.expand(-1, 3, -1, -1)))
    # What no file could hold is not seen: the features are those of 8-bit pictures, and of each picture by itself.
    torch.testing.assert_close(vectors(colours[1:] + 1e-4), vectors(((colours[1:] + 1e-4) * 255).round() / 255))
    torch.testing.assert_close(vectors(colours)[1:], vectors(colours[1:]), rtol=1e-4, atol=1e-4)


def test_the_record_names_the_weights_and_how_the_network_is_fed():
    about = features().about
    assert about["weights"]["published"] and about["weights"]["sha256"].startswith("579344248a93")
    assert about["resize"] == "bicubic, antialiased" and about["side"].startswith("96, 128 or 224")
    assert features().dimensions == 1280 and features().directions == 64


def test_without_the_wheel_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(efficientnet, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'saddlepoint\[features\]'.*--features hog"):
        open_features("efficientnet-lite0")


def test_another_file_in_its_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / efficientnet.PACKAGE / "models").mkdir(parents=True)
    (tmp_path / efficientnet.PACKAGE / "__init__.py").write_text("raise RuntimeError('nothing of the wheel is run')\n")
    torch.save({"_fc.bias": torch.zeros(3)}, tmp_path / efficientnet.PACKAGE / "models" / efficientnet.PUBLISHED.file)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert weights_file() == tmp_path / efficientnet.PACKAGE / "models" / efficientnet.PUBLISHED.file
    with pytest.raises(UserError, match="expected that of the published file, 579344248a93"):
        open_features("efficientnet-lite0")
