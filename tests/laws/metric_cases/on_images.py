"""The metrics on pairs of images, in pixel space, on the line, on toy sets and of imputation, by other means.

scikit-image for PSNR, luma and the standard SSIM, scipy for transport, densities and intervals; the SRGAN paper's SSIM
pixel by pixel in whole numbers, as the program that the paper used works.
"""

import math

import numpy as np
import torch
from scipy import stats
from scipy.spatial.distance import cdist
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from saddlepoint.metrics.half_samples import halves
from saddlepoint.metrics.image_pairs import PixelProtocol
from saddlepoint.metrics.sliced_wasserstein import directions_on_sphere
from tests.laws.metric_cases import Case
from tests.laws.metric_cases.by_classifier import modes_again, reverse_kl_again

Triple = tuple[float, float, float]

RECORD = {"reference": {"split": "test", "fingerprint": "f"}, "seed": 1}
PROTOCOL = PixelProtocol(data_range=1.0, luma=True, border=2)


def images(seed: int, count: int = 4, channels: int = 3, height: int = 56, width: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).beta(0.7, 0.7, (count, channels, height, width))


def noisy(seed: int) -> np.ndarray:
    return 0.8 * images(seed) + 0.2 * images(seed + 100) * np.linspace(0.2, 1, 4)[:, None, None, None]


def points(seed: int, count: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.2 * seed, 1, (count, size))


def student(values: list[float] | np.ndarray) -> Triple:
    mean = float(np.mean(values))
    low, high = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=stats.sem(values))
    return mean, float(low), float(high)


def lumas(given: np.ndarray) -> list[np.ndarray]:
    return [rgb2ycbcr(image, channel_axis=0)[0][2:-2, 2:-2] for image in given]


def psnr_again() -> Triple:
    both = zip(lumas(noisy(1)), lumas(images(1)), strict=True)
    return student([peak_signal_noise_ratio(y, x, data_range=255) for x, y in both])


def ssim_again() -> Triple:
    settings = {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}
    both = zip(lumas(noisy(1)), lumas(images(1)), strict=True)
    return student(np.array([structural_similarity(x, y, **settings) for x, y in both], dtype=float))


def ssim_srgan_again() -> Triple:
    return student([by_pixel(x, y) for x, y in zip(lumas(noisy(1)), lumas(images(1)), strict=True)])


def by_pixel(x: np.ndarray, y: np.ndarray) -> float:
    """The weighted mean of the SSIM of every pixel's window, which is cut at the edges."""
    height, width = x.shape
    deviation = height * 1.5 / 256
    weights = {0: 256}
    while True:
        offset = len(weights)
        weight = math.floor(256 * stats.norm.pdf(offset, scale=deviation) + 0.5)
        if weight == 0:
            break
        weights[offset] = weight
        weights[0] -= 2 * weight
    total, mass = 0.0, 0.0
    for row in range(height):
        for column in range(width):
            reach = len(weights) - 1
            rows = range(max(0, row - reach), min(height, row + reach + 1))
            columns = range(max(0, column - reach), min(width, column + reach + 1))
            window = np.array([[weights[abs(i - row)] * weights[abs(j - column)] for j in columns] for i in rows])
            here, there = (image[rows.start : rows.stop, columns.start : columns.stop].ravel() for image in (x, y))
            covariance = np.cov(here, there, aweights=window.ravel(), ddof=0)
            mean_x, mean_y = (np.average(values, weights=window.ravel()) for values in (here, there))
            c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
            luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
            structure = (2 * covariance[0, 1] + c2) / (covariance[0, 0] + covariance[1, 1] + c2)
            total += window.sum() * luminance * structure
            mass += window.sum()
    return total / mass


def two_layers(given: Tensor) -> list[Tensor]:
    return [torch.sin(3 * given), torch.stack([given.sum(dim=1), given[:, 0] ** 2], dim=1)[:, :, ::2]]


def perceptual_again(weights: list[Tensor]) -> Triple:
    values = []
    for x, y in zip(noisy(1), images(1), strict=True):
        maps = [[layer[0].numpy() for layer in two_layers(torch.from_numpy(image)[None])] for image in (x, y)]
        value = 0.0
        for one, other, weight in zip(*maps, weights, strict=True):
            lengths = [np.linalg.norm(layer, axis=0) for layer in (one, other)]
            gaps = (one / lengths[0] - other / lengths[1]) ** 2
            value += float(np.mean(np.tensordot(weight.numpy(), gaps, axes=1)))
        values.append(value)
    return student(values)


def from_halves(value: float, of_halves: list[float]) -> Triple:
    factor = math.exp(stats.norm.ppf(0.975) * np.std(of_halves, ddof=1) / value)
    return value, value / factor, value * factor


def wasserstein_again(x: np.ndarray, y: np.ndarray) -> Triple:
    x, y = np.sort(x), np.sort(y)
    both = zip(halves(len(x), 200, 0).numpy(), halves(len(y), 200, 1).numpy(), strict=True)
    return from_halves(
        float(stats.wasserstein_distance(x, y)), [float(stats.wasserstein_distance(x[a], y[b])) for a, b in both]
    )


def sliced_again(x: np.ndarray, y: np.ndarray, projections: int) -> Triple:
    directions = directions_on_sphere(x.shape[1], projections, 0).numpy()

    def distance(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.mean([stats.wasserstein_distance(one @ line, other @ line) for line in directions.T]))

    both = zip(halves(len(x), 100, 0).numpy(), halves(len(y), 100, 1).numpy(), strict=True)
    return from_halves(distance(x, y), [distance(x[a], y[b]) for a, b in both])


def quality_again(given: np.ndarray) -> Triple:
    hits = int((cdist(given, MODES).min(axis=1) <= 3 * 0.4).sum())
    ends = stats.binomtest(hits, len(given)).proportion_ci(method="wilson")
    return hits / len(given), ends.low, ends.high


def rmse_again() -> Triple:
    low, high = TRUTH.min(axis=0), TRUTH.max(axis=0)
    errors = (IMPUTED - low) / (high - low + 1e-6) - (TRUTH - low) / (high - low + 1e-6)
    squares, cells = np.where(MISSING, errors**2, 0).sum(axis=1), MISSING.sum(axis=1)
    mean = squares.sum() / cells.sum()
    half = stats.t.ppf(0.975, len(TRUTH) - 1) * stats.sem(squares - mean * cells) / cells.mean()
    return math.sqrt(mean), math.sqrt(mean - half), math.sqrt(mean + half)


MODES = 4.0 * np.stack(np.meshgrid(np.arange(12), np.arange(12)), axis=-1).reshape(144, 2)
AROUND = MODES[np.random.default_rng(3).integers(144, size=260)] + 0.5 * points(0, 260, 2)
CLOSEST = cdist(AROUND, MODES)
GOOD = CLOSEST.min(axis=1) <= 3 * 0.4
TRUTH, IMPUTED = 5 * points(1, 40, 3), 5 * points(1, 40, 3) + points(2, 40, 3)
MISSING = np.random.default_rng(4).random((40, 3)) < 0.4
WEIGHTS = [torch.tensor([0.5, 0.0, 2.0]), torch.tensor([1.0, 3.0])]
PAIRED = {"images": noisy(1), "reference": images(1), "provenance": RECORD}
ON_MODES = {"points": AROUND, "modes": MODES, "provenance": RECORD}

CASES: dict[str, Case] = {
    "psnr": ({**PAIRED, "protocol": PROTOCOL}, psnr_again),
    "ssim": ({**PAIRED, "protocol": PROTOCOL}, ssim_again),
    "ssim_srgan": ({**PAIRED, "protocol": PROTOCOL}, ssim_srgan_again),
    "perceptual_distance": (
        {**PAIRED, "features": two_layers, "network": "two layers", "weights": WEIGHTS, "batch": 3},
        lambda: perceptual_again(WEIGHTS),
    ),
    "wasserstein_1": (
        {"samples": points(1, 50, 1)[:, 0], "reference": points(3, 34, 1)[:, 0], "provenance": RECORD},
        lambda: wasserstein_again(points(1, 50, 1)[:, 0], points(3, 34, 1)[:, 0]),
    ),
    "sliced_wasserstein": (
        {"samples": points(1, 30, 4), "reference": points(3, 44, 4), "projections": 5, "provenance": RECORD},
        lambda: sliced_again(points(1, 30, 4), points(3, 44, 4), 5),
    ),
    "mean_log_density": (
        {"points": points(1, 30, 2), "log_density": stats.multivariate_normal(np.ones(2)).logpdf, "provenance": RECORD},
        lambda: student(-0.5 * ((points(1, 30, 2) - 1) ** 2).sum(axis=1) - math.log(2 * math.pi)),
    ),
    "high_quality_share": ({**ON_MODES, "deviations": np.full(144, 0.4)}, lambda: quality_again(AROUND)),
    "modes_hit": ({**ON_MODES, "deviations": 0.4}, lambda: modes_again(CLOSEST[GOOD].argmin(axis=1), 144)),
    "modes_reverse_kl": (
        {**ON_MODES, "weights": np.arange(144) + 50},
        lambda: reverse_kl_again(CLOSEST.argmin(axis=1), np.arange(144) + 50),
    ),
    "imputation_rmse": (
        {"imputed": IMPUTED, "truth": TRUTH, "missing": MISSING, "provenance": RECORD},
        rmse_again,
    ),
}
NOT_METRICS = {
    "saddlepoint.metrics.half_samples": "intervals by half samples, which metrics share",
    "saddlepoint.metrics.image_pairs": "which pixels are compared",
    "saddlepoint.metrics.mean": "the interval of a mean, which metrics share",
}
