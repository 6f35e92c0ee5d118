"""Image files decoded in parallel threads, given in order. Pillow's decoders release the interpreter's lock."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from saddlepoint.data.depth import Range
from saddlepoint.data.fitting import Fit, Size
from saddlepoint.data.raster import decode, refitted
from saddlepoint.data.source import Decoded, Loader, UnreadableError

# How many images may be decoded ahead of the one that is taken: enough to hide a slow one, within this memory.
_AHEAD_PER_WORKER = 8
_BYTES_AHEAD = 64 * 2**20


def decode_in_order(
    loaders: Iterator[Loader],
    *,
    size: Size | None = None,
    channels: int | None = None,
    fit: Fit = "crop",
    range: Range | None = None,
) -> Iterator[Decoded | UnreadableError]:
    """Each file's pixels, or why it cannot be read, in the order of the loaders whatever the number of processors.

    Args:
        loaders: give a file's bytes or pixels; they are called in threads, or here where the system allows no more.
        size, channels, fit, range: as in `raster.decode`.
    """

    def attempt(loader: Loader) -> Decoded | UnreadableError:
        try:
            loaded = loader()
            if isinstance(loaded, Decoded):
                return refitted(loaded, size, channels, fit)
            return decode(loaded, size=size, channels=channels, fit=fit, range=range)
        except UnreadableError as reason:
            # Another one: what this one passed through, the file's bytes among it, would live as long as it does.
            return UnreadableError(str(reason))

    workers = min(8, os.cpu_count() or 1)
    ahead: deque[Future[Decoded | UnreadableError]] = deque()
    largest, threads = 0, True

    def taken() -> Decoded | UnreadableError:
        nonlocal largest
        result = ahead.popleft().result()
        largest = max(largest, result.pixels.nbytes) if isinstance(result, Decoded) else largest
        return result

    pool = ThreadPoolExecutor(workers)
    try:
        for loader in loaders:
            if threads:
                try:
                    ahead.append(pool.submit(attempt, loader))
                except RuntimeError:  # can't start new thread
                    threads = False
            if not threads:
                while ahead:
                    yield taken()
                yield attempt(loader)
                continue
            # How large images are is known from the first on.
            most = min(workers * _AHEAD_PER_WORKER, max(_BYTES_AHEAD // largest, workers)) if largest else workers
            while len(ahead) > most:
                yield taken()
        while ahead:
            yield taken()
    finally:
        # Also when whoever takes the images stops early: nothing is decoded for nobody.
        pool.shutdown(cancel_futures=True)
