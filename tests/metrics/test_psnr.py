"""PSNR: closed forms, the luma of the protocol, and what is refused."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio
from torchmetrics.functional.image import peak_signal_noise_ratio as of_torchmetrics

from saddlepoint.errors import UserError
from saddlepoint.metrics.image_pairs import SUPER_RESOLUTION, PixelProtocol, luma
from saddlepoint.metrics.psnr import psnr, psnr_values

UNIT = PixelProtocol(data_range=1.0)


def images(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape)


def test_a_constant_error_has_its_closed_form():
    reference = images(1, 3, 3, 6, 7) / 2
    found = psnr_values(reference + 0.1, reference, UNIT)
    np.testing.assert_allclose(found.numpy(), 20.0, rtol=1e-12)


def test_it_equals_scikit_image_and_torchmetrics():
    x, y = images(1, 5, 3, 9, 8), images(2, 5, 3, 9, 8)
    expected = [peak_signal_noise_ratio(b, a, data_range=1) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(psnr_values(x, y, UNIT).numpy(), expected, rtol=1e-12)
    others = of_torchmetrics(
        torch.from_numpy(x), torch.from_numpy(y), data_range=1.0, reduction="elementwise_mean", dim=(1, 2, 3)
    )
    assert psnr(x, y, protocol=UNIT, provenance={}).value == pytest.approx(float(others), rel=1e-6)


def test_the_mean_is_that_of_the_decibels():
    reference = np.full((2, 1, 4, 4), 0.5)
    given = reference + np.array([0.1, 0.01]).reshape(2, 1, 1, 1)
    result = psnr(given, reference, protocol=UNIT, provenance={})
    assert result.value == pytest.approx(30.0)
    # Student with one degree of freedom: 12.706 standard errors of 10.
    assert result.interval == pytest.approx((30 - 127.062, 30 + 127.062), rel=1e-4)


def test_eight_bit_and_unit_range_agree():
    x, y = (np.random.default_rng(seed).integers(0, 256, (2, 3, 12, 14), dtype=np.uint8) for seed in (1, 2))
    unit = PixelProtocol(data_range=1.0, luma=True, border=4)
    eight = psnr_values(x, y, SUPER_RESOLUTION)
    np.testing.assert_allclose(psnr_values(x / 255, y / 255, unit).numpy(), eight.numpy(), rtol=1e-12)


def test_luma_of_the_primaries():
    colours = torch.tensor([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64).T
    found = luma(colours[:, None], 1.0)[0, 0]
    np.testing.assert_allclose(found.numpy(), [16, 235, 81.481, 144.553, 40.966], rtol=1e-3)
    np.testing.assert_allclose(luma(torch.tensor([[[7.0]]]), 255.0).numpy(), [[[7.0]]], rtol=1e-15)


def test_only_the_inside_counts():
    reference = images(1, 1, 3, 12, 12) / 2
    given = reference + 0.1
    given[:, :, :4] = given[:, :, -4:] = given[..., :4] = given[..., -4:] = 1.0
    assert float(psnr_values(given, reference, PixelProtocol(data_range=1.0, border=4))[0]) == pytest.approx(20.0)


def test_images_of_different_sizes():
    x, y = ([images(seed, 3, side, 9) for side in (5, 8)] for seed in (1, 2))
    apart = [float(psnr_values([a], [b], UNIT)[0]) for a, b in zip(x, y, strict=True)]
    assert psnr_values(x, y, UNIT).tolist() == apart


def test_identical_images_are_infinite_and_counted():
    x, y = images(1, 3, 1, 4, 4), images(2, 3, 1, 4, 4)
    result = psnr(np.concatenate([x, y]), np.concatenate([x, x]), protocol=UNIT, provenance={"seed": 3})
    assert result.value == math.inf and result.interval == (-math.inf, math.inf)
    assert result.provenance["identical"] == 3 and result.provenance["seed"] == 3
    assert result.as_json()["value"] is None


def test_one_image_has_a_value_and_no_interval():
    result = psnr(images(1, 1, 1, 4, 4), images(2, 1, 1, 4, 4), protocol=UNIT, provenance={})
    assert math.isfinite(result.value) and result.interval == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("x", "y", "protocol", "named"),
    [
        (images(1, 2, 3, 4, 4), images(2, 3, 3, 4, 4), UNIT, "2 images and 3 references"),
        (images(1, 0, 3, 4, 4), images(2, 0, 3, 4, 4), UNIT, "0 images"),
        (images(1, 2, 3, 4, 4), images(2, 2, 3, 4, 5), UNIT, "shape (3, 4, 4)"),
        (images(1, 2, 3, 4, 4) - 0.5, images(2, 2, 3, 4, 4), UNIT, "image 0 in [-"),
        (images(1, 2, 3, 4, 4), images(2, 2, 3, 4, 4) * 255, UNIT, "reference 0 in ["),
        (images(1, 2, 3, 4, 4) * math.nan, images(2, 2, 3, 4, 4), UNIT, "nan"),
        (images(1, 2, 3, 8, 9), images(2, 2, 3, 8, 9), SUPER_RESOLUTION, "8 x 9 pixels"),
        (images(1, 2, 4, 9, 9), images(2, 2, 4, 9, 9), SUPER_RESOLUTION, "4 channels"),
        (images(1, 9, 9), images(2, 9, 9), UNIT, "shape (9,)"),
    ],
)
def test_what_would_give_a_wrong_number_is_refused(x, y, protocol, named):
    with pytest.raises(UserError) as error:
        psnr(x, y, protocol=protocol, provenance={})
    assert named in str(error.value)


@pytest.mark.parametrize("wrong", [{"data_range": 0.0}, {"data_range": math.inf}, {"data_range": 1.0, "border": -1}])
def test_a_protocol_without_meaning_is_refused(wrong):
    with pytest.raises(UserError):
        PixelProtocol(**wrong)
