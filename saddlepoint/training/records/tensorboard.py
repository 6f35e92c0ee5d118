"""The scalars of a run for TensorBoard, in the file format that it reads: framed records of protocol buffers.

They are written where the log is written, in the run's own thread. TensorBoard's own writer has a thread, whose end (a
full disk) is a traceback on the terminal, and which opens its file anew by name, wherever the process stands by then.
"""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

# The first record tells a reader the format.
_VERSION = "brain.Event:2"


class Scalars:
    """An event file, opened at the first step.

    Args:
        folder: of all event files of the run.
        first: the step from which on this file counts; what earlier files hold of it is purged by the reader.
    """

    def __init__(self, folder: Path, first: int):
        self.folder, self.first = folder, first
        self._file: BinaryIO | None = None

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Writes a step's scalars, all or, where the disk is full, a part that readers leave out.

        Raises:
            OSError: the disk did not take them.
        """
        # Imported at the first line: it takes a moment that the first step should not wait for.
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[attr-defined]
        from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[attr-defined]
        from tensorboard.summary.writer.record_writer import RecordWriter

        now = time.time()
        values = [Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
        events = [Event(wall_time=now, step=step, summary=Summary(value=values))]
        if self._file is None:
            self.folder.mkdir(exist_ok=True)
            name = (
                f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}.{os.getpid()}.{time.monotonic_ns():020d}"
            )
            self._file = (self.folder / name).open("wb")
            start = SessionLog(status=SessionLog.START)
            events[:0] = [
                Event(wall_time=now, file_version=_VERSION),
                Event(wall_time=now, step=self.first, session_log=start),
            ]
        writer = RecordWriter(self._file)
        for event in events:
            writer.write(event.SerializeToString())
        self._file.flush()

    def close(self) -> None:
        """Closes the file.

        Raises:
            OSError: the disk did not take its end.
        """
        if self._file is not None:
            file, self._file = self._file, None
            file.close()


def flat(line: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The scalars of a log line by name: "losses/generator/total"; what is null there is none."""
    for name, value in line.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}/")
        elif value is not None and name != "step":
            yield prefix + name, value
