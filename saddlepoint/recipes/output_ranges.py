"""What bounds the numbers that a person's own networks give: a sigmoid, a tanh at the end, and what that means.

A discriminator gives raw scores, for the objective's link is inside the objective. A generator can reach both ends of
`pixel_range`, and begins somewhere near it: not more than ten times its half width from its middle. That is far enough
for any generator without a tanh whose weights are in order, and near enough to tell one that makes 0..255.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from saddlepoint.errors import UserError

# So many half widths from the middle of pixel_range a generator may begin.
FAR = 10.0
# By so much inputs and weights are blown up to see whether scores stay between 0 and 1.
BLOWN_UP = 100.0
# Autograd's names of operations that only move numbers about, or take a mean of them.
_MOVES = ("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Permute", "Transpose", "T", "Clone", "Mean",
          "Expand", "Select", "Slice", "Alias", "ToCopy")  # fmt: skip
# Of operations that bound, by the same names: what they can give, for a generator.
_REACH = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "Relu": (0.0, math.inf)}
# And those after which a score is no raw one.
_NOT_RAW = ("Sigmoid", "Hardsigmoid", "Softmax", "LogSigmoid", "LogSigmoidForward", "LogSoftmax")


def check_raw(discriminator: nn.Module, inputs: Sequence[tuple[Tensor, ...]], scores: Sequence[Tensor]) -> None:
    """Whether scores are raw: neither made by a sigmoid, nor between 0 and 1 whatever the discriminator is shown.

    Args:
        discriminator: in evaluation mode.
        inputs: (items, *labels) of each side.
        scores: what it gave for them, with their graphs.

    Raises:
        UserError: they are not.
    """
    last = last_operation(scores[0])
    if last not in _NOT_RAW and not _stay_within(discriminator, inputs, scores):
        return
    end = "lie in 0..1 whatever it is shown" if last not in _NOT_RAW else f"come out of {_called(last)}"
    raise UserError(
        f"a discriminator whose scores {end} (ends in a sigmoid? raw scores are expected)",
        "raw scores, any numbers; an objective that wants a sigmoid has it inside",
        "leave the sigmoid at its end out",
    )


def check_within(made: Tensor, pixel_range: tuple[float, float]) -> None:
    """Whether a generator can reach both ends of its pixels' range, and begins near it.

    Args:
        made: what it gave, with its graph.
        pixel_range: (low, high).

    Raises:
        UserError: it cannot or does not.
    """
    low, high = pixel_range
    last = last_operation(made)
    least, most = _REACH.get(last, (-math.inf, math.inf))
    if low < least or high > most:
        raise UserError(
            f"pixel_range={pixel_range} with a generator that ends in {_called(last)}",
            f"a range that it can reach, within {least:g}..{most:g}",
            "end it in nn.Tanh()" + (f", or give pixel_range=({least}, {most})" if math.isfinite(most) else ""),
        )
    least, most = map(float, made.detach().aminmax())
    middle, half = (low + high) / 2, (high - low) / 2
    if max(most - middle, middle - least) > FAR * half:
        raise UserError(
            f"a generator that begins with pixels {least:.4g}..{most:.4g}",
            f"about pixel_range={pixel_range}, not more than {FAR:g} times its half width from its middle",
            "end it in nn.Tanh(), make its last layer's weights smaller, or give the pixel_range that it makes",
        )


def last_operation(made: Tensor) -> str:
    """Autograd's name of the operation that made the numbers ("Sigmoid"); "" where there is none."""
    node = made.grad_fn
    while node is not None:
        name = node.name().rstrip("0123456789").removesuffix("Backward")
        if name not in _MOVES:
            return name
        node = next((before for before, _ in node.next_functions if before is not None), None)
    return ""


def _called(operation: str) -> str:
    return f"a {operation.removesuffix('Forward').lower()}"


@torch.no_grad()
def _stay_within(discriminator: nn.Module, inputs: Sequence[tuple[Tensor, ...]], scores: Sequence[Tensor]) -> bool:
    """Whether scores stay in 0..1 for inputs that are blown up, either way, and for weights that are.

    The weights too: a network that normalises what it is shown gives blown-up items the scores of the others. Scores
    that are all 0 are those of a last layer that begins with 0.
    """
    if not _within(scores) or not any(bool(each.any()) for each in scores):
        return False
    blown_up = {key: BLOWN_UP * weight for key, weight in discriminator.named_parameters()}
    try:
        for items, *labels in inputs:
            for factor in (BLOWN_UP, -BLOWN_UP):
                if not _within([discriminator(factor * items, *labels)]):
                    return False
            if not _within([functional_call(discriminator, blown_up, (items.clone(), *labels))]):
                return False
    except Exception:
        # A person's forward may refuse such items; then nothing speaks against its scores.
        return False
    return True


def _within(scores: Sequence[Tensor]) -> bool:
    return all(bool(((each >= 0) & (each <= 1)).all()) for each in scores)
