"""The run folder: the interface between training and everything that looks at a run. One writer at a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from saddlepoint.errors import UserError
from saddlepoint.files import append_line, aside_of, write_whole

RECIPE = "recipe.yaml"


class RunFolder:
    """Paths and small files of one run.

    Args:
        path: the folder; it need not exist yet.
    """

    # How an evaluation is marked that was made because the run ended there.
    AT_END = "the last step"

    def __init__(self, path: Path):
        self.path = path
        self.recipe = path / RECIPE
        self.log = path / "log.jsonl"
        self.events = path / "events.jsonl"
        self.samples = path / "samples"
        self.checkpoints = path / "checkpoints"
        self.tensorboard = path / "tensorboard"
        self.metrics = path / "metrics.jsonl"

    @classmethod
    def existing(cls, path: Path | str) -> "RunFolder":
        """The folder of a run that was made before.

        Raises:
            UserError: there is no run at that path.
        """
        folder = cls(Path(path))
        if not folder.recipe.is_file():
            raise UserError(
                f"the run {str(path)!r}", f"a folder that holds a {RECIPE}", "give the folder that `train` printed"
            )
        return folder

    def refuse_if_taken(self) -> None:
        """Refuses a folder in which a new run would mix with what is there.

        Raises:
            UserError: the folder holds a run or other files.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"--out {self.path}, which is a file", "a folder", "choose another --out")
        if self.recipe.exists():
            raise UserError(
                f"--out {self.path}, which holds a run",
                "a new folder",
                f"go on with it by `saddlepoint resume {self.path}`, or choose another --out",
            )
        # A run that was killed before it had written its recipe leaves a lock and a file that was never finished.
        left = (".lock", aside_of(self.recipe).name)
        if self.path.exists() and any(entry.name not in left for entry in self.path.iterdir()):
            raise UserError(
                f"--out {self.path}, which holds other files", "a new or empty folder", "choose another --out"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Inside, this process is the run's one writer. The lock goes with the process, however it ends.

        Raises:
            UserError: another process is writing.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"the run {self.path}, which another process is writing",
                "a run that nobody writes",
                "wait for it or stop it first, or choose another --out",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def note(self, kind: str, **details: Any) -> None:
        """Appends one event to events.jsonl."""
        append_line(self.events, {"time": datetime.now(UTC).isoformat(timespec="seconds"), "event": kind, **details})

    def rewind_log(self, step: int, every: int) -> int:
        """Leaves in log.jsonl what an uninterrupted run would have there at `step`: each step once.

        Dropped are later lines, a torn last line, and the line of an end that is none any more (no multiple of
        `every`).

        Returns:
            How many lines were dropped.
        """
        if not self.log.exists():
            return 0
        kept, dropped = [], 0
        for line in self.log.read_bytes().splitlines(keepends=True):
            try:
                at = json.loads(line)["step"]
                whole = line.endswith(b"\n") and at <= step and at % every == 0
            except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
                whole = False
            if whole:
                kept.append(line)
            else:
                dropped += 1
        if dropped:
            write_whole(self.log, b"".join(kept))
        return dropped

    def rewind_metrics(self, step: int) -> int:
        """Leaves in metrics.jsonl what an uninterrupted run would have there at `step`, and what a person measured.

        Dropped are evaluations of the run itself after `step`, and those of an end that is none any more.

        Returns:
            How many lines were dropped.
        """
        if not self.metrics.exists():
            return 0
        lines = self.metrics.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if self._stays(line, step)]
        if len(kept) < len(lines):
            write_whole(self.metrics, b"".join(kept))
        return len(lines) - len(kept)

    @classmethod
    def _stays(cls, line: bytes, step: int) -> bool:
        try:
            about = json.loads(line)["provenance"]
            return "during" not in about or (about["step"] <= step and about["during"] != cls.AT_END)
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            # A torn last line; any other is not the run's own.
            return line.endswith(b"\n")
