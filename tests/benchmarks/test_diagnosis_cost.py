"""The benchmark of the diagnosis' cost: what is timed are its looks, and all of them."""

from dataclasses import replace

import pytest

from benchmarks import diagnosis_cost, speed_page
from benchmarks.diagnosis_cost import SETTINGS, SPACINGS, measured, share
from benchmarks.record import read
from saddlepoint.runs.diagnosing import Diagnosis

TINY = replace(SETTINGS[0], changes=("networks.width=4", "training.batch=4"))


def test_a_line_tells_the_share_of_the_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_cost, "WARM_UP", 10)
    line = measured(TINY, 60, 1)
    # How much it is depends on what else the machine does meanwhile.
    assert line["later"] > 0.0 and line["early"] > 0.0 and line["iteration_ms"] > 0.0
    assert line["early_range"] == [line["early"], line["early"]]
    assert speed_page.cost_line(line).count("|") == 7


def test_nothing_is_timed_that_is_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Diagnosis, "step", lambda self, state, record: None)
    assert share(TINY, SPACINGS["early"], 60)[0] < 0.1


def test_what_is_recorded_is_on_the_page() -> None:
    rows = read(diagnosis_cost.DIAGNOSIS_COST)["rows"]
    assert [row["name"] for row in rows] == diagnosis_cost.NAMES
    page = speed_page.PAGE.read_text(encoding="utf-8")
    assert all(speed_page.cost_line(row) in page for row in rows)
