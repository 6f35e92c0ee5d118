"""`saddlepoint field`: the answer as JSON and text, the portrait, and mistakes on one line."""

import json

import numpy as np
import pytest
from PIL import Image

from saddlepoint.command.main import main
from saddlepoint.errors import UserError
from saddlepoint.report.portrait import draw_portrait
from saddlepoint.theory.flow.experiment import follow, read_start


def answer(capsys, *arguments: str) -> list[dict]:
    assert main(["field", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["trajectories"]


@pytest.mark.parametrize("method", ["euler", "rk"])
def test_the_answer_has_the_promised_form(capsys, method):
    arguments = ("--start", ".75,.9", ".25,.9", "--pd", ".2", "--step", ".01", "--steps", "5000", "--method", method)
    rows = answer(capsys, "minimax", *arguments)
    for row, start in zip(rows, ([0.75, 0.9], [0.25, 0.9]), strict=True):
        assert set(row) == {"start", "end", "steps", "winding", "stopped"}
        assert row["start"] == start
        assert row["end"] == pytest.approx([0.5, 0.2], abs=1e-9)
        assert row["stopped"] is None
        assert row["winding"] > 5
    assert rows[0]["steps"] == 5000 or method == "rk"


def test_the_plane_is_the_default_and_leaving_the_domain_is_an_answer(capsys):
    (row,) = answer(capsys, "non_saturating", "--start", ".75,.9", "--pd", ".05", "--plane")
    assert row["stopped"]["time"] == pytest.approx(1.948, abs=2e-3)
    assert row["stopped"]["at"] == row["end"]
    assert row["end"][1] < 0
    (default,) = answer(capsys, "non_saturating", "--start", ".75,.9", "--pd", ".05")
    assert default == row
    held_at_zero = ("--pd", ".05", "--nonnegative", "--steps", "5000")
    (held,) = answer(capsys, "non_saturating", "--start", ".75,.9", *held_at_zero)
    assert held["stopped"] is None


def test_an_overflow_is_an_answer_and_the_picture_still_shows_what_there_was(capsys, tmp_path):
    out = tmp_path / "portrait.png"
    text = "f1=D**3/3; f2=-D; f3=D"
    (row,) = answer(capsys, text, "--start", "3,1", "--pd", "1", "--step", ".01", "--out", str(out))
    assert row["stopped"]["reason"] == "overflow"
    assert np.isfinite(row["end"]).all()
    assert Image.open(out).size[0] > 400


def test_starts_may_be_negative_and_many(capsys):
    arguments = ("--start", "-1,.5", "-.5,.25", "--start=-2,1", "--pd", "1", "--steps", "10")
    rows = answer(capsys, "wasserstein", *arguments)
    assert [row["start"] for row in rows] == [[-1, 0.5], [-0.5, 0.25], [-2, 1]]


def test_the_text_tells_the_drift_of_the_integrator_from_the_flow():
    text = str(follow("wasserstein", [(0.75, 0.9)], p_d=0.2))
    assert "the flow changed it by +0, the integrator's own drift by +0.055" in text
    assert "+15.915 turns" in text
    assert "centre" in text


def test_a_hinge_that_leaves_its_margin_has_no_energy_there():
    assert "energy: none on this path" in str(follow("hinge", [(0.0, 4.5)], p_d=2.0, steps=3000))


@pytest.mark.parametrize(
    ("text", "starts", "options"),
    [
        ("hinge", [(0.0, 4.5), (2.0, 1.0)], {"p_d": 2.0}),
        ("least_squares(-1,1,0)", [(0.5, 0.9)], {"nonnegative": True}),
        ("f1=-D**2/2; f2=D; f3=-D**3 + D**2", [(0.5, 0.9)], {}),
    ],
)
def test_portraits(tmp_path, text, starts, options):
    experiment = follow(text, starts, **{"p_d": 0.2, "steps": 500, **options})
    pixels = np.asarray(Image.open(draw_portrait(experiment, tmp_path / "portrait.png")))
    assert pixels.shape[2] == 3
    # The colour of the first trajectory is in it.
    assert (np.abs(pixels.astype(int) - [0x3B, 0x82, 0xF6]).sum(axis=2) < 12).any()


def test_the_same_experiment_gives_the_same_picture(tmp_path):
    experiment = follow("minimax", [(0.75, 0.9)], p_d=0.2, steps=500)
    first, second = (draw_portrait(experiment, tmp_path / name) for name in ("a.png", "b.png"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["paired_logistic", "--start", "0,1", "--pd", "1"], "paired"),
        (["minimax", "--start", "2,1", "--pd", "1"], "the start 2,1"),
        (["minimax", "--start", "1", "--pd", "1"], "--start 1"),
        (["minimax", "--start", "a,b", "--pd", "1"], "--start a,b"),
        (["minimax", "--start", ".5,1", "--pd", "-1"], "p_d = -1"),
        (["minimax", "--start", ".5,1", "--pd", "nan"], "p_d = nan"),
        (["minimax", "--start", ".5,1", "--pd", "1", "--steps", "0"], "0 steps"),
        (["minimax", "--start", ".5,1", "--pd", "1", "--step", "-1"], "steps of -1"),
        (["minimax", "--start", ".5,-1", "--pd", "1", "--nonnegative"], "--nonnegative"),
        (["minimax", "--start", ".5,1", "--pd", "1", "--out", "x.jpg"], "x.jpg"),
        (["minimax", "--start", ".5,1", "--pd", "1", "--plane", "--nonnegative"], "--plane"),
        (["minimax", "--pd", "1"], "--start"),
        (["minimax", "--start", ".5,1"], "--pd"),
        (["no_such", "--start", ".5,1", "--pd", "1"], "no_such"),
        (["f1=exp(D); f2=exp(D); f3=D", "--start", ".5,1", "--pd", "1"], "no rest point"),
    ],
)
def test_mistakes_are_one_line(capsys, arguments, said):
    assert main(["field", *arguments]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_a_start_is_two_numbers():
    assert read_start("-.5,2e-1") == (-0.5, 0.2)
    with pytest.raises(UserError):
        read_start("1,2,3")
