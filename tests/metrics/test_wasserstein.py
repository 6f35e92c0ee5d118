"""Transport on the line and along directions: scipy, closed forms, invariances, small counts, what is refused."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

import saddlepoint.metrics.sliced_wasserstein as sliced_module
from saddlepoint.errors import UserError
from saddlepoint.metrics.half_samples import half_sample_interval, halves
from saddlepoint.metrics.sliced_wasserstein import directions_on_sphere, sliced_wasserstein
from saddlepoint.metrics.wasserstein import transport_costs, wasserstein_1


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def line(x: np.ndarray, y: np.ndarray):
    return wasserstein_1(x, y, provenance={})


def sliced(x: np.ndarray, y: np.ndarray, **settings):
    return sliced_wasserstein(x, y, provenance={}, **settings)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 7), (6, 4), (50, 50), (64, 48), (97, 101), (1000, 3)])
def test_it_equals_scipy_for_any_two_counts(n, m):
    # Rounded, so that there are ties.
    x, y = numbers(1, n).round(1), 1.5 * numbers(2, m).round(1) + 0.3
    assert line(x, y).value == pytest.approx(wasserstein_distance(x, y), rel=1e-12)


def test_closed_forms_on_the_line():
    x = numbers(1, 40)
    assert line(x, x[::-1].copy()).value == 0.0
    assert line(x, x + 2.5).value == pytest.approx(2.5, rel=1e-12)
    assert line(x, np.repeat(x, 3)).value == pytest.approx(0.0, abs=1e-15)
    assert line(np.zeros(3), np.array([1.0, 2.0])).value == pytest.approx(1.5)
    # Order 2 between 0, 1, 1 and 0, 0, 1: a third of the mass moves by 1.
    one, other = torch.tensor([[0.0, 1.0, 1.0]]), torch.tensor([[0.0, 0.0, 1.0]])
    assert float(transport_costs(one, other, 2)) == pytest.approx(1 / 3)
    assert float(transport_costs(one, torch.tensor([[0.0, 1.0]]), 2)) == pytest.approx(1 / 6)


def test_the_triangle_holds_and_units_scale():
    x, y, z = numbers(1, 30), numbers(2, 20) + 1, numbers(3, 25) * 2
    assert line(x, z).value <= line(x, y).value + line(y, z).value
    assert line(3 * x, 3 * y).value == pytest.approx(3 * line(x, y).value, rel=1e-12)


def test_the_order_of_the_numbers_does_not_matter():
    x, y = numbers(1, 30), numbers(2, 21)
    assert line(x[::-1].copy(), y).interval == line(x, y).interval


def test_halves_are_halves_without_replacement():
    chosen = halves(11, 500, seed=3)
    assert chosen.sum(dim=1).unique().tolist() == [5]
    np.testing.assert_allclose(chosen.double().mean(dim=0).numpy(), 5 / 11, atol=0.1)
    assert torch.equal(chosen, halves(11, 500, seed=3)) and not torch.equal(chosen, halves(11, 500, seed=4))


def test_the_half_sample_spread_is_the_standard_error_of_a_mean():
    # The mean is linear: halves of 400 vary as the whole does from draw to draw, sigma / sqrt 400.
    x = numbers(1, 400) + 10
    means = torch.stack([torch.from_numpy(x)[chosen].mean() for chosen in halves(400, 4000, seed=0)])
    low, high = half_sample_interval(float(x.mean()), means, (400, 400))
    assert math.log(high / low) / 2 * x.mean() == pytest.approx(1.96 * x.std(ddof=1) / 20, rel=0.04)


def test_small_and_equal_samples_give_numbers():
    assert line(np.array([1.0]), numbers(1, 20)).interval == (0.0, math.inf)
    for x, y in ((np.zeros(2), np.ones(2)), (np.zeros(2), np.zeros(5)), (np.array([0.0, 1.0]), np.array([0.0, 1.0]))):
        result = line(x, y)
        assert all(map(math.isfinite, (result.value, *result.interval)))
        assert result.interval[0] <= result.value <= result.interval[1]
    one = sliced(numbers(1, 1, 5), numbers(2, 4, 5))
    assert math.isfinite(one.value) and one.interval == (0.0, math.inf)
    assert sliced(np.zeros((3, 2)), np.zeros((3, 2)), order=2).value == 0.0


def test_a_shift_along_directions_has_its_closed_form():
    x, shift = numbers(1, 60, 5), np.array([1.0, -2.0, 0.0, 0.5, 0.0])
    along = np.abs(shift @ directions_on_sphere(5, 128, 7).numpy())
    first, second = (sliced(x, x + shift, order=order, projections=128, projection_seed=7) for order in (1, 2))
    assert first.value == pytest.approx(along.mean(), rel=1e-9)
    assert second.value == pytest.approx(math.sqrt((along**2).mean()), rel=1e-9)
    assert first.provenance["projection_error"] == pytest.approx(along.std(ddof=1) / math.sqrt(128), rel=1e-9)
    # In the limit of many directions, |delta| / sqrt d.
    expected = np.linalg.norm(shift) / math.sqrt(5)
    assert abs(second.value - expected) < 4 * second.provenance["projection_error"]


def test_on_the_line_every_direction_is_the_line():
    x, y = numbers(1, 30, 1), numbers(2, 17, 1) + 1
    result = sliced(x, y, projections=8)
    assert result.value == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-12)
    assert result.provenance["projection_error"] == pytest.approx(0.0, abs=1e-12)


def test_equal_counts_in_a_block_and_across_blocks_agree(monkeypatch):
    x, y = numbers(1, 40, 2, 3, 3), 1.2 * numbers(2, 25, 2, 3, 3)
    whole = [sliced(x, y, order=order, projections=9) for order in (1, 2)]
    monkeypatch.setattr(sliced_module, "_BLOCK", 90)
    for order, expected in zip((1, 2), whole, strict=True):
        blocks = sliced(x, y, order=order, projections=9)
        assert blocks.value == pytest.approx(expected.value, rel=1e-12)
        assert blocks.interval == pytest.approx(expected.interval, rel=1e-9)


def test_the_directions_are_on_the_sphere_and_repeatable():
    directions = directions_on_sphere(20, 50, 3)
    np.testing.assert_allclose(directions.norm(dim=0).numpy(), 1.0, rtol=1e-12)
    assert torch.equal(directions, directions_on_sphere(20, 50, 3))


def test_order_and_directions_are_named():
    first = sliced(numbers(1, 9, 4), numbers(2, 9, 4), projections=3, projection_seed=5)
    assert first.metric == "sliced_wasserstein_1"
    assert sliced(numbers(1, 9, 4), numbers(2, 9, 4), order=2).metric == "sliced_wasserstein_2"
    assert {key: first.provenance[key] for key in ("order", "projections", "projection_seed")} == {
        "order": 1, "projections": 3, "projection_seed": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: line(numbers(1, 5, 2), numbers(2, 5)), "2 dimensions"),
        (lambda: line(np.array([]), numbers(2, 5)), "shape (0,)"),
        (lambda: line(np.array([math.nan]), numbers(2, 5)), "NaN"),
        (lambda: sliced(numbers(1, 5, 2), numbers(2, 5, 3)), "2 and reference of 3"),
        (lambda: sliced(numbers(1, 5, 2), numbers(2, 5, 2), order=3), "order 3"),
        (lambda: sliced(numbers(1, 5, 2), numbers(2, 5, 2), projections=0), "0 projections"),
        (lambda: sliced(numbers(1, 5, 2), numbers(2, 5, 2) * math.inf), "infinity"),
    ],
)
def test_what_would_give_a_wrong_number_is_refused(call, named):
    with pytest.raises(UserError) as error:
        call()
    assert named in str(error.value)
