"""A budget of processor time for work whose length a formula decides.

The work asks between its pieces, each of which takes a fraction of a second, and is told by an exception that the time
is used up. Nothing is interrupted from outside, so that no cache and no number is left half made, in any thread.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# When the time of this thread is used up, on its own processor's clock.
_END: ContextVar[float] = ContextVar("budget", default=math.inf)


class Exhausted(Exception):
    """The budget is used up; whoever gave it says what was found until then."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Lets the work inside take so many processor seconds, and no longer than a budget around it allows."""
    with _until(min(_END.get(), time.thread_time() + seconds)):
        yield


@contextmanager
def grace(seconds: float) -> Iterator[None]:
    """Lets the work inside take so many processor seconds, also where a budget around it is used up already."""
    with _until(max(_END.get(), time.thread_time() + seconds)):
        yield


def left() -> float:
    """Processor seconds that are left, negative ones too; infinite without a budget."""
    return _END.get() - time.thread_time()


def check() -> None:
    """To be called between pieces of work.

    Raises:
        Exhausted: no time is left.
    """
    if left() < 0:
        raise Exhausted


@contextmanager
def _until(end: float) -> Iterator[None]:
    token = _END.set(end)
    try:
        yield
    finally:
        _END.reset(token)
