"""What a metric writes is a measurement; what lacks a part of it is named by that part."""

import pytest

from saddlepoint.measuring.records import problem_of
from saddlepoint.metrics.result import Result


def record(**changes: object) -> dict:
    made = Result(metric="m", value=0.5, interval=(0.0, float("inf")), target="t", provenance={"baseline": {}})
    return {**made.as_json(), **changes}


def test_what_a_metric_writes_is_a_measurement() -> None:
    assert problem_of(record()) is None
    assert problem_of(record(value=None, interval=[None, None])) is None, "infinite or undefined"
    assert problem_of(record(provenance={"baseline": {"value": None, "why": "too little real data"}})) is None


@pytest.mark.parametrize(
    ("part", "values", "said"),
    [
        ("metric", ["", None, 3], "no name"),
        ("value", ["x", True, float("nan"), float("inf"), [1]], "a value"),
        ("interval", [None, 1, [], [1], [1, 2, 3], ["a", 2], "ab", [0, float("nan")]], "no interval"),
        ("provenance", [None, "x", []], "no provenance"),
        ("provenance", [{"baseline": 1}, {"baseline": {"interval": [0, 1], "value": "x"}}], "a baseline"),
    ],
)
def test_a_part_that_is_none_is_named(part: str, values: list, said: str) -> None:
    for value in values:
        found = problem_of(record(**{part: value}))
        assert found is not None and found.startswith(said), value
