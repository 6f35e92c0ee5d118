"""Each rule on a course that was made up: when it speaks, when it holds its tongue, and what comes first."""

import math
from collections.abc import Callable

import pytest

from saddlepoint.diagnosis.rules import FINDINGS, RULES, Course, Turn, signals_of

# A run that is well: nothing moves far, everything is where healthy runs are.
WELL = {
    "auc_rf": 0.75,
    "auc_th": 0.5,
    "gain": 1.05,
    "gain_eff": 0.98,
    "spread": 1.0,
    "drift": 0.2,
    "upd_D": 0.006,
    "upd_G": 0.006,
    "x_mean": 0.2,
    "x_pd": 0.95,
    "x_nn": 1.0,
    "x_hub": 0.06,
    "x_recall": 0.8,
    "x_cov1": 1.2,
    "size_D": 10.0,
    "size_G": 10.0,
    "cent_max": 0.3,
    "turn_cos": -0.3,
    "batch_dep": 0.0,
    "bn_gap_G": 0.03,
    "label_auc": 0.92,
}


def course(signals: Callable[[int], dict[str, float]], until: int = 600, every: int = 25) -> tuple[Course, list[Turn]]:
    """The course of a run with these signals beside healthy ones, and all that it was told."""
    made, turns = Course(), []
    for step in range(every, until + 1, every):
        turns += made.add(step, {**WELL, **signals(step)})
    return made, turns


ALARMS = {
    "nan_ahead": {"gain_eff": 0.01, "gain": 1e6},
    "vanishing_generator_gradient": {"gain": 1e-6, "auc_rf": 1.0},
    "generator_frozen": {"auc_rf": 0.99, "drift": 1e-3},
    "batch_norm_leak": {"batch_dep": 0.7, "x_nn": 0.3},
    "rate_too_large": {"upd_G": 0.05},
    "discriminator_memorises": {"auc_th": 0.98},
    "labels_ignored": {"label_auc": 0.51},
    "cycling": {"cent_max": 1.2},
    "discriminator_won": {"auc_rf": 0.98},
    "collapse": {"x_nn": 0.2},
    "no_progress": {"x_recall": 0.05},
}


def test_every_rule_has_a_course_here() -> None:
    assert ALARMS.keys() == RULES.keys()


@pytest.mark.parametrize("finding", FINDINGS)
def test_it_is_said_once_and_first(finding: str) -> None:
    made, turns = course(lambda step: ALARMS[finding], until=1200)
    assert made.open[0] == finding
    (turn,) = [turn for turn in turns if turn.finding == finding]
    assert turn.open and turn.evidence.keys() <= set(signals_of(finding)) and turn.evidence
    # A leak is said where it does harm, beside that; nothing else raises two.
    assert len(turns) == (2 if finding == "batch_norm_leak" else 1)
    early = {"nan_ahead": 25, "labels_ignored": 575, "no_progress": 1075}
    assert turn.step == early.get(finding, 275) and turn.since == turn.step - (0 if finding == "nan_ahead" else 50)


def test_a_healthy_course_says_nothing_at_any_spacing() -> None:
    for every in (25, 50):
        made, turns = course(lambda step: {}, until=3000, every=every)
        assert turns == [] and made.open == ()


@pytest.mark.parametrize("finding", ["discriminator_won", "collapse", "discriminator_memorises"])
def test_a_young_run_that_still_gets_better_is_let_alone(finding: str) -> None:
    nearer = lambda step: {**ALARMS[finding], "x_cov1": 20 * 0.998**step}  # noqa: E731
    assert course(nearer)[1] == []
    # The same, once it has stopped getting better.
    late = lambda step: {**ALARMS[finding], "x_cov1": 20 * 0.998 ** min(step, 400)}  # noqa: E731
    (turn,) = course(late, until=900)[1]
    assert turn.finding == finding and turn.since > 400


def test_a_mean_that_comes_closer_is_progress_only_from_afar() -> None:
    won = ALARMS["discriminator_won"]
    assert course(lambda step: {**won, "x_mean": 4 * 0.997**step}, until=450)[1] == []
    assert len(course(lambda step: {**won, "x_mean": 0.25 * 0.997**step}, until=450)[1]) == 1


def test_labels_that_are_learnt_late_are_learnt() -> None:
    assert course(lambda step: {"label_auc": 0.5 + step / 8000}, until=1000)[1] == []


def test_large_steps_that_do_no_harm_are_let_alone() -> None:
    assert course(lambda step: {"upd_D": 0.03, "upd_G": 0.03})[1] == []
    harm = course(lambda step: {"upd_D": 0.03, "x_nn": 0.3})[1]
    assert [turn.finding for turn in harm] == ["rate_too_large", "collapse"]
    # That a D of large steps has won says more than that they are large.
    won = course(lambda step: {"upd_D": 0.03, "auc_rf": 0.98})[1]
    assert [turn.finding for turn in won] == ["discriminator_won"]


def test_a_first_descent_is_no_cycle() -> None:
    descent = lambda step: {"cent_max": 3 * 0.998**step, "turn_cos": 0.9}  # noqa: E731
    assert course(descent, until=700)[1] == []


def test_a_fast_cycle_is_seen_by_its_jumps_whatever_the_path_does() -> None:
    hopping = lambda step: {"x_mean": 0.3 if step % 50 else 0.9, "cent_max": 0.3}  # noqa: E731
    (turn,) = course(hopping)[1]
    assert (turn.finding, turn.evidence) == ("cycling", {"vol": pytest.approx(0.6)})


def test_samples_on_a_line_are_said_to_be_that_and_not_what_comes_of_it() -> None:
    line = {"x_nn": 0.01, "x_pd": 0.7, "cent_max": 1.2, "auc_rf": 0.99}
    assert {turn.finding for turn in course(lambda step: line)[1]} == {"collapse"}


def test_a_discriminator_far_behind_is_no_progress_and_without_pull_it_has_none_to_give() -> None:
    assert {turn.finding for turn in course(lambda step: {"auc_rf": 0.01})[1]} == {"no_progress"}
    gone = course(lambda step: {"auc_rf": 0.01, "gain": 1e-3, "gain_eff": 0.01})[1]
    assert gone[0].finding == "vanishing_generator_gradient"


def test_batch_statistics_alone_are_no_finding() -> None:
    assert course(lambda step: {"batch_dep": 1.2, "bn_gap_G": 0.2})[1] == []


def test_what_vanishes_or_stands_still_is_not_also_won_or_collapsed_or_overflowing() -> None:
    gone = {"gain": 1e-9, "auc_rf": 1.0, "x_nn": 0.1, "x_pd": 0.1, "gain_eff": 0.01}
    assert {turn.finding for turn in course(lambda step: gone if step > 100 else {})[1]} == {
        "vanishing_generator_gradient"
    }


def test_a_gradient_that_is_not_finite_is_said_at_once() -> None:
    (turn,) = course(lambda step: {"gain_eff": math.nan} if step == 50 else {}, until=75)[1]
    assert (turn.finding, turn.step) == ("nan_ahead", 50) and math.isnan(turn.evidence["gain_eff"])


def test_a_crash_is_named_after_its_steps_though_both_nets_are_dead() -> None:
    crashed = lambda step: {"upd_D": 0.3 if step == 25 else 0.0, "upd_G": 0.0, "auc_rf": 1.0, "drift": 0.0}  # noqa: E731
    turns = course(crashed)[1]
    assert [turn.finding for turn in turns] == ["rate_too_large", "generator_frozen"]
    assert turns[0].evidence == {"upd_most": 0.3}
    # What no probe saw a step of has left larger weights.
    grown = lambda step: {"size_G": 10.0 if step < 300 else 30.0, "x_nn": 1.0 if step < 300 else 0.1}  # noqa: E731
    turn, beside = course(grown, until=450)[1]
    assert (turn.finding, beside.finding, turn.evidence) == ("rate_too_large", "collapse", {"grown_most": 3.0})
    same = lambda step: {"spread": 1.0 if step < 300 else 0.0}  # noqa: E731
    assert [turn.finding for turn in course(same, until=450)[1]] == ["rate_too_large"]


def test_two_probes_are_chance_and_three_without_it_withdraw() -> None:
    def lasting(first: int, last: int) -> list[Turn]:
        return course(lambda step: ALARMS["collapse"] if first <= step <= last else {}, until=900)[1]

    # The median of five follows two probes later, and falls back likewise.
    assert lasting(400, 425) == []
    opened, withdrawn = lasting(400, 600)
    assert (opened.open, opened.since, opened.step) == (True, 450, 500)
    assert (withdrawn.open, withdrawn.since, withdrawn.step) == (False, 450, 725)
    again = course(lambda step: ALARMS["collapse"] if step % 500 > 250 else {}, until=1500)[1]
    assert [turn.open for turn in again] == [True, False, True, False, True]


def test_a_signal_without_a_meaning_here_is_left_out() -> None:
    made = Course()
    for step in range(25, 500, 25):
        assert made.add(step, {name: WELL[name] for name in ("auc_rf", "x_nn")}) == []


def test_a_course_is_a_function_of_its_probes() -> None:
    made, turns = course(lambda step: ALARMS["cycling"] if step > 300 else {}, until=900)
    again = Course()
    said = [turn for step, signals in made.probes for turn in again.add(step, signals)]
    assert said == turns and again.probes == made.probes and again.open == made.open
