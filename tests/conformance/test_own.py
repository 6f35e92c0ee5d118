"""A person's own pair of optimizers: which games it solves, and what is refused."""

import json

import pytest
import torch

from saddlepoint.command.main import main
from saddlepoint.conformance import own
from saddlepoint.errors import UserError

MINE = """
import torch

def sgd(parameters, momentum):
    made = torch.optim.SGD(parameters, lr=0.2)
    # Past the constructor's check, which allows no negative momentum.
    made.param_groups[0]["momentum"] = momentum
    return made

def plain(d, g):
    return sgd(d, 0.0), sgd(g, 0.0)

def negative(d, g):
    return sgd(d, -0.5), sgd(g, -0.5)
"""


@pytest.fixture
def few_games(monkeypatch):
    chosen = ("bilinear", "Dirac-GAN, non_saturating, r1 of 1")
    monkeypatch.setattr(own, "GAMES", {name: own.GAMES[name] for name in chosen})
    monkeypatch.setattr(own, "_MOST_UPDATES", 1500)


def test_it_says_which_games_are_solved(few_games, tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "mine_of_a_test.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    answers = []
    for name in ("plain", "negative"):
        assert main(["conformance", "--json", "--optimizer", f"mine_of_a_test:{name}"]) == 0
        rows = json.loads(capsys.readouterr().out)["rows"]
        assert {"name", "expected", "measured", "difference", "ok"} == set(rows[0])
        answers.append({row["name"]: row["ok"] for row in rows})
    plain, negative = answers
    assert plain == {
        "bilinear, simultaneous": False,
        "bilinear, alternating": False,
        "Dirac-GAN, non_saturating, r1 of 1, simultaneous": True,
        "Dirac-GAN, non_saturating, r1 of 1, alternating": True,
    }
    assert negative["bilinear, alternating"] and not negative["bilinear, simultaneous"]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda d, g: torch.optim.SGD([*d, *g], lr=0.1), "gives a SGD"),
        (lambda d, g: (torch.optim.SGD(d, lr=0.1), torch.optim.SGD(d, lr=0.1)), "not the player's"),
        (lambda d: None, "raises TypeError"),
        (3, "no function"),
    ],
)
def test_what_is_no_pair_of_optimizers_is_refused(make, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        list(own.solved(make))


def test_a_name_that_is_not_there_is_refused(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "another_of_a_test.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    assert main(["conformance", "--optimizer", "another_of_a_test:none"]) == 2
    assert "another_of_a_test:none" in capsys.readouterr().err


def test_the_whole_suites_exit_code(monkeypatch, capsys) -> None:
    from saddlepoint.conformance import row, suite

    for number, code in ((1.0, 0), (2.0, 1)):
        monkeypatch.setattr(suite.run, "__defaults__", ([lambda number=number: [row.equal("a", 1.0, number)]],))
        assert main(["conformance"]) == code
    assert "FAILS" in capsys.readouterr().out
