"""The change of variables against densities in closed form, and against a histogram."""

import numpy as np
import pytest

from saddlepoint.theory.density.pushforward import pushforward

Z = np.linspace(-1, 1, 20_001)
UNIFORM = np.full(20_000, 1 / 20_000)


def test_a_straight_line_stretches_the_prior():
    density = pushforward(Z, UNIFORM, 3 * Z + 1, np.array([-2.5, 0.0, 3.9, -2.1, 4.1]))
    np.testing.assert_allclose(density, [0, 1 / 6, 1 / 6, 0, 0], rtol=1e-6)


def test_two_branches_add_up():
    points = np.array([0.05, 0.25, 0.81])
    # x = z^2, z uniform on (-1, 1): 2 * (1/2) / (2 sqrt x).
    np.testing.assert_allclose(pushforward(Z, UNIFORM, Z**2, points), 1 / (2 * np.sqrt(points)), rtol=1e-3)


def test_it_integrates_to_one_and_agrees_with_a_histogram():
    x = np.tanh(2 * Z) + 0.3 * np.sin(7 * Z)
    edges = np.linspace(-2, 2, 41)
    fine = np.linspace(-2, 2, 400_001)
    density = pushforward(Z, UNIFORM, x, fine)
    assert density.sum() * (fine[1] - fine[0]) == pytest.approx(1, abs=0.01)
    counted, _ = np.histogram(x, edges, density=True)
    averaged = density[:-1].reshape(40, -1).mean(axis=1)
    np.testing.assert_allclose(averaged, counted, rtol=0.05, atol=0.02)


def test_where_the_generator_stands_still_the_mass_is_kept():
    points = np.linspace(-1e-6, 1e-6, 2001)
    density = pushforward(Z, UNIFORM, np.zeros(len(Z)), points)
    assert density.sum() * 1e-9 == pytest.approx(1, rel=2e-3)
