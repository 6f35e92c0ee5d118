"""What to do next follows from how the run ended and what is known of it; a run that has ended takes no requests."""

import pytest

from saddlepoint.report.onward import now
from saddlepoint.report.read import read_run
from saddlepoint.report.summary import summarised
from tests.report.conftest import RECIPE, log_line
from tests.report.test_found import line
from tests.report.test_judged import record
from tests.report.test_page import written

TRAINED = {**RECIPE, "task": {"kind": "generation"}, "data": {"source": "digits"}}
STOPPED = [{"event": "started", "step": 0}, {"event": "stopped", "step": 60, "reason": "SIGINT"}]
FAILED = [{"event": "started", "step": 0}, {"event": "could not go on", "step": 60, "reason": "NaN"}]
GOING_ON = [{"event": "started", "step": 0}]


def commands(run) -> list[str]:
    return [each.command.replace(str(run), "RUN") for each in summarised(run).onward]


def test_a_stopped_run_goes_on_and_a_bad_one_is_trained_longer(make_run) -> None:
    assert commands(make_run("a", recipe=TRAINED, events=STOPPED))[0] == "saddlepoint resume RUN"
    assert commands(make_run("b", recipe=TRAINED, events=FAILED))[0] == "saddlepoint resume RUN"
    bad = [record("frechet_distance", 391, 31)]
    assert commands(make_run("c", recipe=TRAINED, metrics=bad))[0] == "saddlepoint resume RUN --steps 200"
    # Its rate has come to its end: more steps at that rate would move nothing.
    spent = [{**log_line(step), "settings": {"generator.rate": 1e-3 * (1 - step / 101)}} for step in range(10, 101, 10)]
    again = "saddlepoint train RUN/recipe.yaml --steps 200"
    assert commands(make_run("d", recipe=TRAINED, metrics=bad, log=spent))[0] == again


def test_a_good_run_is_sampled_and_one_that_was_not_measured_is_measured(make_run) -> None:
    good = commands(make_run("a", recipe=TRAINED, metrics=[record("frechet_distance", 30, 31)]))
    assert good[0].startswith("saddlepoint sample RUN") and good[-1] == "saddlepoint compare RUN OTHER_RUN"
    assert commands(make_run("b", recipe=TRAINED, metrics=None))[0] == "saddlepoint evaluate RUN"


def test_other_kinds_are_not_measured_so(make_run) -> None:
    of_images = commands(make_run("a", recipe={**TRAINED, "task": {"kind": "translation"}}))
    assert of_images == ["saddlepoint sample RUN --data FOLDER --out made"]
    of_classes = commands(make_run("b", recipe={**TRAINED, "task": {"kind": "classification"}}))
    assert of_classes[-1] == "saddlepoint evaluate OTHER_RUN --features classifier:RUN"
    for number, brought in enumerate(({**TRAINED, "networks": "own"}, {**TRAINED, "data": {"source": None}})):
        assert commands(make_run(f"c{number}", recipe=brought)) == []


REMEDY = "saddlepoint ask RUN penalties.r1=0.3 penalties.r2=0.3 --forget"
BACK = "saddlepoint ask RUN rollback generator.rate=1e-5"


@pytest.mark.parametrize(
    ("command", "events", "then"),
    [
        (REMEDY, STOPPED, "saddlepoint resume HERE --set penalties.r1=0.3 --set penalties.r2=0.3"),
        (REMEDY, None, "saddlepoint resume HERE --steps 200 --set penalties.r1=0.3 --set penalties.r2=0.3"),
        (BACK, STOPPED, "saddlepoint train HERE/recipe.yaml --set generator.rate=1e-5"),
        (REMEDY, GOING_ON, REMEDY.replace("RUN", "HERE")),
        ("saddlepoint resume RUN --set generator.rate=1e-5", FAILED, None),
        ("no command 'at all", STOPPED, "no command 'at all"),
    ],
)
def test_a_remedy_is_one_that_can_be_carried_out_now(make_run, command, events, then) -> None:
    run = make_run(recipe=TRAINED, **({"events": events} if events else {}))
    wanted = then if then is not None else command.replace("RUN", "HERE")
    assert now(command, read_run(run)) == wanted.replace("HERE", str(run))


def test_no_page_of_a_run_that_has_ended_asks_it_for_anything(make_run) -> None:
    for number, events in enumerate((None, STOPPED, FAILED)):
        given = {"events": events} if events else {}
        run = make_run(f"run{number}", recipe=TRAINED, findings=[line("collapse")], **given)
        text = written(run)[1].text()
        assert "saddlepoint ask" not in text and text.count("--set penalties.r1=0.3") == 2
    asked = make_run("going-on", recipe=TRAINED, findings=[line("collapse")], events=GOING_ON)
    assert "saddlepoint ask" in written(asked)[1].text()
