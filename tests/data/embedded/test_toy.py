"""Toy sets: the densities are densities, and the samples are drawn from them."""

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from saddlepoint.data import TOY_SETS, open_data
from saddlepoint.data.embedded.toy import Mixture, SwissRoll

EIGHT, GRID, ROLL, LINE = (TOY_SETS[name] for name in ("8-gaussians", "25-gaussians", "swiss-roll", "1d-mixture"))


def drawn(name: str, count: int, seed: int = 0) -> np.ndarray:
    return TOY_SETS[name].sample(count, np.random.default_rng(seed))


def mass(density, low, high, cells: int) -> float:
    """The integral of a density in the plane over a square, by the midpoint rule."""
    step = (high - low) / cells
    centres = low + step * (np.arange(cells) + 0.5)
    grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
    return float(np.exp(density(grid)).sum() * step**2)


def test_modes_are_the_published_ones():
    assert isinstance(EIGHT, Mixture) and isinstance(GRID, Mixture)
    assert len(np.unique(EIGHT.modes.round(9), axis=0)) == 8 and len(np.unique(GRID.modes.round(9), axis=0)) == 25
    np.testing.assert_allclose(np.linalg.norm(EIGHT.modes, axis=1), 2 / 1.414)
    distances = np.linalg.norm(EIGHT.modes - np.roll(EIGHT.modes, 1, axis=0), axis=1)
    np.testing.assert_allclose(distances, distances[0])
    assert sorted(set(GRID.modes[:, 0].round(4))) == [-1.4144, -0.7072, 0.0, 0.7072, 1.4144]
    np.testing.assert_allclose([EIGHT.deviations[0], GRID.deviations[0]], [0.02 / 1.414, 0.05 / 2.828])
    np.testing.assert_allclose(GRID.modes.std(axis=0), 1, rtol=1e-3)
    assert ROLL.modes.shape == (0, 2)


def test_densities_in_the_plane_integrate_to_1():
    # Around one mode, with its weight, where the midpoint rule is exact to many digits; the modes are far apart.
    for toy, width in ((EIGHT, 0.12), (GRID, 0.15)):
        for mode in toy.modes[[0, 3]]:
            part = mass(lambda points, at=mode, of=toy: of.log_density(points + at), -width, width, 120)
            assert abs(part - 1 / len(toy.modes)) < 1e-6
    assert abs(mass(ROLL.log_density, -2.2, 2.2, 140) - 1) < 1e-6


def test_the_density_on_the_line_integrates_to_1():
    value, _ = quad(
        lambda x: float(np.exp(LINE.log_density(np.array([[x]])))[0]), -4, 4, points=[-1.5, 0, 1], limit=200
    )
    assert abs(value - 1) < 1e-8


def test_the_roll_s_quadrature_agrees_with_an_adaptive_one():
    assert isinstance(ROLL, SwissRoll)

    def density(point):
        def integrand(t):
            at = t * np.array([np.cos(t), np.sin(t)]) / 7.5
            return (
                np.exp(-((point - at) ** 2).sum() / (2 * (0.25 / 7.5) ** 2))
                / (2 * np.pi * (0.25 / 7.5) ** 2)
                / (3 * np.pi)
            )

        edges = np.linspace(1.5 * np.pi, 4.5 * np.pi, 60)
        return sum(quad(integrand, a, b, epsabs=1e-13)[0] for a, b in itertools.pairwise(edges))

    points = drawn("swiss-roll", 12)
    expected = [density(point) for point in points]
    np.testing.assert_allclose(np.exp(ROLL.log_density(points)), expected, rtol=1e-8)


def test_mixture_densities_are_exact():
    points = drawn("25-gaussians", 50) + 0.01
    deviation = 0.05 / 2.828
    expected = np.mean([stats.norm.pdf(points, mode, deviation).prod(axis=1) for mode in GRID.modes], axis=0)
    np.testing.assert_allclose(np.exp(GRID.log_density(points)), expected, rtol=1e-10)
    far = GRID.log_density(np.array([[50.0, -50.0]]))
    assert np.isfinite(far).all() and far[0] < -1e5


def test_samples_on_the_line_follow_the_distribution():
    line = LINE
    assert isinstance(line, Mixture)

    def distribution(x):
        return stats.norm.cdf(x[:, None], line.modes[:, 0], line.deviations) @ line.weights

    assert stats.kstest(drawn("1d-mixture", 20_000)[:, 0], distribution).pvalue > 1e-3


@pytest.mark.parametrize("name", ["8-gaussians", "25-gaussians"])
def test_samples_of_mixtures_visit_every_mode_with_its_deviation(name):
    toy, points = TOY_SETS[name], drawn(name, 25_000)
    assert isinstance(toy, Mixture)
    distances = np.linalg.norm(points[:, None] - toy.modes, axis=-1)
    counts = np.bincount(distances.argmin(1), minlength=len(toy.modes))
    assert stats.chisquare(counts).pvalue > 1e-3
    # The nearest mode is the point's own: distance^2 / s^2 is chi-squared with 2 degrees of freedom.
    assert stats.kstest(distances.min(1) / toy.deviations[0], "chi", args=(2,)).pvalue > 1e-3


def test_samples_of_the_roll_match_scikit_learn_s():
    from sklearn.datasets import make_swiss_roll

    theirs = make_swiss_roll(20_000, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    ours = drawn("swiss-roll", 20_000)
    for direction in ((1, 0), (0, 1), (0.6, 0.8), (0.8, -0.6)):
        assert stats.kstest(ours @ direction, theirs @ direction).pvalue > 1e-3


@pytest.mark.parametrize("name", list(TOY_SETS))
def test_the_mean_log_density_of_samples_is_that_of_importance_weights(name):
    # E_p[q/p] = 1 for any density q inside p's support: p's own density, moved by a little.
    toy, points = TOY_SETS[name], drawn(name, 4_000)
    shifted = toy.log_density(points + 0.003)
    ratio = np.exp(shifted - toy.log_density(points))
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / np.sqrt(len(ratio))


@pytest.mark.parametrize("name", list(TOY_SETS))
def test_a_point_is_a_function_of_its_uniform_numbers(name):
    toy = TOY_SETS[name]
    uniforms = np.random.default_rng(1).random((10, toy.uniforms))
    points = toy.sample(10, uniforms)
    np.testing.assert_array_equal(toy.sample(3, uniforms[4:7]), points[4:7])
    assert points.shape == (10, toy.dimensions)
    edge = toy.sample(1, np.full((1, toy.uniforms), 2.0**-54))
    assert np.isfinite(edge).all()


def test_the_packed_set_has_as_many_points_as_asked_for():
    packed = open_data("8-gaussians", count=100, seed=3)
    assert len(packed) == 100 and packed.kind == "points" and packed.shape == (2,) and packed.labels is None
    assert packed.fingerprint == open_data("8-gaussians", count=100, seed=3).fingerprint
    assert packed.fingerprint != open_data("8-gaussians", count=100, seed=4).fingerprint
