"""The runner of the coverage cases: it finds every case, and it tells an honest interval from one that is too short."""

import json
import math

import numpy as np
import pytest

from benchmarks.coverage.__main__ import main
from benchmarks.coverage.case import Case
from benchmarks.coverage.run import cases, measure, table, write
from saddlepoint.metrics.result import Result


def mean_case(width: float) -> Case:
    """The mean of 100 normal numbers, whose 95 % interval has the half-width 1.96 / sqrt(100)."""

    def estimate(seed: int) -> Result:
        mean = float(np.random.default_rng(seed).normal(3.0, 1.0, 100).mean())
        half = width * 1.96 / math.sqrt(100)
        return Result(metric="mean", value=mean, interval=(mean - half, mean + half), target="mean", provenance={})

    return Case(name=f"mean.{width}", target=3.0, estimate=estimate)


@pytest.mark.parametrize(("width", "ok"), [(1.0, True), (0.5, False), (2.0, False)])
def test_an_interval_of_the_wrong_width_is_found(width, ok):
    row = measure(mean_case(width))
    assert row["ok"] is ok
    assert row["coverage"] == pytest.approx(1 - row["below_interval"] - row["above_interval"])


def test_the_record_holds_command_date_and_machine(tmp_path):
    row = measure(mean_case(1.0), repetitions=3)
    write([row], tmp_path / "coverage.json", "python -m benchmarks.coverage")
    record = json.loads((tmp_path / "coverage.json").read_text())
    assert set(record) == {"command", "date", "machine", "rows"} and record["rows"] == [row]
    assert "mean.1.0" in table([row]).splitlines()[1]


def test_every_case_is_found_once_and_says_where_its_target_is_from():
    found = cases()
    assert len({case.name for case in found}) == len(found)
    assert all(case.recompute is not None or not case.how.startswith("mean of") for case in found)
    assert all(math.isfinite(case.target) and case.repetitions >= 200 for case in found)


def test_an_unknown_name_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "nothing.of.this.name"])
    assert "no case is named" in capsys.readouterr().err


def test_a_case_of_one_repetition_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        Case(name="x", target=0.0, estimate=mean_case(1.0).estimate, repetitions=1)
