"""docs/results/diagnosis.md, from the recorded figures; the whole page is written."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.record import FOLDER, read
from saddlepoint.files import write_whole

RECORD = FOLDER / "diagnosis-results.json"
PAGE = FOLDER.parent / "docs" / "results" / "diagnosis.md"
_ABOUT = """# What the live diagnosis finds, measured

Written by the command itself from `benchmarks/diagnosis-results.json`. Kinds of run are planted
(`benchmarks/diagnosis/plants.py`); whether a run fails is measured by its samples (`benchmarks/diagnosis/outcomes.py`),
fixed before any rule was calibrated: a run has ended well where the Frechet distance of 512 samples in 16 principal
directions is at most .2 of the data's total variance and their recall at least .3 (points: .1, and three quarters of
the modes), and, where samples are asked for by class, half of them are of it. All else has ended badly, also a run that
is only young.

Found: a finding in a run of a failing kind that ended badly. Named first: what the person was told first is right for
what was planted. False alarm: any finding but "the steps are large" (advice) in a run that ended well, whatever was
planted in it. Delay: steps from where the failure begins to the first right finding. Seeds of one kind are near copies
of one another: think of kinds, not of runs. The nets have 1e3 to 1e5 weights, the runs 450 to 1,200 steps.

The kinds of the first set were adjusted while it was made, so that what is planted to fail mostly does, and what is
planted healthy mostly is well. One was left out for that: batch normalisation in G at a batch of 2, which was only
young after 600 steps, and whose `bn_gap_G` (.04 to .08) was that of healthy runs (.02 to .07): this half of the rule
of batch normalisation is not calibrated.
"""
_TITLES = {
    "first": "## The set that the rules were calibrated on",
    "second": "## Kinds and seeds made after the rules were frozen",
}


def write() -> None:
    """Writes the page anew."""
    recorded = read(RECORD)
    parts = [_ABOUT.strip()]
    for name, title in _TITLES.items():
        if (found := recorded.get(name)) is not None:
            parts += [title, _made(found), detection(found)]
    if (found := recorded.get("remedies")) is not None:
        parts += ["## What remedies repair", _made(found), remedies(found)]
    write_whole(PAGE, ("\n\n".join(parts) + "\n").encode())


def _made(found: Mapping[str, Any]) -> str:
    rules = f", rules of commit {found['rules']}" if found.get("rules") else ""
    seeds = f"seeds 0 to {found['seeds'] - 1}"
    machine = f"{found['machine']['processor']}, {found['machine']['threads']} thread"
    return f"`{found['command']}`, {seeds}, {found['date'][:10]}, {machine}{rules}."


def detection(found: Mapping[str, Any]) -> str:
    """A campaign in words and tables."""
    failed, well = found["failed"], found["well"]
    lines = [_summary(found)]
    if found.get("unseen", {}).get("runs"):
        lines += [
            "",
            f"Of these, seeds that were not looked at while the rules were chosen: {_summary(found['unseen'])}",
        ]
    lines += [
        "",
        "| planted | right | ended badly | found | right among | named first | false alarms | delay, by seed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in found["kinds"]:
        bad = kind["runs"] - kind["well"]
        delays = ", ".join("-" if each is None else str(each) for each in kind["delays"])
        of_failing = [kind["found"], kind["right_among"], kind["right_first"]] if kind["planted"] else ["", "", ""]
        alarmed = f"{kind['false_alarms']} of {kind['well']}" if kind["well"] else ""
        right = " or ".join(kind["planted"]) or "nothing"
        lines.append(
            f"| {kind['kind']} | {right} | {bad} of {kind['runs']} | {' | '.join(map(str, of_failing))} | {alarmed} "
            f"| {delays if kind['planted'] else ''} |"
        )
    if found["false_by_finding"]:
        said = ", ".join(f"{name} {count}" for name, count in found["false_by_finding"].items())
        lines += ["", f"In runs that ended well: {said}."]
    lines += _apart("Healthy kinds of which a run ended badly", found["healthy_kinds_that_ended_badly"])
    lines += _apart("Failing kinds of which a run ended well", found["failing_kinds_that_ended_well"])
    lines += [
        "",
        "Published rules of thumb on the same runs, each held for 100 steps after step 200:",
        "",
        "| rule | found | false alarms |",
        "|---|---|---|",
        *(
            f"| {each['rule']} | {each['found']} of {each['of_failed']} | {each['false']} of {each['of_well']} |"
            for each in found["thumb"]
        ),
        f"| the diagnosis | {found['found']} of {failed} | {found['false_alarms']} of {well} |",
    ]
    return "\n".join(lines)


def _summary(found: Mapping[str, Any]) -> str:
    failed, well = found["failed"], found["well"]
    return (
        f"{found['runs']} runs. Of {failed} runs of failing kinds that ended badly, something was found in "
        f"{_part(found['found'], failed)}, the right one among the findings in {_part(found['right_among'], failed)}, "
        f"the right one named first in {_part(found['right_first'], failed)}. Of {well} runs that ended well, "
        f"{_part(found['false_alarms'], well)} were alarmed; of {found['before_well']} runs that were well when they "
        f"were broken, {found['before_false']} had been alarmed before that."
    )


def _apart(title: str, runs: Sequence[Mapping[str, Any]]) -> list[str]:
    if not runs:
        return []
    said = [f"{run['run']} ({', '.join(run['findings']) or 'nothing said'})" for run in runs]
    return ["", f"{title}, which counts neither way: {'; '.join(said)}."]


def remedies(found: Mapping[str, Any]) -> str:
    """What each remedy repaired."""
    lines = [
        "The remedy is the one that the run itself was told first, asked of it at that step: where it stands, or from",
        "the newest checkpoint before what was found was first seen. Repaired is what has ended well; all runs of a",
        "kind are equally long. Distances are by seed.",
        "",
        "| failure | how | what it was told | repaired | untreated | distance, untreated | treated |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        told = "; ".join(f"`{each}`" for each in row["done"])
        before, after = (", ".join(map(_number, row[name])) for name in ("untreated", "treated"))
        lines.append(
            f"| {row['kind']} | {row['way']} | {told} | {row['repaired']} of {row['runs']} "
            f"| {row['untreated_repaired']} of {row['runs']} | {before} | {after} |"
        )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.2f}"


def _part(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else str(part)
