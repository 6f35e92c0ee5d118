"""Self-attention over the places of a map, behind a gate that starts closed.

o_i = V sum_j softmax_j(theta(x_i) . phi(x_j)) g(x_j),   y = x + s o,   s = 0 at the start
(Zhang, Goodfellow, Metaxas and Odena 2019, as in their code: no 1/sqrt d, j runs over the map pooled by 2)
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Maps (n, channels, height, width) -> the same shape; the identity until the gate has moved.

    Queries and keys have an eighth, values half of the channels, at least one. All four maps are 1x1 convolutions
    without bias.
    """

    def __init__(self, channels: int):
        super().__init__()
        narrow, half = max(channels // 8, 1), max(channels // 2, 1)
        self.query = nn.Conv2d(channels, narrow, 1, bias=False)
        self.key = nn.Conv2d(channels, narrow, 1, bias=False)
        self.value = nn.Conv2d(channels, half, 1, bias=False)
        self.output = nn.Conv2d(half, channels, 1, bias=False)
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, maps: Tensor) -> Tensor:
        queries = self.query(maps).flatten(2)
        keys, values = (F.max_pool2d(part(maps), 2, ceil_mode=True).flatten(2) for part in (self.key, self.value))
        # (n, places, pooled places). Written out, because the fused kernel has no second derivative.
        weights = torch.bmm(queries.transpose(1, 2), keys).softmax(2)
        found = torch.bmm(values, weights.transpose(1, 2)).unflatten(2, maps.shape[2:])
        return maps + self.gate * self.output(found)


def attended(sizes: list[tuple[int, int]], side: int | None) -> int | None:
    """Which of the given map sizes has the attention: the largest whose shorter side is `side` at most.

    Args:
        sizes: (height, width) of the maps that could have it, in any order.
        side: pixels; None for no attention.

    Returns:
        Its index; that of the smallest map if all are larger than `side`.
    """
    if side is None:
        return None
    shorter = [min(size) for size in sizes]
    fitting = [each for each in shorter if each <= side]
    return shorter.index(max(fitting) if fitting else min(shorter))
