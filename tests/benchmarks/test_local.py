"""The page of the formula is what was recorded; which verdicts count as right."""

import pytest

from benchmarks import local_diagnosis, local_page, local_verdicts
from benchmarks.record import read


def test_the_page_is_what_was_recorded() -> None:
    found, verdicts = read(local_diagnosis.RECORD), read(local_verdicts.RECORD)
    assert {row["name"] for row in found["runs"]} == {each.name for each in local_diagnosis.RUNS}
    assert {row["name"] for row in found["catalogue"]} == {each.name for each in local_diagnosis.CATALOGUE}
    assert local_page.figures(found, verdicts) in local_page.PAGE.read_text(encoding="utf-8")


def test_recorded_verdicts_are_those_of_the_thresholds_of_today() -> None:
    rows = read(local_verdicts.RECORD)["rows"]
    assert len(rows) >= 30 and [local_verdicts.with_verdict(row) for row in rows] == rows


@pytest.mark.parametrize(
    ("verdict", "well", "planted", "expected"),
    [
        ("converging", True, "", "right"),
        ("undamped", True, "cycling", "undamped"),
        ("cycling", True, "", "wrong"),
        ("undamped", False, "cycling", "right"),
        ("converging", False, "cycling", "wrong"),
        ("stuck", False, "generator_frozen", "right"),
        ("stuck", False, "labels_ignored", "not counted"),
    ],
)
def test_what_is_right(verdict: str, well: bool, planted: str, expected: str) -> None:
    assert local_verdicts.judged(verdict, well=well, planted=planted) == expected
