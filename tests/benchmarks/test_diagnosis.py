"""The benchmark of the diagnosis: its kinds are possible, and it counts by what has happened, not what was planned."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.diagnosis.judging import Judged, counts_of, healthy_ranges, judge
from benchmarks.diagnosis.outcomes import FAILED, Outcome
from benchmarks.diagnosis.page import detection, remedies
from benchmarks.diagnosis.plants import BREAKS, CIRCLING, SETS, Plant
from benchmarks.diagnosis.playing import SABOTAGE, recipe_of
from benchmarks.diagnosis.repairs import KINDS
from benchmarks.diagnosis.thumb import alarms
from saddlepoint.diagnosis.rules import FINDINGS

FIRST = {plant.name: plant for plant in SETS["first"]}
WELL = {
    "auc_rf": 0.7,
    "auc_th": 0.5,
    "gain": 1.0,
    "gain_eff": 1.0,
    "x_nn": 1.0,
    "x_pd": 1.0,
    "x_mean": 0.2,
    "x_cov1": 1.2,
}


def test_there_are_so_many_kinds_and_each_is_a_recipe(tmp_path: Path) -> None:
    plants = [plant for plants in SETS.values() for plant in plants]
    assert len({plant.name for plant in plants}) == len(plants)
    for plant in plants:
        assert set(plant.right) <= set(FINDINGS) and (not plant.sabotage or plant.sabotage in SABOTAGE)
        recipe = recipe_of(plant, 3, tmp_path)
        assert (recipe.seed, recipe.training.steps) == (3, plant.steps) and recipe.watch.diagnosis == "advise"
    failing = [plant for plant in SETS["first"] if plant.fails]
    assert len(failing) >= 20 and sum(plant.breaks for plant in failing) >= 6 and BREAKS >= 400
    assert len(FIRST) - len(failing) >= 12 and {plant.base for plant in failing} == {"toy", "digits", "mnist"}
    assert sum(plant.fails for plant in SETS["second"]) >= 8 and sum(not plant.fails for plant in SETS["second"]) >= 5
    assert set(KINDS) <= {*FIRST, CIRCLING.name} and CIRCLING.name not in FIRST


def test_well_is_what_the_samples_say() -> None:
    well = Outcome(frechet=0.1, recall=0.8, labels=None, points=True)
    assert well.well and not FAILED.well
    assert not Outcome(frechet=0.1, recall=0.8, labels=0.3, points=False).well
    assert not Outcome(frechet=0.15, recall=0.8, labels=None, points=True).well
    assert Outcome(frechet=0.15, recall=0.35, labels=0.9, points=False).well


def run(runs: Path, plant: Plant, seed: int, well: bool, alarm: dict[str, float] | None, since: int = 300) -> Judged:
    """A played run whose signals are of a healthy one, but for those of the alarm from that step on."""
    folder = runs / f"{plant.name}.{seed}"
    folder.mkdir(parents=True)
    played: dict[str, Any] = {"logistic": True, "before": {"well": True} if plant.breaks else None}
    outcome = {"well": well, "frechet": 0.1 if well else 0.9, "recall": 0.5, "labels": None}
    (folder / "played.json").write_text(json.dumps({**played, "outcome": outcome}))
    signals = [(step, {**WELL, **((alarm or {}) if step > since else {})}) for step in range(25, plant.steps + 1, 25)]
    lines = [json.dumps({"step": step, "signals": found}) for step, found in signals]
    (folder / "probes.jsonl").write_text("\n".join(lines) + "\n")
    found = judge(plant, seed, runs)
    assert found is not None
    return found


def test_a_failure_is_one_that_ended_badly_and_a_false_alarm_is_in_what_ended_well(tmp_path: Path) -> None:
    collapse, saturated, healthy = (FIRST[name] for name in ("digits-collapse", "digits-saturated", "digits-well"))
    low, won = {"x_nn": 0.2}, {"auc_rf": 0.99}
    judged = [
        run(tmp_path, collapse, 0, False, low),
        run(tmp_path, collapse, 1, False, won),
        run(tmp_path, collapse, 2, True, None),
        run(tmp_path, saturated, 0, False, None),
        run(tmp_path, healthy, 0, True, low),
        # Advice is no alarm, and what nobody planted is no miss.
        run(tmp_path, healthy, 1, True, {"upd_G": 0.1}),
        run(tmp_path, healthy, 2, False, None),
    ]
    counts = counts_of(judged)
    assert [counts[name] for name in ("runs", "failed", "found", "right_among", "right_first")] == [7, 3, 2, 1, 1]
    assert (counts["well"], counts["false_alarms"]) == (3, 1)
    assert [each["run"] for each in counts["healthy_kinds_that_ended_badly"]] == ["digits-well.2"]
    assert [each["run"] for each in counts["failing_kinds_that_ended_well"]] == ["digits-collapse.2"]
    assert counts["kinds"][0]["delays"] == [425, None]
    assert healthy_ranges(judged)["x_nn"] == [0.2, 1.0]
    text = detection(counts)
    assert "7 runs. Of 3 runs" in text and "2 (66.7%)" in text and "| digits-well | nothing |" in text


def test_what_was_found_before_a_run_was_broken_is_counted_apart(tmp_path: Path) -> None:
    plant = FIRST["digits-then-collapse"]
    early = run(tmp_path, plant, 0, False, {"x_nn": 0.2})
    late = run(tmp_path, plant, 1, False, {"x_nn": 0.2}, since=BREAKS)
    assert early.false_before and not early.counts
    assert not late.false_before and late.right == {"collapse": BREAKS + 125} and late.first == "collapse"
    counts = counts_of([early, late])
    assert (counts["before_well"], counts["before_false"], counts["found"]) == (2, 1, 1)


def test_a_rule_of_thumb_alarms_where_it_holds_for_a_hundred_steps() -> None:
    calm = {"discriminator_loss": 1.0, "generator_loss": 1.0, "gradient_norm": 1.0, "r_t": 0.1, "r_v": 0.0}
    calm |= {"right_on_real": 0.8, "right_on_fake": 0.8, "spread": 1.0, "singular": 2.0}
    looks = [(step, {**calm, **({"r_t": 0.7} if step >= 300 else {})}) for step in range(25, 501, 25)]
    assert alarms(looks, logistic=True) == {"r_t above .6": 375}
    assert alarms([(step, {**calm, "discriminator_loss": 0.0}) for step, _ in looks], logistic=False) == {}


def test_remedies_are_told_beside_what_was_left_alone() -> None:
    row = {"kind": "a", "way": "in place", "done": ["collapse: ask RUN x=1"], "runs": 2, "repaired": 1}
    row |= {"untreated_repaired": 0, "untreated": [0.9, None], "treated": [0.1, 0.3]}
    assert remedies({"rows": [row]}).endswith(
        "| a | in place | `collapse: ask RUN x=1` | 1 of 2 | 0 of 2 | 0.90, not finite | 0.10, 0.30 |"
    )


@pytest.mark.parametrize("name", ["first", "second"])
def test_kinds_of_a_set_are_of_all_three_data_sets(name: str) -> None:
    assert {plant.base for plant in SETS[name]} == {"toy", "digits", "mnist"}
