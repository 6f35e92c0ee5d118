"""Euler's trajectories: the classical claims about the two-dimensional field, and what ends a trajectory."""

import time

import numpy as np
import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives import objective
from saddlepoint.theory.flow.trajectories import LEFT, OVERFLOW, Trajectory, euler, turns
from saddlepoint.theory.pointwise import pointwise_field

STARTS = [(0.75, 0.9), (0.25, 0.9)]


def run(name: str, starts=STARTS, *, rest: float, p_d: float = 0.2, **options) -> list[Trajectory]:
    return euler(pointwise_field(objective(name)), starts, rest=rest, p_d=p_d, **options)


def radius(path: Trajectory, rest: float, p_d: float) -> np.ndarray:
    return np.hypot(path.points[:, 0] - rest, path.points[:, 1] - p_d)


@pytest.mark.parametrize(("name", "nonnegative"), [("minimax", False), ("non_saturating", True)])
def test_both_games_of_2014_reach_the_rest_point(name, nonnegative):
    for path in run(name, rest=0.5, nonnegative=nonnegative):
        assert path.end == pytest.approx((0.5, 0.2), abs=1e-9)
        assert path.steps == 100_000
        assert path.stopped is None
        assert path.times[-1] == pytest.approx(100)


@pytest.fixture(scope="module")
def circles() -> list[Trajectory]:
    return run("wasserstein", rest=0.0)


def test_wasserstein_circles_and_euler_inflates_the_circle(circles):
    for path in circles:
        grown = radius(path, 0.0, 0.2)
        # sqrt(1 + h^2)^100000 = e^.05: the integrator's growth, not the flow's.
        assert grown[-1] / grown[0] == pytest.approx(np.exp(0.05), rel=1e-4)
        assert path.winding == pytest.approx(100 / (2 * np.pi), rel=1e-5)
        assert path.flow[-1] == 0
        assert path.drift[-1] == pytest.approx(path.energy[0] * (np.exp(0.1) - 1), rel=1e-3)


def test_wasserstein_on_the_plane_visits_negative_densities(circles):
    path, _ = circles
    assert path.points[:, 1].min() == pytest.approx(-0.88, abs=0.005)


def test_wasserstein_on_densities_ends_on_the_circle_of_radius_p_d():
    for path in run("wasserstein", rest=0.0, nonnegative=True):
        assert path.points[:, 1].min() == 0
        assert radius(path, 0.0, 0.2)[-1] == pytest.approx(0.2, rel=5e-3)
        assert path.flow[-1] == pytest.approx(0.02 - path.energy[0], rel=0.02)


def test_hinge_falls_to_radius_one():
    (path,) = run("hinge", [(0.0, 4.5)], rest=0.0, p_d=2.0, steps=20_000)
    away = radius(path, 0.0, 2.0)
    assert away[0] == 2.5
    assert away[-1] == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_the_quadratic_game_converges_from_everywhere(nonnegative):
    starts = [(0.75, 0.9), (0.25, 0.9), (-4.0, 0.1), (6.0, 5.0)]
    for path in run("quadratic", starts, rest=1.0, nonnegative=nonnegative, step=4e-3, steps=25_000):
        assert path.end == pytest.approx((1.0, 0.2), abs=1e-3)
        assert path.winding < -10


def test_without_the_constraint_non_saturating_escapes():
    (path,) = run("non_saturating", [(0.75, 0.9)], rest=0.5, p_d=0.05, steps=3000)
    negative = path.points[:, 1] < 0
    assert path.times[negative.argmax()] == pytest.approx(0.945, abs=0.0021)
    assert path.stopped is not None
    assert path.stopped.reason == LEFT
    assert path.stopped.time == pytest.approx(1.948, abs=0.0011)
    assert path.steps == 1947
    assert 0.98 < path.stopped.at[0] < 1
    assert path.end == path.stopped.at


def test_with_the_constraint_it_does_not():
    (path,) = run("non_saturating", [(0.75, 0.9)], rest=0.5, p_d=0.05, nonnegative=True, step=2e-3, steps=50_000)
    assert path.stopped is None
    assert path.points[:, 1].min() == 0
    assert path.end == pytest.approx((0.5, 0.05), abs=1e-6)


def test_the_order_of_starts_does_not_matter():
    together = run("minimax", [*STARTS, (0.5, 1e-3)], rest=0.5, steps=2500)
    for start, path in zip([*STARTS, (0.5, 1e-3)], together, strict=True):
        (alone,) = run("minimax", [start], rest=0.5, steps=2500)
        assert (alone.end, alone.steps, alone.winding) == (path.end, path.steps, path.winding)
        np.testing.assert_array_equal(alone.points, path.points)


def test_an_overflow_ends_one_trajectory_and_not_the_other():
    name = "f1=D**3; f2=D; f3=-D"
    blown, calm = run(name, [(50.0, 1.0), (1e-3, 1e-3)], rest=0.0, p_d=1.0, steps=1200, step=1e-2)
    assert blown.stopped is not None
    assert blown.stopped.reason == OVERFLOW
    assert np.isfinite(blown.points).all()
    assert calm.steps > blown.steps


def test_a_step_over_a_pole_leaves_the_domain():
    (path,) = run("f1=1/D; f2=-D; f3=D", [(0.05, 1.0)], rest=1.0, p_d=1.0, step=0.01)
    assert path.stopped is not None
    assert path.stopped.reason == LEFT
    assert path.stopped.at[0] > 0


def test_points_are_kept_evenly_and_end_with_the_last():
    (path,) = run("minimax", STARTS[:1], rest=0.5, steps=7001)
    gaps = np.diff(path.times)
    np.testing.assert_allclose(gaps[:-1], gaps[0])
    assert path.times[-1] == pytest.approx(7.001)
    assert tuple(path.points[0]) == path.start
    assert tuple(path.points[-1]) == path.end


def test_the_energy_falls_along_the_flow_of_minimax():
    (path,) = run("minimax", STARTS[:1], rest=0.5, steps=20_000)
    assert (np.diff(path.flow) <= 0).all()
    assert path.energy[-1] < 1e-12
    assert np.abs(path.drift).max() < 1e-3


def test_a_hundred_starts_take_less_than_six_seconds():
    starts = [(D, p_g) for D, p_g in np.random.default_rng(0).uniform(0.05, 0.95, (100, 2))]
    began = time.process_time()
    paths = run("minimax", starts, rest=0.5)
    assert time.process_time() - began < 6
    assert all(path.end == pytest.approx((0.5, 0.2), abs=1e-9) for path in paths)


@pytest.mark.parametrize(
    ("starts", "options", "said"),
    [
        ([], {}, "no start"),
        ([(1.0, 0.5)], {}, "the start 1,0.5"),
        ([(0.5, np.inf)], {}, "inf"),
        ([(np.nan, 0.5)], {}, "nan"),
        ([(0.5, -0.1)], {"nonnegative": True}, "p_g >= 0"),
        (STARTS, {"p_d": 0.0}, "p_d = 0"),
        (STARTS, {"p_d": -1.0}, "p_d = -1"),
        (STARTS, {"steps": 0}, "0 steps"),
        (STARTS, {"step": 0.0}, "steps of 0.0"),
    ],
)
def test_mistakes_are_said(starts, options, said):
    with pytest.raises(UserError, match=said):
        run("minimax", starts, rest=0.5, **options)


def test_turns_count_a_circle_once():
    angles = np.linspace(0, 2 * np.pi, 9)
    circle = np.column_stack([3 + np.cos(angles), np.sin(angles)])
    assert turns(circle[:-1], circle[1:], centre=(3.0, 0.0)).sum() == pytest.approx(1)
    assert turns(circle[:-1], circle[1:], centre=(5.0, 0.0)).sum() == pytest.approx(0)
