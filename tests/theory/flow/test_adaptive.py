"""The adaptive solver: the same claims without the integrator's drift, and the pieces along p_g = 0."""

import numpy as np
import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives import objective
from saddlepoint.theory.flow.adaptive import SINGULAR, STIFF, adaptive
from saddlepoint.theory.flow.trajectories import LEFT, Trajectory, euler
from saddlepoint.theory.pointwise import pointwise_field

STARTS = [(0.75, 0.9), (0.25, 0.9)]


def run(name: str, starts=STARTS, *, rest: float, p_d: float = 0.2, **options) -> list[Trajectory]:
    return adaptive(pointwise_field(objective(name)), starts, rest=rest, p_d=p_d, **options)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_both_games_of_2014_reach_the_rest_point(name):
    for path in run(name, rest=0.5):
        assert path.end == pytest.approx((0.5, 0.2), abs=1e-9)
        assert np.abs(path.drift).max() < 1e-6


def test_wasserstein_circles_without_drift():
    for path in run("wasserstein", rest=0.0):
        away = np.hypot(path.points[:, 0], path.points[:, 1] - 0.2)
        assert away.max() / away.min() == pytest.approx(1, abs=1e-9)
        assert path.winding == pytest.approx(100 / (2 * np.pi), rel=1e-9)
        assert np.abs(path.drift).max() < 1e-8


def test_wasserstein_on_densities_ends_on_the_circle_of_radius_p_d():
    for path in run("wasserstein", rest=0.0, nonnegative=True):
        late = path.points[path.times > 50]
        np.testing.assert_allclose(np.hypot(late[:, 0], late[:, 1] - 0.2), 0.2, rtol=1e-8)
        assert path.points[:, 1].min() >= 0
        assert np.abs(path.drift).max() < 1e-6


def test_without_the_constraint_non_saturating_escapes():
    (path,) = run("non_saturating", [(0.75, 0.9)], rest=0.5, p_d=0.05)
    assert np.interp(0, -path.points[:200, 1], path.times[:200]) == pytest.approx(0.945, abs=1e-2)
    assert path.stopped is not None
    assert path.stopped.reason == LEFT
    assert path.stopped.time == pytest.approx(1.948, abs=1e-3)
    assert path.end[0] == pytest.approx(1, abs=1e-3)


def test_with_the_constraint_it_does_not():
    (path,) = run("non_saturating", [(0.75, 0.9)], rest=0.5, p_d=0.05, nonnegative=True)
    assert path.stopped is None
    assert path.end == pytest.approx((0.5, 0.05), abs=1e-6)


def test_it_agrees_with_euler():
    field = pointwise_field(objective("quadratic"))
    options = {"rest": 1.0, "p_d": 0.2, "steps": 5000, "nonnegative": True}
    for ours, theirs in zip(adaptive(field, STARTS, **options), euler(field, STARTS, **options), strict=True):
        assert ours.end == pytest.approx(theirs.end, abs=2e-3)
        assert ours.winding == pytest.approx(theirs.winding, abs=2e-3)
        assert ours.times[-1] == pytest.approx(5)


def test_a_jump_of_the_field_is_said():
    (path,) = run("hinge", [(0.0, 4.5)], rest=0.0, p_d=2.0)
    assert path.stopped is not None
    assert path.stopped.reason == STIFF
    assert path.end[0] == pytest.approx(-1, abs=1e-6)


def test_leaving_the_domain_is_said():
    (path,) = run("f1=-D; f2=D; f3=sqrt(D)", [(0.05, 0.1)], rest=1.0, p_d=1.0)
    assert path.stopped is not None
    assert path.stopped.reason == LEFT
    assert 0 <= path.end[0] < 1e-5


def test_infinite_speed_is_said():
    (path,) = run("f1=D**3; f2=D; f3=-D", [(5.0, 1.0)], rest=0.0, p_d=1.0)
    assert path.stopped is not None
    assert path.stopped.reason == SINGULAR
    # dD/dt > 3 D^2 blows up before 1 / (3 D).
    assert 0 < path.stopped.time < 1 / 15


def test_mistakes_are_said():
    with pytest.raises(UserError, match="the start 2"):
        run("minimax", [(2.0, 0.5)], rest=0.5)
