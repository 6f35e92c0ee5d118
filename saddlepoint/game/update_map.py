"""The update map: one whole update as a function of all that an update changes, and its exact Jacobian by autograd.

    U: (parameters, optimizer state, the correction's history) -> the same after one update
    An equilibrium attracts iff the spectral radius of dU there is below 1; near it errors shrink by that factor.

Nothing of an update is written again: the game's own objects play it, on parameters that are not leaves but functions
of one vector. Field and steps are to be built `differentiable`; double precision gives the eigenvalues to rounding.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.game.field import Field
from saddlepoint.game.network import holding
from saddlepoint.game.steps import Step

# Plays one update in place, from a history of the correction to the next one.
Advance = Callable[[dict[str, Tensor]], dict[str, Tensor]]
# ("parameter", network, key), ("optimizer", player, index, key) or ("history", key).
Name = tuple[Any, ...]


def jacobian(field: Field, steps: Mapping[str, Step], history: Mapping[str, Tensor], advance: Advance) -> Tensor:
    """dU one update after the point where the game stands; the game itself does not move.

    That one update gives optimizers and corrections the state that they keep from then on.

    Args:
        field, steps: of the game, built `differentiable`.
        history: the correction's.
        advance: plays one update with these very objects.

    Returns:
        float64 (n, n); rows and columns in the order of parameters, optimizer state, history.

    Raises:
        UserError: a player is projected onto a constraint, which has no derivative here.
    """
    assert field.differentiable, "the update map needs a differentiable field"
    for player in field.task.players:
        if player.constraint is not None:
            raise UserError(
                f"the update map of a {player.name} with a constraint",
                "players without one, because a projection has no derivative at its edge",
                "leave the constraint out",
            )
    with ExitStack() as stack:
        # .grad of a tensor that is no leaf: here it is only the place where a step looks for its direction.
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message="The .grad attribute of a Tensor that is not a leaf")
        _, start = _standing_at(stack, _point(field, steps, history), field, steps)
        warm = _point(field, steps, advance(_history(start)))
        vector, begin = _standing_at(stack, warm, field, steps)
        end = _point(field, steps, advance(_history(begin)))
        assert end.keys() == begin.keys(), "an update after the first one has made new state"
        image = torch.cat([tensor.reshape(-1).double() for tensor in end.values()])
        rows = [
            torch.autograd.grad(value, vector, retain_graph=True, allow_unused=True, materialize_grads=True)[0]
            if value.requires_grad
            else torch.zeros_like(vector)
            for value in image
        ]
    return torch.stack(rows)


def eigenvalues(matrix: Tensor) -> Tensor:
    """Of dU, complex128 (n,), the largest modulus first."""
    values = torch.linalg.eigvals(matrix)
    return values[values.abs().argsort(descending=True)]


def spectral_radius(matrix: Tensor) -> float:
    """The largest modulus of an eigenvalue."""
    return float(eigenvalues(matrix)[0].abs())


def _point(field: Field, steps: Mapping[str, Step], history: Mapping[str, Tensor]) -> dict[Name, Tensor]:
    """All that an update changes, by name; counters are no coordinates."""
    point: dict[Name, Tensor] = {
        ("parameter", network, key): tensor
        for network, group in field.parameters.items()
        for key, tensor in group.items()
    }
    for player, step in steps.items():
        for index, parameter in enumerate(step.parameters):
            for key, value in step.torch_optimizer.state.get(parameter, {}).items():
                if isinstance(value, Tensor) and value.shape == parameter.shape and key != "step":
                    point["optimizer", player, index, key] = value
    point.update({("history", key): history[key] for key in sorted(history)})
    return point


def _history(point: Mapping[Name, Tensor]) -> dict[str, Tensor]:
    return {name[1]: tensor for name, tensor in point.items() if name[0] == "history"}


def _standing_at(
    stack: ExitStack, where: Mapping[Name, Tensor], field: Field, steps: Mapping[str, Step]
) -> tuple[Tensor, dict[Name, Tensor]]:
    """Networks and optimizers hold a point that is a function of one vector, until the stack is closed.

    Returns:
        The vector, a leaf; and the point made of it.
    """
    vector = torch.cat([tensor.detach().reshape(-1).double() for tensor in where.values()]).requires_grad_()
    pieces = vector.split([tensor.numel() for tensor in where.values()])
    # Cloned, because views of one vector cannot be written into one by one.
    point = {
        name: piece.reshape(tensor.shape).to(tensor.dtype).clone()
        for (name, tensor), piece in zip(where.items(), pieces, strict=True)
    }
    for player in field.task.players:
        for network, module in player.networks.items():
            own = {name[2]: tensor for name, tensor in point.items() if name[:2] == ("parameter", network)}
            stack.enter_context(holding(module, own))
    for name, step in steps.items():
        stack.enter_context(_step_at(point, name, step))
    return vector, point


@contextmanager
def _step_at(point: Mapping[Name, Tensor], player: str, step: Step) -> Iterator[None]:
    optimizer = step.torch_optimizer
    parameters, history = step.parameters, optimizer.state
    groups = [group["params"] for group in optimizer.param_groups]
    now = [point["parameter", network, key] for network, key in step.names]
    stands_for = dict(zip(parameters, now, strict=True))
    try:
        step.parameters = now  # type: ignore[assignment]
        for group, own in zip(optimizer.param_groups, groups, strict=True):
            group["params"] = [stands_for[parameter] for parameter in own]
        optimizer.state = type(history)(history.default_factory)  # type: ignore[attr-defined, call-arg]
        for index, parameter in enumerate(parameters):
            if parameter in history:
                optimizer.state[now[index]] = {
                    # Counters are counted on copies.
                    key: point.get(
                        ("optimizer", player, index, key), value.clone() if isinstance(value, Tensor) else value
                    )
                    for key, value in history[parameter].items()
                }
        yield
    finally:
        step.parameters, optimizer.state = parameters, history
        for group, own in zip(optimizer.param_groups, groups, strict=True):
            group["params"] = own
