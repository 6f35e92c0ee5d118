"""Samples made so many at once, always.

It bounds the memory, and since the rounding of a matrix product depends on the size of its batch, only a fixed one
makes an image the same bits whatever else is asked for. A last batch is filled up with what came first.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from saddlepoint.game.task import Request

AT_ONCE = 16


def batches(sample: Callable[[Request], Tensor], request: Request, device: torch.device) -> Iterator[Tensor]:
    """What is made of a request, at most `AT_ONCE` at a time and in its order, on the CPU.

    Args:
        sample: what makes items of a request of `AT_ONCE` rows.
        request: n rows, 1 or more.
        device: where `sample` wants them.
    """
    count = len(request)
    for start in range(0, count, AT_ONCE):
        rows = torch.arange(start, start + AT_ONCE) % count
        with torch.no_grad():
            yield sample(request.rows(rows).to(device))[: count - start].cpu()


def labels_in_turn(count: int, classes: int) -> Tensor:
    """Labels 0, 1, ..., classes - 1, 0, 1, ..., int64 (count,)."""
    return torch.arange(count) % classes
