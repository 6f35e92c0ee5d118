"""Signals that ask a process to end: Ctrl-C, `kill`, and a terminal that is closed."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Windows has no SIGHUP.
STOPPING: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Interrupted(KeyboardInterrupt):
    """A signal that took effect at once, and what is kept in spite of it."""


@contextmanager
def answered(answer: Callable[[str], None]) -> Iterator[None]:
    """Inside, the first signal of each kind calls `answer` with its name; a second one does what it did before.

    Signals can be handled in the main thread only; in another one the caller's own handling stays.
    """
    previous = {}

    def heard(number: int, frame: FrameType | None) -> None:
        signal.signal(number, previous[number])
        answer(signal.Signals(number).name)

    try:
        for number in STOPPING:
            before = signal.getsignal(number)
            # `nohup` lets a run outlive its terminal by having SIGHUP ignored.
            if number in (signal.SIGINT, signal.SIGTERM) or before is not signal.SIG_IGN:
                previous[number] = before if before is not None else signal.SIG_DFL
                signal.signal(number, heard)
    except ValueError:
        previous.clear()
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def held() -> Iterator[None]:
    """Inside, such signals wait: for what takes a moment, and goes through compiled code that loses exceptions.

    matplotlib makes a ValueError of its own of a KeyboardInterrupt that is raised while it calls back into Python.
    """
    waiting: list[int] = []
    previous = {}
    try:
        for number in STOPPING:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                previous[number] = signal.signal(number, lambda heard, frame: waiting.append(heard))
    except ValueError:  # in another thread than the main one, as in `answered`
        previous.clear()
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if waiting:
        signal.raise_signal(waiting[0])


def interrupt(name: str) -> None:
    """An answer: what runs is left at once, as by Ctrl-C, whichever signal it was.

    Raises:
        KeyboardInterrupt: always, with the signal's name.
    """
    raise KeyboardInterrupt(name)
