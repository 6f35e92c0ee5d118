"""Loading a person's own code by name, and the ways in which two losses may stand in it."""

import json
import sys

import pytest

from saddlepoint.command.main import main
from saddlepoint.command.own_code import load_losses, load_own
from saddlepoint.errors import UserError

CODE = """
from torch.nn import functional as F

def loss_d(real_scores, fake_scores):
    return F.softplus(-real_scores).mean() + F.softplus(fake_scores).mean()

def loss_g(fake_scores):
    return F.softplus(-fake_scores).mean()

def both(real_scores, fake_scores):
    return loss_d(real_scores, fake_scores), loss_g(fake_scores)

def make():
    return loss_d, loss_g

class Held:
    loss_d = staticmethod(loss_d)
    loss_g = staticmethod(loss_g)

def lonely(scores):
    return scores.mean()

number = 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_losses.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("own_losses", None)


@pytest.mark.parametrize("name", ["", ":loss_d", ":loss_g", ":loss_d,loss_g", ":both", ":make", ":Held"])
@pytest.mark.parametrize("where", ["own_losses", "own_losses.py"])
def test_two_losses_are_found(own, capsys, where, name):
    assert main(["check-loss", where + name, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["member"] == "non_saturating@logit"
    assert answer["flags"] == []
    assert (answer["h"], answer["c"], answer["k"]) == pytest.approx((-0.5, -0.5, 0.5), abs=1e-6)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("own_losses:lonely", "does not give two losses"),
        ("own_losses:number", "does not give two losses"),
        ("own_losses:nothing", "no nothing in own_losses"),
        ("no_such_module:x", "does not import"),
        ("no_such_file.py:x", "does not import"),
    ],
)
def test_mistakes_are_one_line(own, capsys, target, said):
    assert main(["check-loss", target]) == 2
    answer = capsys.readouterr().err
    assert said in answer
    assert answer.count("\n") == 1


def test_anything_can_be_loaded(own):
    module, held = load_own("own_losses:number")
    assert held == module.number == 3
    with pytest.raises(UserError):
        load_losses("own_losses:number")
