"""The log: one line per logged step in log.jsonl, and the same scalars for TensorBoard."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from saddlepoint.files import append_line
from saddlepoint.training.folder import RunFolder
from saddlepoint.training.observers import Observer, Record, due
from saddlepoint.training.state import State


class Log(Observer):
    """Writes log.jsonl and TensorBoard's events.

    Args:
        folder: of the run; its log ends at the state's step.
        every: steps between two lines; the last step is always logged.
        state: where the run starts or goes on.
    """

    def __init__(self, folder: RunFolder, every: int, state: State):
        self.folder, self.every = folder, every
        self._time, self._images = time.perf_counter(), state.images
        self._writer: Any = None
        # As in log.jsonl, the line of an end that is none any more goes, and with it what a kill has left behind.
        self._purge = state.step // every * every + 1

    def measures(self, step: int, until: int) -> bool:
        return due(step, self.every, step >= until)

    def step(self, state: State, record: Record) -> None:
        if not due(record.step, self.every, record.last):
            return
        now = time.perf_counter()
        rate = (record.images - self._images) / max(now - self._time, 1e-9)
        self._time, self._images = now, record.images
        line = {**record.numbers, "images_per_s": round(rate, 1), "seconds": round(state.seconds, 3)}
        append_line(self.folder.log, line)
        for name, value in _scalars(line):
            self._tensorboard().add_scalar(name, value, record.step)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _tensorboard(self) -> Any:
        if self._writer is None:
            # Imported at the first line: it takes a moment that the first step should not wait for.
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(self.folder.tensorboard), purge_step=self._purge)
        return self._writer


def _scalars(line: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for name, value in line.items():
        if isinstance(value, Mapping):
            yield from _scalars(value, f"{prefix}{name}/")
        elif value is not None and name != "step":
            yield prefix + name, value
