"""What `train` and `resume` answer: where a run that has ended keeps what it made."""

from pathlib import Path
from typing import TYPE_CHECKING

from saddlepoint.command.ends import SIGNAL_EXIT
from saddlepoint.command.verb import Answer
from saddlepoint.process.signals import STOPPING

if TYPE_CHECKING:
    from saddlepoint.api.run import Run


def ended(run: "Run", given: str | None) -> Answer:
    """The answer for a run; its paths are written as a person gave its folder."""
    path = _as_given(run.path, given)
    answer = {
        "run": str(path),
        "step": run.step,
        "samples": str(_as_given(run.samples, given)) if run.samples is not None else None,
        "report": str(_as_given(run.report, given)),
        "stopped": run.stopped,
    }
    if run.stopped:
        text = f"stopped by {run.stopped} at step {run.step}, and saved; go on by: saddlepoint resume {path}"
    else:
        pictures = f"samples: {answer['samples']}\n" if run.samples is not None else ""
        text = f"done: {run.step} steps\n{pictures}report:  {answer['report']}"
    interrupted = run.stopped in [signal.name for signal in STOPPING]
    return Answer(json=answer, text=text, code=SIGNAL_EXIT if interrupted else 0)


def _as_given(path: Path, given: str | None) -> Path:
    """A run's path as a person gave it: from the current folder, unless it was given whole."""
    whole = given is not None and Path(given).is_absolute()
    return path if whole or not path.is_relative_to(Path.cwd()) else path.relative_to(Path.cwd())
