"""`saddlepoint prove` as a person runs it: text, JSON, page, and one line with exit code 2 for a mistake."""

import json

import pytest

import saddlepoint
from saddlepoint.command.main import main


def test_json(capsys):
    assert main(["prove", "minimax", "--pd", "0.2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) >= {"objective", "variable", "rest_points", "certificate"}
    (row,) = answer["rest_points"]
    assert set(row) >= {"D0", "h", "c", "k", "verdict", "eigenvalues"}
    assert row["eigenvalues"][0] == pytest.approx([-0.8, 1.8330302779823], abs=1e-12)
    assert set(answer["certificate"]) >= {"verdict", "domain", "by", "cover"}
    assert answer["certificate"]["domain"] == [0, 1]


def test_text_and_page(capsys, tmp_path):
    page = tmp_path / "page.html"
    assert main(["prove", "f1=-D**2/2; f2=D; f3=-D", "--out", str(page)]) == 0
    assert "GLOBAL" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_values_that_begin_with_a_minus(capsys):
    assert main(["prove", "least_squares", "--domain", "-1,2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["certificate"]["verdict"] == "interval"
    assert main(["prove", "fgan_reverse_kl", "--rest", "-1", "--domain=-inf,-1/2"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["minmax"],
        ["f1=log(D; f2=D; f3=D"],
        ["minimax", "--pd", "0"],
        ["minimax", "--pd", "-2"],
        ["minimax", "--domain", "0.6,0.9"],
        ["minimax", "--rest", "0.4"],
        ["f1=-abs(D); f2=0*D; f3=D"],
        ["minimax", "--out", "page.txt"],
    ],
)
def test_mistakes(arguments, capsys):
    assert main(["prove", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1


def test_from_python():
    proof = saddlepoint.prove("quadratic")
    assert proof.verdict == "stable"
    assert proof.certificate is not None and proof.certificate.verdict == "global"
    assert proof.to_json()["rest_points"][0]["D0"] == 1
