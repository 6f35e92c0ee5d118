"""SSIM in both windows: independent implementations, invariances, and the window of the SRGAN paper."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from saddlepoint.errors import UserError
from saddlepoint.metrics.image_pairs import PixelProtocol
from saddlepoint.metrics.ssim import srgan_window, ssim, ssim_srgan

UNIT = PixelProtocol(data_range=1.0)


def images(seed: int, count: int = 3, channels: int = 3, height: int = 60, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).random((count, channels, height, width))


def value(metric, x: np.ndarray, y: np.ndarray, protocol: PixelProtocol = UNIT) -> float:
    return metric(x, y, protocol=protocol, provenance={}).value


def near(x: np.ndarray) -> np.ndarray:
    return 0.7 * x + 0.3 * images(9, *x.shape)


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 11, 11), (3, 23, 40), (4, 60, 17)])
def test_the_standard_window_equals_scikit_image_and_torchmetrics(channels, height, width):
    y = images(1, 3, channels, height, width)
    x = near(y)
    settings = {"data_range": 1, "gaussian_weights": True, "use_sample_covariance": False, "channel_axis": 0}
    expected = [structural_similarity(a, b, **settings) for a, b in zip(x, y, strict=True)]
    assert value(ssim, x, y) == pytest.approx(np.mean(expected), rel=1e-9)
    # torchmetrics averages over windows that reach into a reflected border, too; without them it is the same.
    _, maps = structural_similarity_index_measure(
        torch.from_numpy(x), torch.from_numpy(y), data_range=1.0, return_full_image=True
    )
    assert value(ssim, x, y) == pytest.approx(float(maps[..., 5:-5, 5:-5].mean()), rel=1e-6)


@pytest.mark.parametrize("metric", [ssim, ssim_srgan])
def test_equal_images_are_1_and_the_order_does_not_matter(metric):
    y = images(1)
    x = near(y)
    assert value(metric, y, y) == pytest.approx(1.0, abs=1e-12)
    assert value(metric, x, y) == pytest.approx(value(metric, y, x), rel=1e-12)
    assert value(metric, x[..., ::-1].copy(), y[..., ::-1].copy()) == pytest.approx(value(metric, x, y), rel=1e-9)
    assert value(metric, x * 255, y * 255, PixelProtocol(data_range=255.0)) == pytest.approx(
        value(metric, x, y), rel=1e-9
    )


@pytest.mark.parametrize("metric", [ssim, ssim_srgan])
def test_constant_images_have_the_closed_form_of_the_means(metric):
    x, y = np.full((2, 1, 60, 60), 0.4), np.full((2, 1, 60, 60), 0.6)
    expected = (2 * 0.24 + 1e-4) / (0.16 + 0.36 + 1e-4)
    assert value(metric, x, y) == pytest.approx(expected, rel=1e-9)


def test_the_window_of_the_paper():
    # At a height of 256 its deviation is 1.5: 256ths of the normal density, the middle takes the rest.
    assert srgan_window(256, 256).tolist() == [2, 9, 28, 55, 68, 55, 28, 9, 2]
    for height in (47, 100, 352, 720):
        window = srgan_window(height, height)
        assert float(window.sum()) == 256 and torch.equal(window, window.flip(0)) and float(window.min()) >= 1
    assert len(srgan_window(2000, 4)) == 7


def test_on_large_images_the_window_of_the_paper_is_a_wide_gaussian():
    y = gaussian_filter(images(1, 1, 1, 700, 300), (0, 0, 3, 3))
    y = (y - y.min()) / (y.max() - y.min())
    x = 0.5 * y + 0.5 * images(2, 1, 1, 700, 300)
    deviation = 700 * 1.5 / 256
    settings = {"data_range": 1, "gaussian_weights": True, "use_sample_covariance": False, "sigma": deviation}
    assert value(ssim_srgan, x, y) == pytest.approx(structural_similarity(x[0, 0], y[0, 0], **settings), abs=0.01)
    # The standard window is another measure.
    assert abs(value(ssim, x, y) - value(ssim_srgan, x, y)) > 0.01


def test_the_record_says_which_window():
    results = [metric(images(1), images(2), protocol=UNIT, provenance={"seed": 1}) for metric in (ssim, ssim_srgan)]
    assert [result.metric for result in results] == ["ssim", "ssim_srgan"]
    assert results[0].provenance["protocol"]["size"] == 11
    assert results[1].provenance["protocol"]["deviation"] == "1.5 height / 256"
    assert all(result.provenance["seed"] == 1 and result.provenance["samples"] == 3 for result in results)


def test_images_smaller_than_the_window_are_refused():
    with pytest.raises(UserError, match="10 x 64"):
        value(ssim, images(1, height=10), images(2, height=10))
    with pytest.raises(UserError, match="46 pixels high"):
        value(ssim_srgan, images(1, height=46), images(2, height=46))
    assert value(ssim_srgan, images(1, height=47), images(2, height=47)) < 1
