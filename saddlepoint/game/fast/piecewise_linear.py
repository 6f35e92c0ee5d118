"""What a piecewise linear network does to its input, recorded while it runs, and done again to something else.

    D(x) = A_m(x): matrices W, constants b, and rectifiers whose masks m are those of x
    recorded at x; replayed on (u, c): the same matrices and masks on u, every constant multiplied by c

so that a replay of (c x, c) gives c D(x), and one of (v, 0) the directional derivative of D along v.

The recording sees every function of torch that touches the input or what has become of it, functional calls included.
Whatever is not in `RULES` (tanh, normalisation over batch or image, dropout, attention, products of two maps) is no
part of a piecewise linear network, and is refused by name.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from saddlepoint.errors import UserError

# (what has become of u at the operation's inputs, c (n,)) -> what becomes of it.
Replay = Callable[[Sequence[Tensor], Tensor], Tensor]
Function = Callable[..., Any]
Arguments = tuple[Any, ...]
# Whether a value depends on the network's input.
Known = Callable[[Any], bool]
# The operation's result, the tensors among its arguments that depend on the input, and its replay.
Rule = Callable[[Function, Arguments, dict[str, Any], Known], tuple[Tensor, list[Tensor], Replay]]


class NotPiecewiseLinear(UserError):
    """A network does something that has no rule."""

    def __init__(self, what: str):
        super().__init__(
            f"a discriminator with {what}", "a piecewise linear one", "set training.tangent_penalties=false"
        )
        self.what = what


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """One step of a recording.

    Attributes:
        inputs: numbers of the recorded tensors that it takes; 0 is the network's input, k + 1 the k-th operation's
            result.
        replay: does it again.
        learned: what else enters here and asks for a gradient (weights, biases, what was made of them).
    """

    inputs: tuple[int, ...]
    replay: Replay
    learned: tuple[Tensor, ...]


class Recording(TorchFunctionMode):
    """Inside, everything that is done to `images` (n, ...) is recorded.

    Attributes:
        operations: what was done, in order.
        results: of the operations where something is learned, with their graph.

    Raises:
        NotPiecewiseLinear: inside, at the first function without a rule.
    """

    def __init__(self, images: Tensor):
        super().__init__()
        self.operations: list[Operation] = []
        self.results: list[Tensor] = []
        self._count = len(images)
        # Kept alive while recording, so that no other tensor can have the same id.
        self._tensors = [images]
        self._numbers = {id(images): 0}

    def _known(self, value: Any) -> bool:
        return id(value) in self._numbers

    def __torch_function__(self, func: Function, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        touched = sorted(id(value) for value in _leaves((*args, *kwargs.values())) if self._known(value))
        if not touched:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", str(func))
        if name in _QUESTIONS:
            answer = func(*args, **kwargs)
            if isinstance(answer, Tensor):
                raise NotPiecewiseLinear("an attribute of its maps that is a tensor")
            return answer
        rule = RULES.get(name)
        if rule is None:
            raise NotPiecewiseLinear(name)
        result, inputs, replay = rule(func, args, kwargs, self._known)
        if sorted(id(value) for value in inputs) != touched:
            raise NotPiecewiseLinear(f"{name} of two of its maps")
        if result.dim() == 0 or len(result) != self._count:
            raise NotPiecewiseLinear(f"{name} over the batch")
        learned = tuple(
            value
            for value in _leaves((*args, *kwargs.values()))
            if isinstance(value, Tensor) and value.requires_grad and not self._known(value)
        )
        numbers = tuple(self._numbers[id(value)] for value in inputs)
        self.operations.append(Operation(inputs=numbers, replay=replay, learned=learned))
        if learned:
            self.results.append(result)
        self._tensors.append(result)
        self._numbers[id(result)] = len(self.operations)
        return result

    def end(self, scores: Tensor) -> None:
        """Checks the scores that the network has given, and lets the recorded tensors go.

        Raises:
            NotPiecewiseLinear: it gave more than one score per sample, or one that does not depend on the sample.
        """
        if scores.dim() != 1:
            raise NotPiecewiseLinear(f"scores of shape {tuple(scores.shape)}")
        if not self.operations or self._numbers.get(id(scores)) != len(self.operations):
            raise NotPiecewiseLinear("scores that are not the last thing it computes")
        self._tensors, self._numbers = [], {}


def replayed(operations: list[Operation], images: Tensor, scale: Tensor) -> Iterator[tuple[Tensor, tuple[Tensor, ...]]]:
    """Replays a recording, so that first-order gradients of what is learned in it can be taken.

    Args:
        operations: of a recording; emptied on the way, so that what was kept for one is let go after it.
        images: u, the shape of the recorded input.
        scale: c, (n,).

    Returns:
        Of every operation where something is learned, in their order: its result, which depends on that alone, because
        what it is done to is detached; and what is learned.
    """
    last_use = {number: index for index, operation in enumerate(operations) for number in operation.inputs}
    values = {0: images}
    operations.reverse()
    for index in range(len(operations)):
        operation = operations.pop()
        inputs = [values[number] for number in operation.inputs]
        for number in set(operation.inputs):
            if last_use[number] == index:
                del values[number]
        with torch.set_grad_enabled(bool(operation.learned)):
            value = operation.replay(inputs, scale)
        if index + 1 in last_use:
            values[index + 1] = value.detach()
        if operation.learned:
            yield value, operation.learned


def _leaves(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _leaves(value)
        else:
            yield value


def _scaled(constant: Tensor | float, scale: Tensor, dimensions: int) -> Tensor:
    """c times a constant that meets maps of so many dimensions, in the constant's own precision."""
    product = scale.reshape(-1, *[1] * (dimensions - 1)) * constant
    return product.to(constant.dtype) if isinstance(constant, Tensor) else product


def _of_first(function: Function, args: Arguments, kwargs: dict, known: Known) -> tuple[Tensor, list[Tensor], Replay]:
    """Functions that are linear in their first argument."""
    if kwargs.get("value"):
        raise NotPiecewiseLinear("padding by another value than 0")
    rest = args[1:]
    return function(*args, **kwargs), [args[0]], lambda inputs, scale: function(inputs[0], *rest, **kwargs)


def _with_bias(function: Function, args: Arguments, kwargs: dict, known: Known) -> tuple[Tensor, list[Tensor], Replay]:
    """conv(x, W, b, ...) and linear(x, W, b)."""
    result = function(*args, **kwargs)
    images, weight, *positional = args
    bias = positional[0] if positional else kwargs.get("bias")
    named = {name: value for name, value in kwargs.items() if name != "bias"}
    rest, behind = positional[1:], result.dim() - 2 if function is not F.linear else 0

    def replay(inputs: Sequence[Tensor], scale: Tensor) -> Tensor:
        made = function(inputs[0], weight, None, *rest, **named)
        if bias is None:
            return made
        # Of the sum over places first, so that a bias' gradient makes no product of the maps' size.
        offset = _scaled(bias, scale, made.dim() - behind)
        return made.add_(offset[(..., *[None] * behind)])

    return result, [images], replay


def _sum(function: Function, args: Arguments, kwargs: dict, known: Known) -> tuple[Tensor, list[Tensor], Replay]:
    """Sums and differences, of maps or with a constant."""
    if len(args) != 2 or kwargs:
        raise NotPiecewiseLinear("a weighted sum in one function")
    constants = [None if known(term) else term for term in args]

    def replay(inputs: Sequence[Tensor], scale: Tensor) -> Tensor:
        left, dimensions = iter(inputs), inputs[0].dim()
        return function(*(next(left) if term is None else _scaled(term, scale, dimensions) for term in constants))

    return function(*args), [term for term in args if known(term)], replay


def _joined(function: Function, args: Arguments, kwargs: dict, known: Known) -> tuple[Tensor, list[Tensor], Replay]:
    """Concatenation of maps and constants."""
    pieces, *rest = args
    constants = [None if known(piece) else piece for piece in pieces]

    def replay(inputs: Sequence[Tensor], scale: Tensor) -> Tensor:
        left = iter(inputs)
        joined = [next(left) if piece is None else _scaled(piece, scale, piece.dim()) for piece in constants]
        return function(joined, *rest, **kwargs)

    return function(*args, **kwargs), [piece for piece in pieces if known(piece)], replay


def _product(function: Function, args: Arguments, kwargs: dict, known: Known) -> tuple[Tensor, list[Tensor], Replay]:
    """Products with a constant, on either side."""
    if known(args[0]):
        return _of_first(function, args, kwargs, known)
    constant, images = args
    return function(*args), [images], lambda inputs, scale: function(constant, inputs[0])


def _relu(function: Function, args: Arguments, kwargs: dict, known: Known) -> tuple[Tensor, list[Tensor], Replay]:
    # Made anew also where the module would write over its input: that is recorded under its old number.
    images, result = args[0], torch.relu(args[0])
    mask = result.detach()
    return result, [images], lambda inputs, scale: torch.ops.aten.threshold_backward(inputs[0], mask, 0)


def _leaky_relu(function: Function, args: Arguments, kwargs: dict, known: Known) -> tuple[Tensor, list[Tensor], Replay]:
    images, *given = args
    slope = given[0] if given else kwargs.get("negative_slope", 0.01)
    mask, masked = images.detach(), torch.ops.aten.leaky_relu_backward
    return F.leaky_relu(images, slope), [images], lambda inputs, scale: masked(inputs[0], mask, slope, False)


# By the function's name, under which it stands in torch, in torch.nn.functional and as a method.
RULES: dict[str, Rule] = {
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "cat": _joined,
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d"), _with_bias),
    **dict.fromkeys(("add", "sub", "__rsub__"), _sum),
    **dict.fromkeys(("mul", "matmul"), _product),
    **dict.fromkeys(
        (
            *("div", "neg", "sum", "mean", "to", "float", "double", "contiguous"),
            *("flatten", "unflatten", "reshape", "view", "squeeze", "unsqueeze", "permute", "__getitem__"),
            *("pad", "interpolate", "avg_pool2d", "adaptive_avg_pool2d", "pixel_unshuffle"),
        ),
        _of_first,
    ),
}
# What a network may ask of its maps: answers that do not depend on their values. Attributes come as "__get__".
_QUESTIONS = ("__get__", "__len__", "size", "dim", "numel", "stride", "is_contiguous", "is_floating_point")
