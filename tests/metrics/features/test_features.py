"""The interface of features: batches, what is refused on the way in and out, and a classifier of one's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import (
    Features,
    classifier_features,
    collect,
    collect_logits,
    open_features,
    stream,
)
from saddlepoint.metrics.features.pixels import pixels, points
from saddlepoint.networks import Classifier


def images(count: int, channels: int = 3, seed: int = 1) -> Tensor:
    return torch.rand(count, channels, 8, 9, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("channels", [1, 3, 4, 7])
def test_pixels_are_the_image_flattened(channels: int):
    given = images(5, channels)
    found = collect(pixels(), given.split(2))
    assert found.dtype == np.float32 and np.array_equal(found, given.reshape(5, -1).numpy())


def test_eight_bit_pixels_are_divided_by_255():
    given = torch.randint(0, 256, (3, 1, 4, 4), dtype=torch.uint8)
    assert np.array_equal(collect(pixels(), [given]), collect(pixels(), [given.numpy()]))
    assert np.array_equal(collect(pixels(), [given]), given.reshape(3, -1).numpy().astype(np.float32) / np.float32(255))


def test_points_are_as_they_are():
    given = 100 * torch.randn(6, 2, dtype=torch.float64)
    assert np.array_equal(collect(points(), given.split(4)), given.float().numpy())


def test_moments_accumulate_with_one_batch_in_memory():
    taken: list[int] = []

    def batches():
        for index in range(4):
            taken.append(index)
            yield images(3, seed=index)

    total = torch.zeros(8 * 9 * 3, dtype=torch.float64)
    for position, vectors in enumerate(stream(pixels(), batches())):
        assert taken == list(range(position + 1)) and not vectors.requires_grad
        total += vectors.double().sum(0)
    mean = collect(pixels(), batches()).astype(np.float64).mean(0)
    np.testing.assert_allclose(total.numpy() / 12, mean, rtol=1e-12)


@pytest.mark.parametrize(
    ("batch", "complaint"),
    [
        (images(2) * 2, r"images in \[.*expected pixels in \[0, 1\]"),
        (images(2) - 0.5, r"images in \[-0"),
        (torch.full((1, 1, 2, 2), float("nan")), "NaN"),
        (torch.full((2, 2), float("inf")), "infinity"),
        (torch.zeros(2, 3, 4, dtype=torch.float32), "shape .2, 3, 4."),
        (torch.zeros(0, 3, 4, 4), "shape .0, 3, 4, 4."),
        (torch.zeros(2, 3, 4, 4, dtype=torch.int64), "int64"),
    ],
)
def test_batches_that_mean_nothing_are_refused(batch: Tensor, complaint: str):
    with pytest.raises(UserError, match=complaint):
        collect(pixels() if batch.ndim == 4 else points(), [batch])


def test_no_batch_and_the_wrong_kind_of_item_are_refused():
    with pytest.raises(UserError, match="no images"):
        collect(pixels(), [])
    with pytest.raises(UserError, match="use the features 'points'"):
        collect(pixels(), [torch.zeros(2, 2)])
    with pytest.raises(UserError, match="use the features 'pixels'"):
        collect(points(), [images(2)])


def test_numbers_that_a_network_breaks_are_named():
    broken = Features(name="broken", about={}, vectors=lambda given: given.flatten(1) / 0)
    with pytest.raises(UserError, match=r"infinity out of broken.*check the weights file"):
        collect(broken, [images(2)])


def test_a_network_that_is_not_what_it_says_is_our_mistake():
    for wrong in (
        Features(name="few", about={}, vectors=lambda given: given.flatten(1)[:1]),
        Features(name="maps", about={}, vectors=lambda given: given),
        Features(name="other", about={}, vectors=lambda given: given.flatten(1), dimensions=7),
    ):
        with pytest.raises(AssertionError):
            collect(wrong, [images(2)])


def test_the_record_is_a_copy_and_fits_json():
    about = {"network": {"depth": 3}}
    features = Features(name="a", about=about, vectors=torch.clone)
    about["network"]["depth"] = 4
    assert features.about == {"network": {"depth": 3}}
    with pytest.raises(ValueError, match="does not fit JSON"):
        Features(name="a", about={"x": torch.ones(1)}, vectors=torch.clone)


def test_a_classifier_gives_its_layer_before_the_logits_and_is_frozen():
    torch.manual_seed(0)
    network = Classifier().shrunken().build((3, 8, 9), 4)
    features = classifier_features(network, {"run": "mnist", "accuracy": 0.99})
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())
    given = images(5)
    with torch.no_grad():
        expected, logits = network.features(given * 2 - 1), network(given * 2 - 1)
    torch.testing.assert_close(torch.from_numpy(collect(features, given.split(2))), expected)
    torch.testing.assert_close(torch.from_numpy(collect_logits(features, given.split(2))), logits)
    assert features.maps is not None
    assert [each.shape[1] for each in features.maps(given)] == [4, 8, 16]
    assert features.about["accuracy"] == 0.99 and "[-1, 1]" in features.about["values"]


def test_a_module_of_ones_own_in_another_range():
    class Own(nn.Module):
        pixel_range = (0.0, 1.0)

        def features(self, given: Tensor) -> Tensor:
            return given.flatten(1)

        def forward(self, given: Tensor) -> Tensor:
            return given.flatten(1)[:, :2]

    features = classifier_features(Own(), {}, name="own")
    assert features.name == "own" and features.maps is None
    assert np.array_equal(collect(features, [images(3)]), collect(pixels(), [images(3)]))
    with pytest.raises(TypeError, match="features"):
        classifier_features(nn.Flatten(), {})


def test_logits_of_what_names_no_classes_are_refused():
    with pytest.raises(UserError, match="'pixels', which name no classes"):
        collect_logits(pixels(), [images(2)])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "inceptions:x.pth",
            r"one of pixels, points, hog, efficientnet-lite0, inception:FILE, inception-clean:FILE, dinov2:FILE, vgg19",
        ),
        ("", "one of pixels"),
        ("dinov2", "'dinov2'; expected dinov2:FILE"),
        ("vgg19:", "expected vgg19:FILE"),
        ("pixels:x.pth", "'pixels' alone"),
        ("inception:nowhere.pth", "no file nowhere.pth.*https://github.com/mseitzer/pytorch-fid/releases"),
        ("inception-clean:nowhere.pth", "no file nowhere.pth.*6726825d"),
        ("dinov2:nowhere.pth", "no file nowhere.pth.*https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/"),
        ("vgg19:nowhere.pth", "no file nowhere.pth.*https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"),
    ],
)
def test_a_text_that_names_no_features_is_refused(text: str, complaint: str):
    with pytest.raises(UserError, match=complaint):
        open_features(text)


def test_the_texts_without_a_file():
    assert [open_features(text).name for text in ("pixels", "points")] == ["pixels", "points"]
    assert replace(open_features("pixels"), name="other").name == "other"
