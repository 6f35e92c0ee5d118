"""What `train` and `resume` answer: where a run that has ended keeps what it made, how good that is, and what next."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddlepoint.command.ends import SIGNAL_EXIT
from saddlepoint.command.verb import Answer
from saddlepoint.process.signals import STOPPING

if TYPE_CHECKING:
    from saddlepoint.api.run import Run
    from saddlepoint.report.summary import Summary

# So many things to do are said; the report has all.
_NEXT = 2


def ended(run: "Run", given: str | None) -> Answer:
    """The answer for a run; its paths are written as a person gave its folder."""
    from saddlepoint.report.summary import summarised

    path, summary = _as_given(run.path, given), summarised(run.path)
    answer = {
        "run": str(path),
        "step": run.step,
        "samples": str(_as_given(run.samples, given)) if run.samples is not None else None,
        "report": str(_as_given(run.report, given)),
        "stopped": run.stopped,
        "quality": [_numbers(judge) for judge in summary.judges if judge.step == run.step],
        "findings": [found.title for found in summary.found if found.until is None],
        "next": [{"why": each.why, "command": each.command} for each in summary.onward],
    }
    interrupted = run.stopped in [signal.name for signal in STOPPING]
    lines = [_said(answer), *_about(run, answer, summary)]
    return Answer(json=answer, text="\n".join(lines), code=SIGNAL_EXIT if interrupted else 0)


def _said(answer: Mapping[str, Any]) -> str:
    if answer["stopped"]:
        on = _on(answer)
        return f"stopped by {answer['stopped']} at step {answer['step']}, and saved; go on by: {on}"
    return f"done: {answer['step']} steps"


def _on(answer: Mapping[str, Any]) -> str:
    return f"saddlepoint resume {answer['run']}"


def _about(run: "Run", answer: Mapping[str, Any], summary: "Summary") -> list[str]:
    """What it made, how good that is, and what to do next."""
    lines = [f"samples: {answer['samples']}"] if run.samples is not None else []
    lines.append(f"report:  {answer['report']}")
    lines += [f"quality: {judge.line}" for judge in summary.judges if judge.step == run.step and judge.line]
    lines += [f"seen:    {title.lower()}" for title in answer["findings"][:1]]
    further = [each for each in summary.onward if not (answer["stopped"] and each.command == _on(answer))]
    lines += [f"next:    {each.command}   ({each.why})" for each in further[:_NEXT]]
    return lines


def _numbers(judge: Any) -> dict[str, Any]:
    return {
        "features": judge.name,
        "samples": judge.samples,
        **{
            metric: {"value": number.value, "interval": list(number.interval), "real": number.real}
            for metric, number in judge.numbers.items()
        },
    }


def _as_given(path: Path, given: str | None) -> Path:
    """A run's path as a person gave it: from the current folder, unless it was given whole."""
    whole = given is not None and Path(given).is_absolute()
    return path if whole or not path.is_relative_to(Path.cwd()) else path.relative_to(Path.cwd())
