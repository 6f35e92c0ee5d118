"""Each signal against a value that can be reckoned by hand, and what makes it scale-free."""

import math

import pytest
import torch

from saddlepoint.diagnosis import signals
from saddlepoint.objectives import objective

SQUARE = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
ONE = torch.tensor(1.0)


def test_ranks_count_ties_half_and_know_no_constant() -> None:
    above, below = torch.tensor([3.0, 1.0]), torch.tensor([0.0, 1.0])
    # 3 > 0, 3 > 1, 1 > 0, 1 = 1.
    assert signals.rank(above, below).item() == 3.5 / 4
    assert signals.rank(above + 1e3, below + 1e3).item() == 3.5 / 4
    assert signals.rank(7 * above, 7 * below).item() == 3.5 / 4


@pytest.mark.parametrize(
    ("name", "pull"),
    [
        # f3 = log sigmoid(a): 1 - sigmoid(0); f3 = -log(1 - sigmoid(a)) in minimax: sigmoid(0).
        ("non_saturating", 0.5),
        ("minimax", 0.5),
        ("hinge", 1.0),
        ("wasserstein", 1.0),
        # f(v) = log sigmoid(v) at v = 0, and with means the fake is in both terms.
        ("f=log(sigmoid(D)); coupling=pairs", 0.5),
        ("f=log(sigmoid(D)); coupling=means", 1.0),
    ],
)
def test_the_pull_at_the_rest_point_is_the_factor_k(name: str, pull: float) -> None:
    assert signals.pull_at_rest(objective(name)) == pytest.approx(pull, rel=1e-4)


def test_the_rest_point_need_not_be_at_zero() -> None:
    # Least squares with targets 1 and 0: f1' + f2' = 2 (1 - D) - 2 D = 0 at 1/2, where G's 2 (1 - D) is 1.
    chosen = objective("f1=-(D-1)**2; f2=-D**2; f3=-(D-1)**2; link=identity")
    assert signals.pull_at_rest(chosen) == pytest.approx(1.0, rel=1e-6)


def test_a_saturated_minimax_pulls_at_nobody_and_a_non_saturating_twice_as_hard() -> None:
    real, fake = torch.full((4,), 30.0), torch.full((4,), -30.0)
    vanished = signals.generator_pull(objective("minimax"), fake, real).mean() / 0.5
    assert vanished.item() == pytest.approx(2 * math.exp(-30), rel=1e-3)
    assert (signals.generator_pull(objective("non_saturating"), fake, real).mean() / 0.5).item() == pytest.approx(2.0)


def test_of_equal_pulls_all_carry_the_gradient_and_of_one_alone_its_share() -> None:
    assert signals.effective_share(torch.ones(8)).item() == pytest.approx(1.0)
    assert signals.effective_share(torch.tensor([5.0, 0, 0, 0])).item() == pytest.approx(1 / 4)
    assert signals.effective_share(torch.zeros(4)).item() == 0.0
    assert math.isnan(signals.effective_share(torch.tensor([math.inf, 1.0])).item())


def test_distances_of_a_square() -> None:
    within = signals.distances(SQUARE, SQUARE)
    # Four sides of 1 and two diagonals.
    assert signals.pair_distance(within).item() == pytest.approx((4 + 2 * math.sqrt(2)) / 6)
    assert signals.nearest(within).tolist() == [1.0] * 4
    # The mean (1/2, 1/2) against (3/2, 1/2): the spread has a variance of 1/3 on each axis.
    moved = SQUARE + torch.tensor([1.0, 0.0])
    gap = signals.mean_gap(moved, SQUARE.mean(0), SQUARE.std(0).norm())
    assert gap.item() == pytest.approx(1 / math.sqrt(2 / 3))
    assert signals.moved(moved, SQUARE, torch.tensor(2.0)).item() == pytest.approx(0.5)


def test_near_neighbours_of_wide_items_keep_their_digits() -> None:
    items = torch.tensor([[1000.0, 0.0], [1000.0, 1e-3], [0.0, 0.0]]).repeat(20, 1)
    assert signals.distances(items, items)[0, 1].item() == pytest.approx(1e-3, rel=1e-3)


def test_a_hub_and_what_lies_inside_the_balls() -> None:
    real = torch.tensor([[0.0], [10.0]])
    made = torch.tensor([[0.1], [0.2], [0.3], [9.0]])
    across = signals.distances(made, real)
    assert signals.hub(across).item() == 0.75
    # Of four samples the ball of each reaches to the farthest: all of the data lies inside one.
    assert signals.recall(signals.distances(made, made), across).item() == 1.0
    near = torch.linspace(0, 1, 7)[:, None]
    # The balls of seven samples 1/6 apart reach to the fifth neighbour, at most 5/6 beyond an end.
    assert signals.recall(signals.distances(near, near), signals.distances(near, real)).item() == 0.5


def test_a_circle_comes_back_and_a_straight_way_does_not_turn() -> None:
    angle = torch.arange(60) * (2 * math.pi / 20)
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    assert signals.farthest_return(circle, torch.tensor(4.0), 80).item() == pytest.approx(2 / 4, rel=1e-5)
    assert signals.turning(circle).item() == pytest.approx(math.cos(2 * math.pi / 20), rel=1e-5)
    line = torch.arange(30.0)[:, None] * torch.tensor([[1.0, 2.0]])
    assert signals.turning(line).item() == pytest.approx(1.0)
    assert signals.turning(line % 2).item() == pytest.approx(-1.0)


def test_a_lag_that_few_pairs_know_does_not_count() -> None:
    arrived = torch.zeros(30, 1)
    arrived[0] = 100.0
    # The first point is 100 from all others: at a lag of 20 it is one of ten pairs.
    assert signals.farthest_return(arrived, ONE, 80).item() == pytest.approx(10.0)
    assert signals.farthest_return(arrived, ONE, 5).item() == pytest.approx(100 / 25)


def test_an_update_is_measured_by_the_weights() -> None:
    before, after = torch.tensor([3.0, 0.0, 4.0]), torch.tensor([3.0, 0.1, 4.0])
    assert signals.update_size(before, after).item() == pytest.approx(0.1 / math.sqrt(25.01))
