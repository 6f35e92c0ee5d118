"""Treatments on the page: what was seen, what was done, what came of it."""

from typing import Any

from saddlepoint.diagnosis.findings import NAMES, TITLES
from saddlepoint.report.read import read_run
from saddlepoint.report.treated import treated_in
from tests.report.conftest import FINISHED
from tests.report.test_page import written


def event(kind: str, number: int, step: Any, **more: Any) -> dict[str, Any]:
    return {"event": kind, "number": number, "finding": "cycling", "step": step, "branch": 0, **more}


BEFORE, AFTER = {"x_recall": 0.1, "cent_max": None}, {"x_recall": 0.8}
EVENTS = [
    event("treated", 1, 275, back_to=200, remedy=["penalties.r1=0.6"], before=BEFORE),
    event("undone", 1, 475, back_to=200, after={"x_recall": 0.2}),
    event("treated", 2, 475, back_to=None, remedy=["generator.rate=0.001"], before=BEFORE),
    event("helped", 2, 675, before=BEFORE, after=AFTER),
    {"event": "not treated", "finding": "labels_ignored", "step": 700, "reason": "no setting gives items other labels"},
    event("treated", 3, 800, back_to=700, remedy=[], before={}, failed="the loss was not finite"),
]


def test_each_treatment_is_a_row_with_what_came_of_it(make_run) -> None:
    rows = treated_in(read_run(make_run(events=[*FINISHED[:1], *EVENTS])))
    assert [row.step for row in rows] == [275, 475, 800, 700]
    assert [row.seen.startswith(TITLES["cycling"]) for row in rows] == [True, True, True, False]
    assert rows[0].done == ("went back to step 200", "penalties.r1=0.6") and "Undone" in rows[0].came
    assert rows[1].done[0] == "went on from where it was" and "It helped" in rows[1].came
    assert rows[1].numbers == ((NAMES["x_recall"].partition(" (")[0], "0.1", "0.8"),)
    assert "before this was judged" in rows[2].came and "not finite" in rows[2].seen
    assert "no setting gives items other labels" in rows[3].came


def test_the_table_stands_on_the_page_of_a_treated_run_alone(make_run) -> None:
    html, page = written(make_run(events=[*FINISHED[:1], *EVENTS]))
    for expected in ("What was done about it", "What came of it", "went back to step 200", "0.1, then 0.2"):
        assert expected in page.text(), expected
    assert "<table>" in html and "What was done about it" not in written(make_run(name="other"))[1].text()


def test_damaged_events_are_shown_as_far_as_they_go(make_run) -> None:
    damaged = [
        {"event": "treated"},
        event("treated", 1, "?", remedy="none", before=[1], finding=["cycling"]),
        {"event": "helped", "number": "1", "after": 3},
        {"event": "not treated", "finding": "no such"},
    ]
    text = written(make_run(events=[*FINISHED[:1], *damaged]))[1].text()
    assert "What was done about it" in text
