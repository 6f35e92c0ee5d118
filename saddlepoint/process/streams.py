"""The standard streams, by one door: when nobody reads them any more, nothing more is said, and all else goes on.

What a run says on its way is worth less than the run. A pipe whose reader has gone, a full disk behind `2>`, a terminal
that was closed: each write to one of these raises, inside whichever library was just writing. The first such failure is
remembered, whoever listens is told once, and the descriptor is turned to nowhere, so that neither a library that
writes to it directly nor Python's last flush fails again. Standard output holds answers: there only a reader who has
gone is nobody's concern, as in `saddlepoint recipes | head`; a full disk behind `>` is a failure.
"""

import errno
import io
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from saddlepoint.errors import printable

# A pipe whose reader has gone, and a terminal that was closed.
_NOBODY_READS = (errno.EPIPE, errno.EIO)


class Guarded:
    """A text file whose writes do not fail; everything else is the file's own.

    Args:
        file: what is written to; None where the process was started without it.
        only: the errors that are kept from the writer, others say that it was standard output; None for all.
        plain: answers are written here, in which a terminal has nothing to obey: control characters (of a path that a
            person gave, of a label) are escaped, but for the ends of lines.

    Attributes:
        lost: why it takes nothing any more; None as long as it does.
    """

    def __init__(self, file: TextIO | None, only: Collection[int] | None = None, *, plain: bool = False):
        self.file, self._only, self._plain = file, only, plain
        self.lost: str | None = None if file is not None else "it was closed from the start"
        self._told: Callable[[str], None] | None = None

    def write(self, text: str) -> int:
        shown = "\n".join(map(printable, text.split("\n"))) if self._plain else text
        self._try(lambda file: file.write(shown))
        return len(text)

    def flush(self) -> None:
        self._try(lambda file: file.flush())

    def isatty(self) -> bool:
        return self.lost is None and bool(self._try(lambda file: file.isatty()))

    @contextmanager
    def telling(self, told: Callable[[str], None]) -> Iterator[None]:
        """Inside, `told` hears why it was lost: when that happens, or at once if it has happened before."""
        before, self._told = self._told, told
        if self.lost is not None:
            told(self.lost)
        try:
            yield
        finally:
            self._told = before

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def _try(self, call: Callable[[TextIO], Any]) -> Any:
        if self.lost is not None or self.file is None:
            return None
        try:
            return call(self.file)
        except BlockingIOError:
            # A slow reader of a pipe that does not wait: this text is lost, and the next may not be.
            if self._only is not None:
                raise
            return None
        except (OSError, ValueError) as error:
            # ValueError: written to after it was closed.
            if self._only is not None and getattr(error, "errno", None) not in self._only:
                if isinstance(error, OSError):
                    error.filename = "standard output"
                raise
            reason: str = getattr(error, "strerror", None) or str(error)
            self.lost = reason
            _turn_to_nowhere(self.file)
            if self._told is not None:
                self._told(reason)
            return None


_guard = Guarded(None)


def standard_error() -> Guarded:
    """The guarded standard error of now; what is lost stays lost for everyone who writes to the same file."""
    global _guard
    # While a rich display is live, its stand-in is there.
    current = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    if isinstance(current, Guarded):
        return current
    if _guard.file is not current:
        _guard = Guarded(current)
    return _guard


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Inside, a whole command may run: nothing that it or a library writes to standard error can end it.

    Names that are no text in the terminal's encoding are escaped on standard output, as standard error does it. What
    standard output did not take is dropped at the end: its failure has been seen by then.
    """
    _occupy_descriptors()
    if isinstance(sys.stdout, io.TextIOWrapper):
        with suppress(OSError, ValueError):  # of one that is closed or full; the answer will say it
            sys.stdout.reconfigure(errors="backslashreplace")
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Guarded(sys.stdout, _NOBODY_READS, plain=True), standard_error()  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        if sys.stdout is not None:
            try:
                sys.stdout.flush()
            except (OSError, ValueError):
                _turn_to_nowhere(sys.stdout)


def _occupy_descriptors() -> None:
    """Where a process was started without one of its three streams, the next file to be opened would take its place.

    What a library then writes to descriptor 2 would land in a checkpoint or a log.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _turn_to_nowhere(file: TextIO) -> None:
    try:
        descriptor = file.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
    except (OSError, ValueError):
        # No descriptor stands behind it, or none is left to be had: what is still written goes on being swallowed.
        pass
