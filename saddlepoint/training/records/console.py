"""The console: progress for a person who watches, plain lines where the output is no terminal."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console as Terminal
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from saddlepoint.process.streams import standard_error
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.state import State


class Console(Observer):
    """Shows step, images/s, losses by term, D on real and fake, and the time left; quiet where nobody can be shown it.

    Args:
        until: the total number of steps.
        state: where the run starts.
        terminal: where to write; standard error by default, so that standard output stays for answers.
        refresh: seconds between two updates on a terminal; plain lines come twenty times more rarely.
    """

    def __init__(self, until: int, state: State, terminal: Terminal | None = None, refresh: float = 0.5):
        self.terminal = terminal or Terminal(file=standard_error())  # type: ignore[arg-type]
        self.until = until
        self.refresh = refresh if self.terminal.is_terminal else 20 * refresh
        self._time, self._images, self._step = time.perf_counter(), state.images, state.step
        self._progress = Progress(
            TextColumn("step"), BarColumn(), MofNCompleteColumn(), TextColumn("time left"), TimeRemainingColumn()
        )
        self._bar = self._progress.add_task("", total=until, completed=state.step)
        self._live: Live | None = None

    def step(self, state: State, record: Record) -> None:
        now = time.perf_counter()
        elapsed = now - self._time
        if elapsed < self.refresh and not record.last:
            return
        rate = (record.images - self._images) / max(elapsed, 1e-9)
        left = (self.until - record.step) * elapsed / max(record.step - self._step, 1)
        self._time, self._images, self._step = now, record.images, record.step
        numbers = record.numbers
        if not self.terminal.is_terminal:
            self.terminal.print(
                f"step {record.step}/{self.until}  {rate:,.0f} images/s  {_outputs(numbers)}  {_losses(numbers)}"
                f"  {left:.0f} s left",
                highlight=False,
                soft_wrap=True,
            )
            return
        self._progress.update(self._bar, completed=record.step)
        table = Table.grid(padding=(0, 2))
        table.add_row(self._progress)
        table.add_row(f"{rate:,.0f} images/s   {_outputs(numbers)}   {_losses(numbers)}")
        if self._live is None:
            self._live = Live(console=self.terminal, transient=True)
            self._live.start()
        self._live.update(table)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


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
