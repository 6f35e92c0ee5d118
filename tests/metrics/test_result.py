"""A result is complete, in order, and fit for a line of JSON."""

import json
import math

import pytest

from saddlepoint.metrics.result import Result


def result(**changes) -> Result:
    given = {"metric": "m", "value": 1.5, "interval": (1.0, 2.0), "target": "what", "provenance": {"version": 1}}
    return Result(**{**given, **changes})


def test_it_becomes_the_line_of_the_contract():
    line = result(provenance={"version": 1, "reference": {"split": "test"}}).as_json()
    assert line == {
        "metric": "m",
        "value": 1.5,
        "interval": [1.0, 2.0],
        "provenance": {"target": "what", "version": 1, "reference": {"split": "test"}},
    }
    assert json.loads(json.dumps(line, allow_nan=False)) == line


def test_infinite_and_undefined_numbers_become_null():
    line = result(value=math.nan, interval=(-math.inf, math.inf)).as_json()
    assert line["value"] is None and line["interval"] == [None, None]


def test_later_changes_of_the_callers_dictionary_stay_out():
    provenance = {"reference": {"split": "test"}}
    made = result(provenance=provenance)
    provenance["reference"]["split"] = "train"
    assert made.as_json()["provenance"]["reference"] == {"split": "test"}


@pytest.mark.parametrize(
    "wrong", [{"interval": (2.0, 1.0)}, {"provenance": {"x": math.nan}}, {"provenance": {"x": object()}}]
)
def test_a_metrics_own_mistakes_are_errors(wrong):
    with pytest.raises(ValueError, match="m:"):
        result(**wrong)
