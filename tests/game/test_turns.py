import pytest

from saddlepoint.errors import UserError
from saddlepoint.game.turns import Bursts, Move, alone, alternating, simultaneous


def test_alternating_moves_one_after_the_other() -> None:
    groups = alternating("discriminator", "generator", first_steps=2)(0)
    assert groups == (
        (Move(player="discriminator", substep=0),),
        (Move(player="discriminator", substep=1),),
        (Move(player="generator"),),
    )


def test_simultaneous_moves_both_in_one_group() -> None:
    (group,) = simultaneous("discriminator", "generator", share_draws=True)(5)
    assert [move.player for move in group] == ["discriminator", "generator"]
    assert group[1].reuses == "discriminator"


def test_no_steps_are_refused() -> None:
    with pytest.raises(UserError, match="1 or more"):
        alternating("discriminator", "generator", first_steps=0)


def test_bursts_of_the_first_player_begin_the_game_and_come_back() -> None:
    turn = alternating("d", "g", first_steps=1, bursts=Bursts(steps=3, first=2, every=5))
    assert [len(turn(step)) - 1 for step in range(8)] == [3, 3, 1, 1, 1, 3, 1, 1]
    assert [move.substep for (move,) in turn(0)[:-1]] == [0, 1, 2] and turn(0)[-1][0].player == "g"
    # WGAN: 100 critic steps in the first 25 iterations of G and at each 500th.
    published = Bursts(steps=100, first=25, every=500)
    assert [step for step in range(1001) if published.at(step)] == [*range(25), 500, 1000]
    with pytest.raises(UserError, match=r"bursts\.every = 0"):
        Bursts(steps=1, first=1, every=0)


def test_one_player_plays_alone() -> None:
    assert alone("e")(7) == ((Move(player="e"),),)
