"""Whether two run folders hold the same run, bit for bit: weights, averages, optimizers, pictures, log, evaluations.

What a clock measures differs from run to run; everything else is compared. Shared by the tests and the campaign.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

CLOCKS = ("images_per_s", "seconds")


def differences(whole: Path, other: Path, *, stopped: bool = False) -> list[str]:
    """A line for each thing in which a run differs from the one that was left alone.

    Args:
        whole: the run that was left alone.
        other: the one that was killed, stopped or damaged, and gone on with to the same step.
        stopped: it was asked to stop on the way, where it saved a checkpoint and a picture more, or an older checkpoint
            is damaged: of the checkpoints the newest alone is compared, and further pictures do not count.
    """
    return [
        *_checkpoints(whole, other, stopped),
        *_log(whole, other),
        *_pictures(whole, other, stopped),
        *_evaluations(whole, other),
    ]


def same_tensors(ours: Path, theirs: Path) -> Iterator[str]:
    """A line for each tensor in which two checkpoints differ."""
    files = sorted(path.name for path in ours.glob("*.safetensors"))
    if files != (found := sorted(path.name for path in theirs.glob("*.safetensors"))):
        yield f"checkpoint {theirs.name} holds {', '.join(found)} instead of {', '.join(files)}"
        return
    for file in files:
        one, two = load_file(ours / file), load_file(theirs / file)
        if one.keys() != two.keys():
            yield f"{theirs.name}/{file} has other tensors"
        for key in one.keys() & two.keys():
            if one[key].dtype != two[key].dtype or not np.array_equal(one[key], two[key], equal_nan=True):
                yield f"{theirs.name}/{file}: {key} differs"


def log_lines(run: Path) -> list[dict[str, Any]]:
    """The lines of log.jsonl without what clocks measure; one that is no JSON stands as {"damaged": its text}."""
    lines = []
    for text in (run / "log.jsonl").read_text(errors="backslashreplace").splitlines():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = {"damaged": text}
        if not isinstance(line, dict):
            line = {"damaged": text}
        lines.append({key: value for key, value in line.items() if key not in CLOCKS})
    return lines


def steps_logged(run: Path) -> int:
    """How many lines log.jsonl has, also while it is being written."""
    log = run / "log.jsonl"
    return log.read_bytes().count(b"\n") if log.exists() else 0


def last_event(run: Path) -> str | None:
    """The kind of the newest event; None without one."""
    lines = (run / "events.jsonl").read_text().splitlines() if (run / "events.jsonl").exists() else []
    return json.loads(lines[-1])["event"] if lines else None


def _checkpoints(whole: Path, other: Path, stopped: bool) -> Iterator[str]:
    names, found = (sorted(path.name for path in (run / "checkpoints").iterdir()) for run in (whole, other))
    if stopped:
        names = [names[-1]]
    if any(name not in found for name in names) or (not stopped and names != found):
        yield f"the checkpoints {', '.join(found)} are kept instead of {', '.join(names)}"
        return
    for name in names:
        yield from same_tensors(whole / "checkpoints" / name, other / "checkpoints" / name)


def _log(whole: Path, other: Path) -> Iterator[str]:
    ours, theirs = log_lines(whole), log_lines(other)
    steps = [line.get("step") for line in theirs]
    if steps != [line["step"] for line in ours]:
        yield f"the log has the steps {steps}"
        return
    for one, two in zip(ours, theirs, strict=True):
        if one != two:
            yield f"the log's line of step {one['step']} differs"


def _pictures(whole: Path, other: Path, stopped: bool) -> Iterator[str]:
    names, found = ({path.name for path in (run / "samples").iterdir()} for run in (whole, other))
    if names - found or (found - names and not stopped):
        yield f"the pictures {', '.join(sorted(found))} instead of {', '.join(sorted(names))}"
    for name in sorted(names & found):
        if (whole / "samples" / name).read_bytes() != (other / "samples" / name).read_bytes():
            yield f"samples/{name} differs"


def _evaluations(whole: Path, other: Path) -> Iterator[str]:
    def said(run: Path) -> list[Any]:
        if not (run / "metrics.jsonl").exists():
            return []
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        return [(line["metric"], line["value"], line["interval"], line["provenance"]["step"]) for line in lines]

    if said(whole) != said(other):
        yield f"{len(said(other))} evaluations, which differ from the {len(said(whole))} of the run left alone"
