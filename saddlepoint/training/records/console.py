"""The console: progress for a person who watches, plain lines where the output is no terminal."""

import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console as Terminal
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from saddlepoint.errors import printable
from saddlepoint.process.saying import duration
from saddlepoint.process.streams import standard_error
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.state import State

# The time left follows the pace of so many seconds.
_RECENT = 60.0


class Console(Observer):
    """Shows step, images/s, losses by term, D on real and fake, the time left, and where the newest picture is.

    Quiet where nobody can be shown it.

    Args:
        until: the total number of steps.
        state: where the run starts.
        pictures: the folder of the sample pictures, or None.
        terminal: where to write; standard error by default, so that standard output stays for answers.
        refresh: seconds between two updates on a terminal; plain lines come twenty times more rarely.
    """

    def __init__(
        self,
        until: int,
        state: State,
        pictures: Path | None = None,
        terminal: Terminal | None = None,
        refresh: float = 0.5,
    ):
        self.terminal = terminal or Terminal(file=standard_error())  # type: ignore[arg-type]
        self.until, self.pictures = until, pictures
        self.refresh = refresh if self.terminal.is_terminal else 20 * refresh
        self._images = state.images
        # When it was shown, and where the run stood: what is recent, and one before.
        self._shown = deque([(time.perf_counter(), state.step)])
        self._progress = Progress(
            TextColumn("step"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}")
        )
        self._bar = self._progress.add_task("", total=until, completed=state.step, left="")
        self._live: Live | None = None

    def step(self, state: State, record: Record) -> None:
        now = time.perf_counter()
        elapsed = now - self._shown[-1][0]
        if elapsed < self.refresh and not record.last:
            return
        rate = (record.images - self._images) / max(elapsed, 1e-9)
        self._images = record.images
        self._shown.append((now, record.step))
        while len(self._shown) > 2 and now - self._shown[1][0] > _RECENT:
            self._shown.popleft()
        began, at = self._shown[0]
        left = f"{duration(round((self.until - record.step) * (now - began) / max(record.step - at, 1)))} left"
        numbers, picture = record.numbers, self._picture()
        if not self.terminal.is_terminal:
            self.terminal.print(
                f"step {record.step}/{self.until}  {rate:,.0f} images/s  {_outputs(numbers)}  {_losses(numbers)}"
                f"  {left}{picture and f'  {picture}'}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
            return
        self._progress.update(self._bar, completed=record.step, left=left)
        table = Table.grid(padding=(0, 2))
        table.add_row(self._progress)
        table.add_row(f"{rate:,.0f} images/s   {_outputs(numbers)}   {_losses(numbers)}")
        if picture:
            table.add_row(Text(f"newest samples: {picture}"))
        if self._live is None:
            self._live = Live(console=self.terminal, transient=True)
            self._live.start()
        self._live.update(table)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self) -> str:
        """The newest picture as a person in the current folder would open it; empty without one."""
        newest = max(self.pictures.glob("*.png"), default=None) if self.pictures is not None else None
        if newest is None:
            return ""
        try:
            here = Path.cwd()
        except FileNotFoundError:  # it was removed
            return printable(str(newest))
        return printable(str(newest.relative_to(here) if newest.is_relative_to(here) else newest))


def _outputs(numbers: Mapping[str, Any]) -> str:
    names = {"real": "D(real)", "fake": "D(fake)"}
    return "  ".join(f"{names.get(name, name)} {value:.3f}" for name, value in numbers["outputs"].items())


def _losses(numbers: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{player} {terms['total']:.3f} ("
        + ", ".join(f"{name} {value:.3f}" for name, value in terms.items() if name != "total")
        + ")"
        for player, terms in numbers["losses"].items()
    )
