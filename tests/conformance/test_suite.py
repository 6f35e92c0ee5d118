"""The conformance suite holds on the trainer's pieces, and fails as soon as one of the four is broken."""

import json
from collections.abc import Callable

import pytest
import torch

from saddlepoint.conformance import bilinear, dirac, pointwise
from saddlepoint.conformance.row import Row, at_least, equal, spectrum
from saddlepoint.conformance.suite import SUITE, as_json, as_text, run
from saddlepoint.game.corrections import CORRECTIONS, Plain
from saddlepoint.game.corrections.look_ahead import Extragradient
from saddlepoint.game.field import Field
from saddlepoint.game.steps import Step
from saddlepoint.game.turns import alternating


@pytest.mark.parametrize("measure", SUITE, ids=lambda measure: f"{measure.__module__}.{measure.__name__}")
def test_every_row_holds(measure) -> None:
    rows = run([measure])
    assert rows and not [row for row in rows if not row.ok]
    assert json.loads(json.dumps(as_json(rows)))["rows"][0]["ok"] is True


def test_the_suite_holds_the_rows_of_every_file() -> None:
    assert {*pointwise.ROWS, *bilinear.ROWS, *dirac.ROWS} == set(SUITE)


def _broken_field(monkeypatch) -> None:
    whole = Field.loss

    def loss(self, player, networks, draw, settings):
        found = whole(self, player, networks, draw, settings)
        # A spurious half on one player.
        factor = 0.5 if player.name == "generator" else 1.0
        return type(found)(value={name: factor * term for name, term in (found.value or {}).items()}, costs=found.costs)

    monkeypatch.setattr(Field, "loss", loss)


def _broken_correction(monkeypatch) -> None:
    class AtTheSamePoint(Extragradient):
        def apply(self, field, movers, draws, settings, steps, state):
            return Plain().apply(field, movers, draws, settings, steps, state)

    monkeypatch.setitem(CORRECTIONS, "extragradient", AtTheSamePoint)


def _broken_turn(monkeypatch) -> None:
    # Alternating play that is simultaneous.
    def together(first: str, second: str, **options) -> Callable:
        whole = alternating(first, second, **options)
        return lambda step: (tuple(move for group in whole(step) for move in group),)

    monkeypatch.setattr("saddlepoint.conformance.match.alternating", together)


def _broken_step(monkeypatch) -> None:
    # An optimizer that forgets its momentum.
    whole = Step.set_numbers

    def set_numbers(self, settings) -> None:
        whole(self, {**settings, f"{self.player.name}.momentum": 0.0})

    monkeypatch.setattr(Step, "set_numbers", set_numbers)


@pytest.mark.parametrize(
    ("breaks", "measure", "named"),
    [
        (_broken_field, bilinear.radii, "simultaneous"),
        (_broken_field, dirac.eigenvalues, "minimax"),
        (_broken_correction, bilinear.radii, "extragradient"),
        (_broken_turn, bilinear.radii, "alternating"),
        (_broken_step, bilinear.momentum, "alternating, momentum"),
    ],
)
def test_a_broken_piece_fails_it(monkeypatch, breaks, measure, named: str) -> None:
    breaks(monkeypatch)
    failing = [row.name for row in run([measure]) if not row.ok]
    assert any(named in name for name in failing)


def test_what_cannot_be_measured_is_a_row_that_fails() -> None:
    def stuck():
        yield equal("one", 1.0, 1.0)
        raise RuntimeError("no more")

    rows = run([stuck])
    assert [row.ok for row in rows] == [True, False] and "no more" in rows[1].name


def test_rows_compare() -> None:
    assert equal("x", 1.0, 1.0 + 5e-8).ok and not equal("x", 1.0, 1.1).ok
    assert not equal("x", 1.0, float("nan")).ok
    assert at_least("x", 1.0, 1.2).difference == 0 and not at_least("x", 1.0, 0.9).ok
    pair = list(spectrum("x", [1j, -1j], [-1j, 1j]))
    assert len(pair) == 4 and all(row.ok for row in pair)
    assert not all(row.ok for row in spectrum("x", [1j, -1j], [1j, 1j]))


def test_as_text_and_as_json() -> None:
    rows = [equal("a", 1.0, 1.0), Row(name="b", expected=0.0, measured=float("inf"), difference=float("inf"), ok=False)]
    assert "1 of 2 rows hold" in as_text(rows) and "FAILS" in as_text(rows).splitlines()[2]
    first, second = as_json(rows)["rows"]
    assert first == {"name": "a", "expected": 1.0, "measured": 1.0, "difference": 0.0, "ok": True}
    assert second["measured"] is None and second["ok"] is False


def test_threads_are_as_before() -> None:
    before = torch.get_num_threads()
    run([])
    assert torch.get_num_threads() == before
