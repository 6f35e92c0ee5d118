"""Where a run stands, in words."""

import pytest

from saddlepoint.report.read import read_run
from saddlepoint.report.state import count, facts, short, standing

STARTED = {"event": "started", "step": 0}
OPEN = "No end is recorded: the run is still going on, or it was killed; logged up to step 100."


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([STARTED, {"event": "finished", "step": 100, "reason": None}], "Finished at step 100."),
        (
            [STARTED, {"event": "stopped", "step": 1234, "reason": "SIGINT"}],
            "Stopped on request at step 1,234: SIGINT. It can be resumed.",
        ),
        ([STARTED, {"event": "could not go on", "step": 5, "reason": "NaN"}], "Could not go on at step 5: NaN."),
        ([STARTED, {"event": "setting", "step": 5}], OPEN),
        ([STARTED, {"event": "finished", "step": 50}, {"event": "resumed", "step": 50}], OPEN),
        ([{"event": "finished", "step": 50}, {"event": "metric"}], "Finished at step 50."),
        ([], OPEN),
    ],
)
def test_the_last_turning_point_says_how_a_run_ended(make_run, events, sentence):
    assert standing(read_run(make_run(events=events))) == sentence


def test_a_run_without_a_step_says_so(make_run):
    assert standing(read_run(make_run(events=[STARTED], log=None))).endswith("; without a logged step so far.")


def test_the_headline_has_the_numbers_of_the_run(make_run):
    found = dict(facts(read_run(make_run())))
    assert found == {
        "Steps": "100 of 100",
        "Real images shown": "6,400",
        "Time by the clock": "50 s",
        "Images per second": "5,000 (median)",
        "Objective": "non_saturating",
        "Data": "digits, 1 x 8 x 8",
        "Seed": "7",
        "Device": "cpu",
        "Threads": "1",
    }


def test_what_is_not_recorded_is_left_out(make_run):
    assert facts(read_run(make_run(recipe="name: x\nmachine: 3\n", log=None, events=None))) == []


def test_the_headline_has_the_last_step_that_was_made_and_not_the_last_that_was_logged(make_run):
    ends = [{**STARTED, "step": 0}, {"event": "stopped", "step": 104, "images": 6656, "processor_seconds": 41.2}]
    found = dict(facts(read_run(make_run("one", events=ends))))
    assert (found["Steps"], found["Real images shown"], found["Processor time"]) == ("104 of 100", "6,656", "41 s")
    # Of a session that was killed nobody knows; and a run from before has no count of its images there.
    ends = [STARTED, {"event": "resumed", "step": 50}, *ends[1:]]
    assert dict(facts(read_run(make_run("two", events=ends))))["Processor time"] == "more than 41 s"
    older = dict(facts(read_run(make_run("old", events=[{"event": "stopped", "step": 104, "reason": "SIGINT"}]))))
    assert (older["Steps"], older["Real images shown"]) == ("104 of 100", "6,400 by step 100")


@pytest.mark.parametrize("place", ["/some/where/faces", "/some/where/faces/", "C:\\some\\faces", "faces"])
def test_a_data_folder_goes_by_its_name(make_run, place):
    assert dict(facts(read_run(make_run(recipe={"data": {"source": place}}))))["Data"] == "faces"


def test_numbers_as_text():
    assert (short(12118.3, 4), short(-1234567.8), short(1e20), short(1892.4, 4)) == (
        "12,118",
        "-1,234,568",
        "1e+20",
        "1892",
    )
    assert (count(1234567), count(1e6), count("x"), count(1.5)) == ("1,234,567", "1,000,000", "x", "1.5")
    assert (short(225.1234567), short(2e-4), short(None), short(float("nan")), short(7), short("x")) == (
        "225.123",
        "0.0002",
        "–",
        "–",
        "7",
        "x",
    )
