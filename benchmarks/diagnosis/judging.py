"""What the rules make of played runs: the course of each is replayed from its probes alone, and a campaign is counted.

Whether a run failed is measured. Detection is counted over the runs of failing kinds that ended badly, a false alarm in
any run that ended well, whatever was planted in it; `rate_too_large` is advice and no alarm there. A run of a healthy
kind that ended badly is neither: it is young, or ill with what nobody planted, and is reported by itself.
"""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.diagnosis.plants import BREAKS, Plant
from benchmarks.diagnosis.playing import PLAYED
from benchmarks.diagnosis.thumb import FILE, RULES, alarms, read_looks
from saddlepoint.diagnosis.rules import FINDINGS, Course
from saddlepoint.run_folder import EVENTS, PROBES

ADVICE = "rate_too_large"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A run as it was played, and what the rules say of it.

    Attributes:
        plant, seed: of the run.
        played: what its played.json holds.
        opened: the step at which each finding was first opened, in the order of time and then of precedence.
        thumb: likewise of the rules of thumb, by their words.
        medians: of each signal over the last half of the probes.
    """

    plant: Plant
    seed: int
    played: dict[str, Any]
    opened: dict[str, int]
    thumb: dict[str, int]
    medians: dict[str, float]

    @property
    def well(self) -> bool:
        """It has ended well."""
        return self.played["outcome"]["well"]

    @property
    def counts(self) -> dict[str, int]:
        """Findings of the time in which it fails, if it does: not those of a healthy first part."""
        since = BREAKS if self.plant.breaks else 0
        return {name: step for name, step in self.opened.items() if step > since}

    @property
    def first(self) -> str | None:
        """What the person was told first as the cause: at the first step with a finding, that of highest precedence."""
        return next(iter(self.counts), None)

    @property
    def right(self) -> dict[str, int]:
        """The right ones among the findings."""
        return {name: step for name, step in self.counts.items() if name in self.plant.right}

    @property
    def false(self) -> bool:
        """It ended well, and yet something was found."""
        return self.well and bool(self.opened.keys() - {ADVICE})

    @property
    def well_before(self) -> bool:
        """It was well where it was broken."""
        before = self.played["before"]
        return before is not None and before["well"]

    @property
    def false_before(self) -> bool:
        """Something was found before it was broken."""
        return any(step <= BREAKS for name, step in self.opened.items() if name != ADVICE)


def judge(plant: Plant, seed: int, runs: Path) -> Judged | None:
    """A run, if it was played."""
    folder = runs / f"{plant.name}.{seed}"
    if not (folder / PLAYED).exists():
        return None
    played = json.loads((folder / PLAYED).read_text(encoding="utf-8"))
    probes = _lines(folder / PROBES)
    course, opened = Course(), dict[str, int]()
    for line in probes:
        signals = {name: math.nan if value is None else value for name, value in line["signals"].items()}
        for turn in course.add(line["step"], signals):
            if turn.open:
                opened.setdefault(turn.finding, turn.step)
    guard = next((line["step"] for line in _lines(folder / EVENTS) if line["event"] == "could not go on"), None)
    if guard is not None:
        # The loop's own guard ends a run that is not finite any more, and says so as this finding.
        opened.setdefault(FINDINGS[0], guard)
    return Judged(
        plant=plant,
        seed=seed,
        played=played,
        opened=dict(sorted(opened.items(), key=lambda item: (item[1], FINDINGS.index(item[0])))),
        thumb=alarms(read_looks(folder / FILE), logistic=played["logistic"]),
        medians=_medians([signals for _, signals in course.probes[len(course.probes) // 2 :]]),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _medians(probes: Sequence[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for signals in probes for name in signals)
    found = {}
    for name in names:
        values = [each[name] for each in probes if math.isfinite(each.get(name, math.nan))]
        if values:
            found[name] = statistics.median(values)
    return found


def healthy_ranges(judged: Sequence[Judged]) -> dict[str, list[float]]:
    """The smallest and the largest median of each signal in the runs that ended well and are of a healthy kind."""
    calm = [run.medians for run in judged if run.well and not run.plant.fails]
    names = dict.fromkeys(name for medians in calm for name in medians)
    known = {name: [medians[name] for medians in calm if name in medians] for name in names}
    return {name: [float(f"{min(values):.3g}"), float(f"{max(values):.3g}")] for name, values in known.items()}


def counts_of(judged: Sequence[Judged]) -> dict[str, Any]:
    """The figures of a campaign: found, named, falsely alarmed, by kind too, and those of the rules of thumb."""
    failed = [run for run in judged if run.plant.fails and not run.well]
    well = [run for run in judged if run.well]
    return {
        "runs": len(judged),
        "failed": len(failed),
        "found": sum(bool(run.counts) for run in failed),
        "right_among": sum(bool(run.right) for run in failed),
        "right_first": sum(run.first in run.plant.right for run in failed),
        "well": len(well),
        "false_alarms": sum(run.false for run in well),
        "before_well": sum(run.well_before for run in judged),
        "before_false": sum(run.well_before and run.false_before for run in judged),
        "healthy_kinds_that_ended_badly": [_named(run) for run in judged if not run.plant.fails and not run.well],
        "failing_kinds_that_ended_well": [_named(run) for run in judged if run.plant.fails and run.well],
        "kinds": [_kind([run for run in judged if run.plant.name == name]) for name in _names(judged)],
        "false_by_finding": {
            name: sum(run.well and name in run.opened for run in judged)
            for name in FINDINGS
            if any(run.well and name in run.opened for run in judged)
        },
        "thumb": [_thumb(rule.words, rule.logistic, failed, well) for rule in RULES],
    }


def _names(judged: Sequence[Judged]) -> list[str]:
    return list(dict.fromkeys(run.plant.name for run in judged))


def _named(run: Judged) -> dict[str, Any]:
    return {"run": f"{run.plant.name}.{run.seed}", "findings": run.opened}


def _kind(runs: Sequence[Judged]) -> dict[str, Any]:
    plant = runs[0].plant
    failed = [run for run in runs if not run.well]
    since = BREAKS if plant.breaks else 0
    return {
        "kind": plant.name,
        "planted": list(plant.right),
        "breaks": plant.breaks,
        "runs": len(runs),
        "well": len(runs) - len(failed),
        "found": sum(bool(run.counts) for run in failed),
        "right_among": sum(bool(run.right) for run in failed),
        "right_first": sum(run.first in plant.right for run in failed),
        "false_alarms": sum(run.false for run in runs),
        # Steps from where the failure begins to the first right finding, by seed.
        "delays": [min(run.right.values()) - since if run.right else None for run in failed],
        "findings": [run.opened for run in runs],
        "outcomes": [[run.played["outcome"]["frechet"], run.played["outcome"]["recall"]] for run in runs],
    }


def _thumb(words: str, logistic: bool, failed: Sequence[Judged], well: Sequence[Judged]) -> dict[str, Any]:
    asked, calm = ([run for run in runs if run.played["logistic"] or not logistic] for runs in (failed, well))
    return {
        "rule": words,
        "found": sum(words in run.thumb for run in asked),
        "of_failed": len(asked),
        "false": sum(words in run.thumb for run in calm),
        "of_well": len(calm),
    }
