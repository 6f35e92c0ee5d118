import pytest

from saddlepoint.errors import UserError
from saddlepoint.game.turns import Move, alternating, simultaneous


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
    assert group[1].shares == "discriminator"


def test_no_steps_are_refused() -> None:
    with pytest.raises(UserError, match="1 or more"):
        alternating("discriminator", "generator", first_steps=0)
