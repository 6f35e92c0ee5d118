"""How many threads a small step is fastest with: more of them wait for each other, and on a busy machine for others."""

import time
from collections.abc import Callable, Sequence
from statistics import median

import torch

ROUNDS = 7
# More threads must be worth it: what they gain by chance is lost when the machine has something else to do.
_WORTH_WHILE = 1.1


def fastest_threads(step: Callable[[], object], candidates: Sequence[int]) -> int:
    """The fewest threads that no others beat by a tenth; candidates take turns, and medians are compared.

    Args:
        step: is run many times.
        candidates: ascending.
    """
    before = torch.get_num_threads()
    times: dict[int, list[float]] = {threads: [] for threads in candidates}
    try:
        for index in range(ROUNDS + 1):
            for threads in candidates:
                torch.set_num_threads(threads)
                began = time.perf_counter()
                step()
                # The first round is of what is done only once.
                if index:
                    times[threads].append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(before)
    chosen = candidates[0]
    for threads in candidates[1:]:
        if median(times[threads]) * _WORTH_WHILE < median(times[chosen]):
            chosen = threads
    return chosen
