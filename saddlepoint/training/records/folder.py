"""The run folder: the interface between training and everything that looks at a run. One writer at a time."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from saddlepoint.errors import UserError
from saddlepoint.files import Line, append_line, aside_of, read_lines, write_whole
from saddlepoint.run_folder import (
    BESIDE,
    CHECKPOINTS,
    EVENTS,
    FINDINGS,
    LOG,
    METRICS,
    PROBES,
    RECIPE,
    REPORT,
    REQUESTS,
    SAMPLES,
    TENSORBOARD,
)

# Damaged lines are kept in a file of this ending, for whoever can mend them.
DAMAGED = ".damaged"


@dataclass(frozen=True, kw_only=True)
class Rewound:
    """What was taken out of a file of lines.

    Attributes:
        dropped: how many lines.
        damaged: those of them that should have stayed and could not be read, in words.
    """

    dropped: int = 0
    damaged: tuple[str, ...] = ()


class RunFolder:
    """Paths and small files of one run.

    Args:
        path: the folder; it need not exist yet. It stays this one if the process goes to another current folder.

    Raises:
        UserError: no folder can have that path.
    """

    # How an evaluation is marked that was made because the run ended there.
    AT_END = "the last step"

    def __init__(self, path: Path):
        if "\0" in str(path):
            raise UserError(f"the folder {str(path)!r}", "a path without NUL bytes", "choose another --out")
        try:
            path = path.absolute()
        except FileNotFoundError:
            raise UserError(
                f"the folder {str(path)!r} in a current folder that was removed",
                "a current folder that exists, or an absolute path",
                "go to another folder first, as with `cd`",
            ) from None
        self.path = path
        self.recipe = path / RECIPE
        self.log = path / LOG
        self.events = path / EVENTS
        self.requests = path / REQUESTS
        self.samples = path / SAMPLES
        self.beside = path / BESIDE
        self.checkpoints = path / CHECKPOINTS
        self.tensorboard = path / TENSORBOARD
        self.metrics = path / METRICS
        self.findings = path / FINDINGS
        self.probes = path / PROBES
        self.report = path / REPORT

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
        if self.path.is_symlink() and not self.path.exists():
            raise UserError(f"--out {self.path}, a link to nothing", "a new folder", "choose another --out")
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"--out {self.path}, which is a file", "a folder", "choose another --out")
        if self.recipe.exists():
            raise UserError(f"--out {self.path}, which holds a run", "a new folder", self._way_on())
        # A run that was killed before it had written its recipe leaves a lock and a file that was never finished.
        left = (".lock", aside_of(self.recipe).name)
        if self.path.exists() and any(entry.name not in left for entry in self.path.iterdir()):
            raise UserError(
                f"--out {self.path}, which holds other files", "a new or empty folder", "choose another --out"
            )

    def _way_on(self) -> str:
        """What a person can do who finds a run where a new one was to begin."""
        begun = self.checkpoints.is_dir() and any(path.name.isdecimal() for path in self.checkpoints.iterdir())
        # Read as text: recipes are a matter of a higher floor, and a damaged one is no reason to say less.
        own = b"\nnetworks: own\n" in self.recipe.read_bytes()
        again = (
            f"from Python, saddlepoint.resume({str(self.path)!r}, generator=..., discriminator=..., latent=...)"
            if own
            else f"by `saddlepoint resume {shlex.quote(str(self.path))}`"
        )
        if begun:
            return f"go on with it {again}, or choose another --out"
        # Its first step may have failed, and would fail again.
        return f"it has no checkpoint yet: choose another --out, remove that folder, or begin it again {again}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Inside, this process is the run's one writer. The lock goes with the process, however it ends.

        Raises:
            UserError: another process is writing.
        """
        from filelock import FileLock, Timeout

        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        try:
            # Not at once: somebody may just be asking whether the run is written.
            lock.acquire(timeout=0.2, poll_interval=0.02)
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

    def written(self) -> bool:
        """Whether some process is writing the run now."""
        if not (self.path / ".lock").is_file():
            return False
        from filelock import FileLock, Timeout  # here and above, because whoever lists recipes need not wait for it

        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def note(self, kind: str, **details: Any) -> None:
        """Appends one event to events.jsonl."""
        append_line(self.events, {"time": datetime.now(UTC).isoformat(timespec="seconds"), "event": kind, **details})

    def rewind_log(self, step: int, every: int, beside: str = "") -> Rewound:
        """Leaves in log.jsonl what an uninterrupted run would have there at `step`: each step once.

        Dropped are later lines, a torn last line, and the line of an end that is none any more (at `step`, and no
        multiple of `every`). Damaged lines are moved out of it; what is dropped is kept in a file whose name ends in
        `beside`, if that is given.
        """
        kept, damaged, later, before = [], [], [], 0
        for line in read_lines(self.log):
            at = line.value.get("step") if line.value is not None else None
            if type(at) is int and not line.torn:
                before = at
                if at < step or (at == step and at % every == 0):
                    kept.append(line.content)
                else:
                    later.append(line.content)
            elif line.torn or before >= step:
                later.append(line.content)
            else:
                damaged.append((line, f"line {line.number}, after step {before}"))
        return self._rewound(self.log, kept, damaged, later, beside)

    def rewind_metrics(self, step: int, beside: str = "") -> Rewound:
        """Leaves in metrics.jsonl what an uninterrupted run would have there at `step`, and what a person measured.

        Dropped are evaluations of the run itself after `step`, and those of an end that is none any more. Damaged lines
        are moved out of it; what is dropped is kept beside, as of the log.
        """
        kept, damaged, later = [], [], []
        for line in read_lines(self.metrics):
            about = line.value.get("provenance") if line.value is not None else None
            if line.torn:
                later.append(line.content)
            elif not isinstance(about, Mapping) or ("during" in about and type(about.get("step")) is not int):
                damaged.append((line, f"line {line.number}"))
            elif "during" in about and (about["step"] > step or about["during"] == self.AT_END):
                later.append(line.content)
            else:
                kept.append(line.content)
        return self._rewound(self.metrics, kept, damaged, later, beside)

    def rewind_diagnosis(self, step: int, beside: str = "") -> dict[Path, Rewound]:
        """Leaves in probes.jsonl and findings.jsonl what an uninterrupted run would have there at `step`."""
        return {file: self._rewind_lines(file, step, beside) for file in (self.probes, self.findings)}

    def _rewind_lines(self, file: Path, step: int, beside: str) -> Rewound:
        """Drops the lines of later steps, and a torn one."""
        kept, damaged, later = [], [], []
        for line in read_lines(file):
            at = line.value.get("step") if line.value is not None else None
            if line.torn or (type(at) is int and at > step):
                later.append(line.content)
            elif type(at) is int:
                kept.append(line.content)
            else:
                damaged.append((line, f"line {line.number}"))
        return self._rewound(file, kept, damaged, later, beside)

    @staticmethod
    def _rewound(
        file: Path, kept: list[bytes], damaged: list[tuple[Line, str]], later: list[bytes], beside: str
    ) -> Rewound:
        if not damaged and not later:
            return Rewound()
        if damaged:
            # Before they are taken out: nothing is lost to a kill in between.
            with file.with_name(file.name + DAMAGED).open("ab") as others:
                others.writelines(line.content for line, _ in damaged)
        if beside and later:
            write_whole(file.with_name(file.name + beside), b"".join(later))
        write_whole(file, b"".join(kept))
        return Rewound(dropped=len(later) + len(damaged), damaged=tuple(words for _, words in damaged))
