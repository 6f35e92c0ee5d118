"""The field on atoms: its spectrum, its energy under the three flows, and what happens off the support."""

import numpy as np
import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives import objective
from saddlepoint.theory.flow.constrained import FLOWS, ConstrainedField, projected
from saddlepoint.theory.pointwise import pointwise_field

START = (np.array([0.3, -0.2, 0.1]), np.array([0.2, 0.3, 0.5]))
TIMES = np.linspace(0, 30, 61)


def atoms(name: str, rest: float, masses, flow: str) -> ConstrainedField:
    return ConstrainedField(field=pointwise_field(objective(name)), rest=rest, masses=np.array(masses), flow=flow)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize(("name", "rest"), [("minimax", 0.5), ("quadratic", 1.0), ("fgan_kl:non_saturating", 1.0)])
def test_the_jacobian_is_the_derivative_of_the_velocity(name, rest, flow):
    field = atoms(name, rest, [0.5, 0.3, 0.2], flow)
    D, p_g = field.equilibrium
    point = np.concatenate([D, p_g])
    numeric = np.empty((6, 6))
    for column, direction in enumerate(np.eye(6) * 1e-6):
        ahead, behind = (np.concatenate(field.velocity(x[:3], x[3:])) for x in (point + direction, point - direction))
        numeric[:, column] = (ahead - behind) / 2e-6
    # On the simplex: the direction that changes the sum is no part of the flow.
    along = np.eye(6) - np.outer([0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]) / 3
    np.testing.assert_allclose(field.jacobian() @ along, numeric @ along, atol=1e-6)
    np.testing.assert_allclose(np.concatenate(field.velocity(D, p_g)), 0, atol=1e-15)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_stable_objective_is_stable_on_atoms_and_wasserstein_is_a_centre(flow):
    assert atoms("minimax", 0.5, [0.5, 0.3, 0.2], flow).spectrum().real.max() < -0.05
    wasserstein = atoms("wasserstein", 0.0, [0.5, 0.3, 0.2], flow).spectrum()
    np.testing.assert_allclose(wasserstein.real, 0, atol=1e-9)
    assert len(wasserstein) == 5


def test_equal_atoms_have_the_eigenvalues_of_the_single_atom():
    field = atoms("minimax", 0.5, [0.2] * 5, "normalised")
    # -4 p_d +- 2 sqrt(4 p_d^2 - 1) at p_d = .2, four times; D's common shift decays with p_d h.
    found = field.spectrum()
    pairs = found[np.abs(found.imag) > 0.1]
    assert len(pairs) == 8
    np.testing.assert_allclose(pairs.real, -0.8)
    np.testing.assert_allclose(np.abs(pairs.imag), np.sqrt(4 - 0.64))
    np.testing.assert_allclose(np.sort_complex(field.atom_spectrum(0.2)), [-0.8 - 1.833j, -0.8 + 1.833j], atol=1e-3)
    assert found.real.min() == pytest.approx(-1.6)


@pytest.mark.parametrize(
    ("name", "rest", "pull"), [("minimax", 0.5, 4), ("minimax@logit", 0, 0.25), ("quadratic", 1, 1)]
)
def test_off_the_support_nothing_damps(name, rest, pull):
    alone = atoms(name, rest, [0.6, 0.4], "normalised").atom_spectrum(0.0)
    np.testing.assert_allclose(np.sort(alone.imag), [-np.sqrt(pull), np.sqrt(pull)])
    np.testing.assert_allclose(alone.real, 0)
    found = atoms(name, rest, [0.6, 0.4, 0, 0, 0], "normalised").spectrum()
    undamped = found[(np.abs(found.real) < 1e-9) & (found.imag > 0)]
    np.testing.assert_allclose(undamped, [1j * np.sqrt(pull)] * 2)
    single = atoms(name, rest, [0.6, 0.4, 0], "normalised").spectrum()
    assert single.real.max() < 0


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("masses", [[0.5, 0.3, 0.2], [0.6, 0.4, 0.0]])
@pytest.mark.parametrize(("name", "rest"), [("minimax@logit", 0.0), ("wasserstein", 0.0), ("quadratic", 1.0)])
def test_the_energy_never_rises_and_p_g_stays_a_distribution(name, rest, masses, flow):
    field = atoms(name, rest, masses, flow)
    D, p_g = field.solve(rest + START[0], START[1], TIMES)
    energy = np.array([field.energy(*point) for point in zip(D, p_g, strict=True)])
    assert np.diff(energy).max() < 1e-6
    np.testing.assert_allclose(p_g.sum(axis=1), 1, atol=1e-9)
    if flow != "normalised":
        assert p_g.min() > -1e-6
    if name == "wasserstein" and flow != "projected":
        np.testing.assert_allclose(energy, energy[0], atol=1e-5)


def test_fisher_rao_finds_the_data():
    field = atoms("minimax", 0.5, [0.5, 0.3, 0.2], "fisher_rao")
    D, p_g = field.solve(np.full(3, 0.5), START[1], np.array([0.0, 100.0]))
    np.testing.assert_allclose(p_g[-1], [0.5, 0.3, 0.2], atol=1e-6)
    np.testing.assert_allclose(D[-1], 0.5, atol=1e-6)


def test_projection_keeps_empty_atoms_empty_unless_they_gain():
    empty_loses = projected(np.array([0.5, 0.5, 0.0]), np.array([1.0, 2.0, 0.0]))
    np.testing.assert_allclose(empty_loses, [-0.5, 0.5, 0.0])
    empty_gains = projected(np.array([0.5, 0.5, 0.0]), np.array([1.0, 2.0, 6.0]))
    np.testing.assert_allclose(empty_gains, [-2.0, -1.0, 3.0])


@pytest.mark.parametrize(
    ("masses", "flow", "said"),
    [
        ([0.5, 0.6], "normalised", "sum 1.1"),
        ([1.5, -0.5], "normalised", "negative"),
        ([1.0], "normalised", "two atoms"),
        ([0.5, 0.5], "euclidean", "the flow 'euclidean'"),
    ],
)
def test_mistakes_are_said(masses, flow, said):
    with pytest.raises(UserError, match=said):
        atoms("minimax", 0.5, masses, flow)


def test_the_projected_flow_has_no_spectrum_at_a_corner():
    with pytest.raises(UserError, match="off the support"):
        atoms("minimax", 0.5, [0.6, 0.4, 0.0], "projected").spectrum()
