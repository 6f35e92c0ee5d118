"""The Parzen log-likelihood: against closed forms and scikit-learn, and by the protocol of 2014."""

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity

import saddlepoint.metrics.parzen as parzen_module
from saddlepoint.errors import UserError
from saddlepoint.metrics.parzen import SIGMAS, log_likelihoods, parzen

REFERENCE = {"split": "test", "fingerprint": "abc", "seed": 3}


def images(count: int, seed: int = 0, size: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 1, size, size)).astype(np.float32)


def test_the_widths_are_those_of_2014():
    assert len(SIGMAS) == 10 and SIGMAS[0] == 0.1 and SIGMAS[-1] == 1.0
    np.testing.assert_allclose(np.diff(np.log10(SIGMAS)), 1 / 9, rtol=1e-12)


@pytest.mark.parametrize("sigma", [0.05, 0.3, 2.0])
def test_one_sample_is_one_gaussian(sigma):
    point, sample = images(1, 1), images(1, 2)
    squared = float(((point.astype(np.float64) - sample) ** 2).sum())
    expected = -squared / (2 * sigma**2) - 36 * math.log(sigma * math.sqrt(2 * math.pi))
    assert float(log_likelihoods(point, sample, sigma)[0]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_it_equals_scikit_learns_kernel_density(sigma):
    points, samples = images(40, 1, 12), images(300, 2, 12)
    # One leaf for all: with several, scikit-learn loses the digits of its bounds in many dimensions (+162 for -793).
    density = KernelDensity(kernel="gaussian", bandwidth=sigma, leaf_size=1000).fit(samples.reshape(300, -1))
    expected = density.score_samples(points.reshape(40, -1))
    np.testing.assert_allclose(log_likelihoods(points, samples, sigma).numpy(), expected, rtol=1e-9)


def test_it_integrates_to_one():
    samples = np.array([[-1.0], [0.5], [0.7]])
    line = np.linspace(-6, 6, 4001)[:, None]
    density = log_likelihoods(line, samples, 0.4).exp().numpy()
    assert density.sum() * (line[1, 0] - line[0, 0]) == pytest.approx(1.0, abs=1e-9)


def test_numbers_far_from_the_origin_keep_their_digits():
    points, samples = images(20, 1).astype(np.float64), images(30, 2).astype(np.float64)
    near = log_likelihoods(points, samples, 0.2)
    np.testing.assert_allclose(log_likelihoods(points + 1e4, samples + 1e4, 0.2).numpy(), near.numpy(), rtol=1e-7)


def test_a_point_on_a_sample_and_one_far_away_are_finite():
    samples = images(10, 1)
    on, far = log_likelihoods(np.concatenate([samples[:1], samples[:1] + 1e3]), samples, 0.01)
    assert math.isfinite(on) and math.isfinite(far) and far < -1e9 < on
    # On a sample, the others add nothing at this width.
    assert float(on) == pytest.approx(-math.log(10) - 36 * math.log(0.01 * math.sqrt(2 * math.pi)), rel=1e-12)


def test_a_rounding_error_makes_no_density_above_the_peak():
    samples = images(10, 1)
    peak = -math.log(10) - 36 * math.log(1e-7 * math.sqrt(2 * math.pi))
    assert float(log_likelihoods(samples, samples, 1e-7).max()) <= peak + 1e-9


def test_blocks_do_not_change_the_values(monkeypatch):
    points, samples = images(23, 1), images(50, 2)
    whole = log_likelihoods(points, samples, 0.2)
    monkeypatch.setattr(parzen_module, "_BLOCK", 4 * 50)
    np.testing.assert_allclose(log_likelihoods(points, samples, 0.2).numpy(), whole.numpy(), rtol=1e-13)


def test_memory_does_not_grow_with_the_number_of_points(monkeypatch):
    shapes, addmm = [], torch.addmm

    def watched(*inputs, **options):
        shapes.append(tuple(inputs[0].shape))
        return addmm(*inputs, **options)

    monkeypatch.setattr(torch, "addmm", watched)
    monkeypatch.setattr(parzen_module, "_BLOCK", 1000)
    log_likelihoods(images(97, 1), images(100, 2), 0.2)
    assert len(shapes) == 10 and max(rows * columns for rows, columns in shapes) <= 1000


def test_the_protocol_step_by_step():
    samples, validation, test = images(60, 1), images(1100, 2), images(80, 3)
    scores = [float(log_likelihoods(validation[:1000], samples, sigma).mean()) for sigma in SIGMAS]
    sigma = SIGMAS[int(np.argmax(scores))]
    values = log_likelihoods(test, samples, sigma).numpy()
    error = values.std() / math.sqrt(80)
    result = parzen(torch.from_numpy(samples), validation, test, **REFERENCE)
    assert result.metric == "parzen_log_likelihood" and result.value == pytest.approx(values.mean(), rel=1e-12)
    assert result.interval == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), rel=1e-12)
    found = dict(result.provenance)
    assert found["sigma"] == sigma and found["standard_error"] == pytest.approx(error, rel=1e-12)
    assert (found["samples"], found["validation_images"], found["test_images"]) == (60, 1000, 80)
    assert found["reference"] == {"split": "test", "fingerprint": "abc"} and found["seed"] == 3
    assert found["deviations"] == ["60 samples instead of 10000"]
    assert found["precision"] == "float64" and found["sigma_at_grid_edge"] is False


def test_only_the_first_thousand_validation_images_choose():
    samples = np.full((20, 1, 4, 4), 0.5, np.float32)
    near, far = np.full((1000, 1, 4, 4), 0.5, np.float32), images(1000, 4, 4)
    choice = [
        parzen(samples, v, near, **REFERENCE).provenance["sigma"] for v in (near, np.concatenate([near, far]), far)
    ]
    assert choice[0] == choice[1] == 0.1 and choice[2] > 0.2


def test_the_edge_of_the_grid_is_said():
    samples = np.full((20, 1, 4, 4), 0.5, np.float32)
    narrow = parzen(samples, samples, samples, **REFERENCE).provenance
    assert narrow["sigma"] == 0.1 and narrow["sigma_at_grid_edge"] is True
    assert "20 validation images instead of 1000" in narrow["deviations"]
    wide = parzen(samples * 0, samples * 2, samples * 2, **REFERENCE).provenance
    assert wide["sigma"] == 1.0 and wide["sigma_at_grid_edge"] is True
    own = parzen(images(20), images(20, 1), images(20, 2), sigmas=(0.01, 0.3, 3.0), **REFERENCE).provenance
    assert own["sigma"] == 0.3 and own["sigma_at_grid_edge"] is False
    assert "widths other than logspace(-1, 0, 10)" in own["deviations"]


def test_the_full_protocol_deviates_in_nothing():
    samples, points = images(10_000, 1, 2), images(1000, 2, 2)
    assert parzen(samples, points, points[:10], **REFERENCE).provenance["deviations"] == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"samples": images(5) * 2 - 1}, "samples in [-"),
        ({"test": images(5) * 255}, "test images in"),
        ({"validation": images(5, size=5)}, "validation images of 25"),
        ({"samples": images(0)}, "samples of shape (0,"),
        ({"test": images(1)}, "one test image"),
        ({"test": np.full((5, 1, 6, 6), np.nan, np.float32)}, "NaN"),
        ({"samples": np.zeros((5, 1, 6, 6), np.uint8)}, "uint8"),
        ({"sigmas": (0.0, 1.0)}, "sigmas"),
        ({"sigmas": ()}, "sigmas"),
    ],
)
def test_input_that_would_give_a_wrong_number_is_refused(changes, named):
    given = {"samples": images(5, 1), "validation": images(5, 2), "test": images(5, 3), **changes}
    with pytest.raises(UserError) as error:
        parzen(**given, **REFERENCE)
    assert named in str(error.value)
