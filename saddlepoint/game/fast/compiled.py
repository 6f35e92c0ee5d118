"""A player's step, from its draw to its gradients, as one compiled function.

    (parameters, buffers, draw, settings) -> (gradients, loss)

The step is played once on tensors that have shapes and no numbers, and what autograd does there is written down as it
comes: the forward pass, the input gradients (twice backward or by the tangent pass), the backward pass. That list of
tensor operations, in which no Python and no autograd is left, is what torch.compile is given; so a loss may be written
as it likes, as long as its course does not depend on the numbers in its tensors. Buffers that move are written in
place, and random numbers are drawn before the call in their order, so that a compiled step drops out what an eager one
does. On CUDA the whole function is one graph, replayed.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from saddlepoint.errors import UserError
from saddlepoint.game.fast.tangent import ByTangent
from saddlepoint.game.field import Field, cost
from saddlepoint.game.network import Network, Place, places_of, standing
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Settings, frozen, networks_of

# What a loss names its tensors: (part of the loss, name), in the order in which the function returns them.
Names = list[tuple[str, str]]
_CURE = "set training.compile=false"


@dataclass(kw_only=True)
class Compilation:
    """The compiled steps of one game, each made when it is first played.

    Attributes:
        constants: names of settings that a loss needs as plain numbers (to count with); each value of theirs is
            compiled for itself. All others are tensors without dimensions, and may follow a schedule.
        told: is told (player, seconds) of every compilation.
    """

    constants: Collection[str] = ()
    told: Callable[[str, float], None] | None = None
    _steps: dict[Any, "_Step"] = field(default_factory=dict)

    def backward(self, game_field: Field, player: Player, draw: Draw, share: float, settings: Settings) -> Loss:
        """As `Field.backward` for one micro-batch: adds the gradient of share * cost to the parameters' .grad.

        Args:
            game_field: the game, whose `compiled` this is.
            player: who moves.
            draw: the micro-batch.
            share: of the whole batch.
            settings: the numbers of this step.

        Returns:
            The loss, detached.

        Raises:
            UserError: the step cannot be compiled; with the cure.
        """
        key = (
            player.name,
            share,
            tuple((name, tensor.shape, tensor.dtype) for name, tensor in draw.tensors.items()),
            tuple(settings[name] for name in self.constants if name in settings),
            tuple(network.training for network in networks_of(game_field.task).values()),
        )
        step = self._steps.get(key)
        if step is not None:
            return step.play(draw, settings)
        from torch._dynamo.exc import TorchDynamoException

        began = time.perf_counter()
        # What is played without numbers says so in these where a number is asked for.
        with _as_user_error(player.name, (RuntimeError, TypeError), "cannot be traced"):
            step = _traced(game_field, player, draw, share, settings, self.constants)
        with _as_user_error(player.name, TorchDynamoException, "torch.compile fails on"):
            loss = step.play(draw, settings)
        self._steps[key] = step
        if self.told is not None:
            self.told(player.name, time.perf_counter() - began)
        return loss


@dataclass(kw_only=True)
class _Step:
    """One compiled function and what it is called with.

    Attributes:
        function: (tensors) -> gradients, then the loss's tensors.
        places: of the networks' tensors among its inputs.
        drawn: names of the draw's tensors among them, after these.
        scheduled: names of the settings that are its next input, one tensor; empty where it reads none.
        random: makes its last inputs, the random numbers.
        owners: the parameters that the gradients belong to.
        names: of the loss's tensors.
        valued: whether the loss has an objective.
        seed: draw -> sets torch's generators, before each call.
    """

    function: Callable[..., Sequence[Tensor]]
    places: list[Place]
    drawn: list[str]
    scheduled: list[str]
    random: list[Callable[[], Tensor]]
    owners: list[Place]
    names: Names
    valued: bool
    seed: Callable[[Draw], None]
    number: torch.dtype
    device: torch.device

    def play(self, draw: Draw, settings: Settings) -> Loss:
        tensors = [owner[name] for owner, name in self.places]
        tensors += [draw[name] for name in self.drawn]
        if self.scheduled:
            tensors.append(_vector(settings, self.scheduled, self.number, self.device))
        self.seed(draw)
        with torch.no_grad():
            tensors += [make() for make in self.random]
            if self.device.type == "cuda":
                # A graph's results lie where its next replay writes.
                torch.compiler.cudagraph_mark_step_begin()
                made = [tensor.clone() for tensor in self.function(*tensors)]
            else:
                made = list(self.function(*tensors))
            for (owner, name), gradient in zip(self.owners, made, strict=False):
                parameter = owner[name]
                parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        parts: dict[str, dict[str, Tensor]] = {"value": {}, "costs": {}, "outputs": {}, "shown": {}}
        for (part, name), tensor in zip(self.names, made[len(self.owners) :], strict=True):
            parts[part][name] = tensor
        value = parts.pop("value")
        return Loss(value=value if self.valued else None, **parts)


def check_compiler(device: torch.device) -> None:
    """Compiles something small, so that a machine that cannot says so before a run begins.

    Raises:
        UserError: torch.compile does not work on this machine.
    """
    try:
        torch.compile(lambda x: x.cos() + 1, dynamic=False)(torch.ones(8, device=device))
    except Exception as error:
        # Whatever it is (no compiler, no headers, no Triton), the cure is the same.
        raise UserError(
            f"training.compile=true on a machine where torch.compile fails ({_first_line(error)})",
            "a C++ compiler that works (and Triton on CUDA)",
            f"install g++, or {_CURE}",
        ) from error


def _traced(
    game_field: Field, player: Player, draw: Draw, share: float, settings: Settings, constants: Collection[str]
) -> _Step:
    from torch.fx.experimental.proxy_tensor import make_fx

    task = game_field.task
    modules = networks_of(task)
    places = [place for module in modules.values() for place in places_of(module)]
    scheduled = [name for name in settings if name not in constants]
    first = next(player.parameters())
    number = torch.promote_types(torch.float32, first.dtype)
    owners: list[Place] = []
    names: Names = []
    valued = True

    def step(*tensors: Tensor) -> list[Tensor]:
        nonlocal owners, names, valued
        held, rest = tensors[: len(places)], tensors[len(places) :]
        numbers: Any = {name: settings[name] for name in constants if name in settings}
        numbers |= dict(zip(scheduled, rest[-1].unbind(), strict=True))
        batch = Draw(tensors=dict(zip(draw.tensors, rest, strict=False)), seed=draw.seed, images=draw.images)
        with standing(places, held):
            networks: dict[str, Network] = {
                name: ByTangent(module) if name in game_field.tangent else module for name, module in modules.items()
            }
            loss = game_field.loss(player, networks, batch, numbers)
            own = {id(parameter): parameter for parameter in player.parameters() if parameter.requires_grad}
            total = cost(loss) if share == 1.0 else cost(loss) * share
            found = torch.autograd.grad(total, list(own.values()), allow_unused=True)
            for (owner, name), tensor in zip(places, held, strict=True):
                if owner[name] is not tensor:
                    # A buffer that the network has put another tensor in the place of.
                    tensor.copy_(owner[name])
        where = {id(tensor): place for place, tensor in zip(reversed(places), reversed(held), strict=True)}
        gradients = {key: gradient for key, gradient in zip(own, found, strict=True) if gradient is not None}
        owners = [where[key] for key in gradients]
        valued = loss.value is not None
        parts: dict[str, Mapping[str, Tensor]] = {
            "value": loss.value or {},
            "costs": loss.costs,
            "outputs": loss.outputs,
            "shown": loss.shown,
        }
        names = [(part, name) for part, group in parts.items() for name in group]
        return [each.detach() for each in (*gradients.values(), *(parts[part][name] for part, name in names))]

    inputs = [
        *(owner[name] for owner, name in places),
        *draw.tensors.values(),
        _vector(settings, scheduled, number, first.device),
    ]
    # The backward pass must run in this thread, where it is listened to.
    with frozen(task, player), torch.autograd.set_multithreading_enabled(False):
        graph = make_fx(step, tracing_mode="fake")(*inputs)
    random = _take_random_out(graph.graph)
    used = _drop_unused(graph.graph)[: len(inputs)]
    graph.recompile()
    if first.device.type == "cuda":
        for owner, name in places:
            # Such inputs of a CUDA graph are not copied at each replay, and may be written in place.
            torch._dynamo.mark_static_address(owner[name])
    drawn_used = used[len(places) : -1]
    return _Step(
        function=torch.compile(graph, fullgraph=True, dynamic=False, options=_options(first.device)),
        places=[place for place, kept in zip(places, used, strict=False) if kept],
        drawn=[name for name, kept in zip(draw.tensors, drawn_used, strict=True) if kept],
        scheduled=scheduled if used[-1] else [],
        random=random,
        owners=owners,
        names=names,
        valued=valued,
        seed=lambda batch: game_field.seed(player, batch),
        number=number,
        device=first.device,
    )


def _options(device: torch.device) -> dict[str, Any]:
    # What is still random inside follows torch's own generators, which are seeded before each call.
    options: dict[str, Any] = {"fallback_random": True}
    return options | ({"triton.cudagraphs": True} if device.type == "cuda" else {})


def _take_random_out(graph: Graph) -> list[Callable[[], Tensor]]:
    """Makes inputs of the random numbers that depend on nothing but a shape; gives what draws them, in their order.

    Eager mode draws them in the order in which they lie in memory, and a compiler chooses layouts of its own.
    """
    makers = []
    last = [node for node in graph.nodes if node.op == "placeholder"][-1]
    for node in list(graph.nodes):
        target = node.target
        if not isinstance(target, torch._ops.OpOverload) or torch.Tag.nondeterministic_seeded not in target.tags:
            continue
        shapes_only = target._schema.name.endswith("_like") or all(_is_empty(each) for each in node.all_input_nodes)
        if not shapes_only:
            continue
        makers.append(_maker(target, node.args, node.kwargs))
        with graph.inserting_after(last):
            last = graph.placeholder(f"random_{len(makers)}")
        node.replace_all_uses_with(last)
        graph.erase_node(node)
    return makers


def _is_empty(node: Node) -> bool:
    """Whether a tensor has a shape and has been given no numbers."""
    while node.target is torch.ops.aten.expand.default:
        node = node.all_input_nodes[0]
    return "empty" in str(node.target)


def _maker(target: Callable[..., Tensor], inputs: tuple, named: dict[str, Any]) -> Callable[[], Tensor]:
    if not inputs or not isinstance(inputs[0], Node):
        return partial(target, *inputs, **named)
    like, rest = inputs[0].meta["val"], inputs[1:]
    size, stride, kind, device = tuple(like.shape), like.stride(), like.dtype, like.device
    return lambda: target(torch.empty_strided(size, stride, dtype=kind, device=device), *rest, **named)


def _drop_unused(graph: Graph) -> list[bool]:
    """Takes away inputs that nothing depends on; says of each whether it has stayed."""
    # Such as a setting that is cut out of their vector and never read.
    for node in reversed(list(graph.nodes)):
        if not node.users and node.op == "call_function" and not node.is_impure():
            graph.erase_node(node)
    used = []
    for node in [node for node in graph.nodes if node.op == "placeholder"]:
        used.append(bool(node.users))
        if not node.users:
            graph.erase_node(node)
    return used


def _vector(settings: Settings, names: Sequence[str], kind: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor([settings[name] for name in names], dtype=kind).to(device, non_blocking=True)


@contextmanager
def _as_user_error(player: str, kinds: type[Exception] | tuple[type[Exception], ...], what: str) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise UserError(
            f"training.compile=true and a step of the {player} that {what} ({_first_line(error)})",
            "one whose course does not depend on the numbers in its tensors, and a C++ compiler that works",
            _CURE,
        ) from error


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip() if lines else type(error).__name__
