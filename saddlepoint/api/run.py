"""A run, as `sp.train` and `sp.resume` give it back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.arguments import place
from saddlepoint.errors import UserError
from saddlepoint.files import Line, read_lines
from saddlepoint.run_folder import LOG, REPORT, SAMPLES


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that has ended.

    Attributes:
        path: its folder.
        step: iterations done in total.
        stopped: why it ended before its last step (such as SIGINT), or None.

    Examples:
        >>> run.path.name, run.step, run.stopped
        ('digits', 4, None)
        >>> run.report.name, run.samples.name
        ('report.html', '00000004.png')
    """

    path: Path
    step: int
    stopped: str | None

    @property
    def report(self) -> Path:
        """Its page, report.html: one file with samples, curves, gradient norms, and how to read them."""
        return self.path / REPORT

    @property
    def samples(self) -> Path | None:
        """The newest sample picture; None for a run that makes nothing, such as a classifier's."""
        return max((self.path / SAMPLES).glob("*.png"), default=None)

    def log(self) -> list[dict[str, Any]]:
        """The lines of log.jsonl.

        Raises:
            UserError: one of them is damaged.

        Examples:
            >>> sorted(run.log()[-1]["losses"])
            ['discriminator', 'generator']
        """
        file = self.path / LOG
        return [_whole(line, file) for line in read_lines(file)]


def run_path(run: str | Path | Run) -> Path:
    """A run's folder, by the run or by its path."""
    return run.path if isinstance(run, Run) else place("run", run)


def _whole(line: Line, file: Path) -> dict[str, Any]:
    if line.value is None:
        raise UserError(f"line {line.number} of {file}, which is damaged", "a JSON object", "mend or remove that line")
    return line.value
