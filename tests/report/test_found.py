"""Findings on the page: each once, the cause first, with evidence beside healthy numbers and what to do."""

from typing import Any

from saddlepoint.diagnosis.findings import HEALTHY, NAMES, TITLES
from saddlepoint.diagnosis.rules import FINDINGS, signals_of
from saddlepoint.report.found import found_in
from saddlepoint.report.read import read_run
from tests.report.test_page import written


def line(finding: str, state: str = "open", step: Any = 275, **more: Any) -> dict[str, Any]:
    return {
        "finding": finding,
        "state": state,
        "step": step,
        "since": 225,
        "words": f"what {finding} means",
        "evidence": {"x_nn": 0.2},
        "healthy": {"x_nn": [0.9, None]},
        "do": "saddlepoint ask RUN penalties.r1=0.3",
        **more,
    }


PROBES = [{"step": step, "signals": {"x_nn": 1 - step / 1000, "auc_rf": None}} for step in range(25, 300, 25)]


def test_open_ones_come_first_and_the_cause_before_what_it_brings(make_run) -> None:
    run = read_run(
        make_run(
            findings=[
                line("nan_ahead", step=100),
                line("nan_ahead", "withdrawn", step=200),
                line("discriminator_won"),
                line("collapse"),
            ]
        )
    )
    found, others = found_in(run)
    titles = [TITLES[name] for name in ("collapse", "discriminator_won", "nan_ahead")]
    assert [each.title for each in found] == titles and others == []
    assert [each.until for each in found] == [None, None, 200]


def test_one_that_comes_back_stands_twice(make_run) -> None:
    steps = [("open", 100), ("withdrawn", 200), ("open", 300)]
    found, _ = found_in(read_run(make_run(findings=[line("cycling", state, step=step) for state, step in steps])))
    assert [(each.step, each.until) for each in found] == [(300, None), (100, 200)]


def test_the_page_shows_evidence_beside_healthy_numbers_and_what_to_do(make_run) -> None:
    html, page = written(make_run(findings=[line("collapse")], probes=PROBES))
    text = page.text()
    for expected in (
        *(TITLES["collapse"], "Since step 225", "said at step 275", "what collapse means", NAMES["x_nn"]),
        f"Seen in this run: {TITLES['collapse']}.",
        *("0.2 (healthy runs: 0.9 or more)", "digits-1 --steps 200 --set penalties.r1=0.3", "It looked 11 times"),
    ):
        assert expected in text, expected
    assert "x_nn, over the run" in html or f"{NAMES['x_nn']}, over the run" in html


def test_a_run_without_a_finding_says_how_often_it_was_looked_at(make_run) -> None:
    assert "It looked 11 times, last at step 275, and found nothing." in written(make_run(probes=PROBES))[1].text()
    assert "diagnosis saw" not in written(make_run(name="older"))[1].text()


def test_damaged_lines_are_shown_as_far_as_they_go(make_run) -> None:
    damaged = [
        {"finding": "collapse", "state": "open"},
        line("collapse", evidence=[1], healthy="none", step="?"),
        line("collapse", evidence={"x_nn": None, "??": 1}, healthy={"x_nn": [1]}),
        {"finding": "collapse", "state": "perhaps"},
        {"finding": ["collapse"], "state": "open"},
        line("cycling", "withdrawn"),
    ]
    found, others = found_in(read_run(make_run(findings=damaged)))
    assert len(found) == 3 and len(others) == 2
    assert "healthy runs: not known" in written(make_run(name="page", findings=damaged))[1].text()


def test_every_signal_of_a_rule_has_a_name_and_a_healthy_range() -> None:
    assert NAMES.keys() == HEALTHY.keys()
    assert {signal for name in FINDINGS for signal in signals_of(name)} <= NAMES.keys()
