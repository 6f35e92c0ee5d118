"""Image files decoded in parallel threads, given in order. Pillow's decoders release the interpreter's lock."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from saddlepoint.data.raster import decode, refitted
from saddlepoint.data.source import Decoded, Loader, UnreadableError

# How many images may be decoded ahead of the one that is taken: enough to hide a slow one, little enough for any
# memory.
_AHEAD_PER_WORKER = 8


def decode_in_order(
    loaders: Iterator[Loader], *, size: tuple[int, int] | None = None, channels: int | None = None
) -> Iterator[Decoded | UnreadableError]:
    """Each file's pixels, or why it cannot be read, in the order of the loaders whatever the number of processors.

    Args:
        loaders: give a file's bytes or pixels; they are called in threads.
        size, channels: as in `raster.decode`.
    """

    def attempt(loader: Loader) -> Decoded | UnreadableError:
        try:
            loaded = loader()
            if isinstance(loaded, Decoded):
                return refitted(loaded, size, channels)
            return decode(loaded, size=size, channels=channels)
        except UnreadableError as reason:
            return reason

    workers = min(8, os.cpu_count() or 1)
    ahead: deque[Future[Decoded | UnreadableError]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for loader in loaders:
            ahead.append(pool.submit(attempt, loader))
            if len(ahead) > workers * _AHEAD_PER_WORKER:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        # Also when whoever takes the images stops early: nothing is decoded for nobody.
        pool.shutdown(cancel_futures=True)
