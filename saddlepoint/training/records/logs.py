"""The log: one line per logged step in log.jsonl, and the same scalars for TensorBoard."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from saddlepoint.files import append_line
from saddlepoint.process.streams import standard_error
from saddlepoint.training.observers import Observer, Record, due
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.tensorboard import Scalars, flat
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
        # As in log.jsonl, the line of an end that is none any more goes, and with it what a kill has left behind.
        self._scalars: Scalars | None = Scalars(folder.tensorboard, first=state.step // every * every + 1)

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
        self.show(record.step, line)

    def close(self) -> None:
        if self._scalars is not None:
            self._scalars.close()

    def show(self, step: int, line: Mapping[str, Any]) -> None:
        """Gives TensorBoard a step's scalars, as long as that can be written: it is no reason to end a run."""
        if self._scalars is None:
            return
        try:
            self._scalars.add(step, dict(flat(line)))
        except OSError as error:
            scalars, self._scalars = self._scalars, None
            reason = f"{error.strerror}: {error.filename or scalars.folder}"
            standard_error().write(f"tensorboard: no more is written from step {step} on ({reason}); the log goes on\n")
            with suppress(OSError):  # of a full disk, which the log will meet
                scalars.close()
            with suppress(OSError):
                self.folder.note("tensorboard left out", step=step, reason=reason)
