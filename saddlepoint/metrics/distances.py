"""Euclidean distances between two sets of points in bounded memory, and nearest neighbours by them.

|x - y|^2 = |x|^2 + |y|^2 - 2 x.y on centred points in float64, a block at a time. The points keep the type they came in
(8-bit images stay 8-bit) and become doubles block by block, so that 50,000 images are never held in doubles at once.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError

# A block of points in doubles is at most 2 ** 22 numbers, 32 MiB.
_BLOCK = 2**22
# A block of distances is at most 2 ** 24, 128 MiB: the others become doubles again for every block of points.
_DISTANCES = 2**24


def rows(name: str, values: Tensor | np.ndarray) -> Tensor:
    """The values as a table of finite real numbers, one row per point, in their own type and place.

    Args:
        name: what the person calls them, for the message.
        values: (n, ...), n >= 1; floats, integers or 8-bit pixels.

    Returns:
        (n, d), a view where that can be.

    Raises:
        UserError: empty, complex, or with a NaN or an infinity.
    """
    tensor = torch.as_tensor(values).detach()
    if tensor.ndim == 0 or tensor.numel() == 0:
        raise UserError(f"{name} of shape {tuple(tensor.shape)}", "(n, ...) with n >= 1", "give at least one")
    if tensor.is_complex():
        raise UserError(f"{name} of type {tensor.dtype}", "real numbers", "give their real and imaginary parts apart")
    table = tensor.reshape(len(tensor), -1)
    if table.is_floating_point() and not all(bool(part.isfinite().all()) for part in table.split(_height(table))):
        raise UserError(f"{name} with a NaN or an infinity", "finite numbers", "look for the step where the run broke")
    return table


def squared_distances(
    points: Tensor, others: Tensor, *, device: str | torch.device = "cpu"
) -> Iterator[tuple[slice, Tensor]]:
    """Squared distances from every point to all the others, a block of points at a time.

    Args:
        points: (n, d) as `rows` gives them.
        others: (m, d).
        device: where the arithmetic is done; it must know doubles.

    Yields:
        Which points, and float64 (points of the block, m) on the device, never below 0. A rounding error of about
        1e-16 |x|^2 is left, so that equal points may stand a little apart: `nearest` takes it out again.

    Raises:
        UserError: points of another size than the others.
    """
    if points.shape[1] != others.shape[1]:
        raise UserError(
            f"points of {points.shape[1]} numbers and others of {others.shape[1]}",
            "the same size",
            "resize one to the other, or compute both with the same feature network",
        )
    height = _height(others)
    # Data far from the origin would lose its digits to the cancellation.
    total = torch.zeros(others.shape[1], dtype=torch.float64, device=device)
    for part in others.split(height):
        total += _doubles(part, device).sum(dim=0)
    centre = total / len(others)
    step = max(1, min(_DISTANCES // len(others), _height(points)))
    squares = torch.cat([(_doubles(part, device) - centre).square().sum(dim=1) for part in others.split(height)])
    for start in range(0, len(points), step):
        block = _doubles(points[start : start + step], device) - centre
        distances = torch.empty(len(block), len(others), dtype=torch.float64, device=device)
        norms = block.square().sum(dim=1, keepdim=True)
        # Both norms are two more columns of the product: added apart, they take as long as the product itself.
        left = torch.cat([-2.0 * block, norms, torch.ones_like(norms)], dim=1)
        for first in range(0, len(others), height):
            part = _doubles(others[first : first + height], device) - centre
            last = first + len(part)
            part_squares = squares[first:last, None]
            right = torch.cat([part, torch.ones_like(part_squares), part_squares], dim=1)
            torch.mm(left, right.T, out=distances[:, first:last])
        yield slice(start, start + len(block)), distances.clamp_(min=0.0)


def nearest(
    points: Tensor | np.ndarray,
    others: Tensor | np.ndarray,
    *,
    count: int = 1,
    skip_same_index: bool = False,
    device: str | torch.device = "cpu",
) -> tuple[Tensor, Tensor]:
    """The nearest others of every point, by Euclidean distance, nearest first.

    Args:
        points: (n, ...) real numbers.
        others: (m, ...) of the same size per row.
        count: how many neighbours, at most m (m - 1 where the same index is skipped).
        skip_same_index: point i is no neighbour of itself; for `others` that are the points.
        device: where the arithmetic is done; it must know doubles.

    Returns:
        Distances, float64 (n, count), and indices among the others, int64 (n, count), both on the CPU. The distances
        are those of the differences themselves: equal points are exactly 0 apart.

    Raises:
        UserError: empty or not finite, of other sizes, or fewer others than neighbours asked for.
    """
    near, far = rows("points", points), rows("others", others)
    available = len(far) - skip_same_index
    if not 1 <= count <= available:
        raise UserError(f"{count} neighbours of {available}", f"1 to {available}", "ask for fewer or give more points")
    distances = torch.empty(len(near), count, dtype=torch.float64)
    indices = torch.empty(len(near), count, dtype=torch.int64)
    for block, squared in squared_distances(near, far, device=device):
        if skip_same_index:
            own = torch.arange(block.start, block.stop, device=squared.device)
            squared[own - block.start, own] = torch.inf
        indices[block] = squared.topk(count, dim=1, largest=False).indices.cpu()
    # From the differences, in blocks: what the products lost is back.
    step = max(1, _height(near) // count)
    for start in range(0, len(near), step):
        part = slice(start, start + step)
        chosen = _doubles(far[indices[part].to(far.device)], "cpu")
        distances[part] = (_doubles(near[part], "cpu")[:, None] - chosen).norm(dim=2)
    order = distances.argsort(dim=1, stable=True)
    return distances.gather(1, order), indices.gather(1, order)


def _height(table: Tensor) -> int:
    return max(1, _BLOCK // max(1, table.shape[1]))


def _doubles(part: Tensor, device: str | torch.device) -> Tensor:
    return part.to(device, torch.float64)
