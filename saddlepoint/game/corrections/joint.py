"""The joint field as corrections use it: all players at one point, their directions as one vector.

Here stands what the corrections share: evaluating movers and the others, products of vectors with the field's
Jacobian, and refusing games for which a correction would not be right.

    J v     the change of the directions along v           J^T v     by one reverse pass
J v is a reverse pass through J^T u, which is linear in u, so that no forward-mode derivative of a layer is needed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import parametrizations, spectral_norm

from saddlepoint.errors import UserError
from saddlepoint.game.field import Evaluation, Field, Tensors, Vector, buffers_of, flat
from saddlepoint.game.task import Draw, Settings, networks_of


@dataclass(frozen=True, kw_only=True)
class JointField:
    """The field at one point.

    Attributes:
        own: the movers' evaluation; what the game keeps of it are its losses and buffers.
        directions: of all players.
        parameters: where it was evaluated.
    """

    own: Evaluation
    directions: Vector
    parameters: Vector


def evaluate(
    field: Field,
    parameters: Tensors,
    movers: Collection[str],
    draws: Mapping[str, Draw],
    settings: Settings,
    *,
    create_graph: bool = False,
) -> JointField:
    """The directions of all players in `draws`; the movers' are evaluated first, as in plain play."""
    buffers = buffers_of(field.task)
    own = field(parameters, buffers, {name: draws[name] for name in movers}, settings, create_graph=create_graph)
    others = {name: draw for name, draw in draws.items() if name not in movers}
    # On copies of the same buffers, which are dropped: statistics are those of the players that move.
    rest = field(parameters, buffers, others, settings, create_graph=create_graph)
    return JointField(own=own, directions=flat(own.directions) | flat(rest.directions), parameters=flat(parameters))


def by_player(field: Field, vector: Vector) -> dict[str, Vector]:
    """The vector's parts."""
    return {
        player.name: {key: tensor for key, tensor in vector.items() if key[0] in player.networks}
        for player in field.task.players
    }


class Products:
    """Products with blocks of the Jacobian of a vector that carries a graph.

    Args:
        directions, parameters: F and w.
        blocks: pairs (rows, columns) of keys; the blocks dF[rows]/dw[columns] that are not zero.
        create_graph: products can be differentiated again.
    """

    def __init__(
        self,
        directions: Vector,
        parameters: Vector,
        blocks: Sequence[tuple[Collection[tuple[str, str]], Collection[tuple[str, str]]]],
        *,
        create_graph: bool = False,
    ):
        self._F, self._w, self._blocks, self._create_graph = directions, parameters, blocks, create_graph
        self._u = {key: torch.zeros_like(value, requires_grad=True) for key, value in directions.items()}
        self._of_u: Vector | None = None

    def transposed(self, v: Vector) -> Vector:
        """J^T v."""
        return self._pulled(v, self._create_graph)

    def forward(self, v: Vector) -> Vector:
        """J v."""
        if self._of_u is None:
            self._of_u = self._pulled(self._u, True)
        return self._gradients(self._of_u, self._u, v, self._create_graph)

    def _pulled(self, v: Vector, create_graph: bool) -> Vector:
        total: Vector = {}
        for rows, columns in self._blocks:
            outputs = {key: self._F[key] for key in rows if key in self._F}
            part = self._gradients(outputs, {key: self._w[key] for key in columns}, v, create_graph)
            total.update({key: total[key] + part[key] if key in total else part[key] for key in part})
        return {key: total[key] if key in total else torch.zeros_like(value) for key, value in self._w.items()}

    @staticmethod
    def _gradients(outputs: Vector, inputs: Vector, weights: Vector, create_graph: bool) -> Vector:
        # A direction that does not depend on anything (a linear loss) has no graph, and no part in the product.
        live = {key: value for key, value in outputs.items() if value.requires_grad}
        if not live or not inputs:
            return {key: torch.zeros_like(value) for key, value in inputs.items()}
        made = torch.autograd.grad(
            list(live.values()),
            list(inputs.values()),
            [weights[key] for key in live],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
            materialize_grads=True,
        )
        return dict(zip(inputs, made, strict=True))


def detached(vector: Vector) -> Vector:
    """The vector's values without their graph."""
    return {key: value.detach() for key, value in vector.items()}


def dot(a: Vector, b: Vector) -> Tensor:
    """The inner product of two vectors, a scalar."""
    return torch.stack([(a[key] * b[key]).sum() for key in a]).sum()


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Inside, attention uses its plain form: the fused ones have no second derivative."""
    with sdpa_kernel(SDPBackend.MATH):
        yield


def refuse_own_updates(field: Field, name: str) -> None:
    """Refuses a player whose direction is no gradient of its cost: the joint field cannot speak for it.

    Raises:
        UserError: with the cure.
    """
    for player in field.task.players:
        if player.update is not None:
            raise UserError(
                f"the correction {name} for the {player.name}, which has an update of its own",
                "players that follow the gradient of their cost",
                "set dynamics.correction=plain or dynamics.correction=optimistic",
            )


def refuse_unless_twice_differentiable(field: Field, name: str) -> None:
    """Refuses what has no right second derivative, or gains nothing of what it is there for.

    Raises:
        UserError: gradient accumulation, spectral normalisation; with the cure.
    """
    refuse_own_updates(field, name)
    if field.accumulate > 1:
        # The product of a mean with a mean is no mean over micro-batches: every graph would have to be held at once.
        raise UserError(
            f"training.accumulate={field.accumulate} with the correction {name}",
            "the whole batch at once, because the joint field is differentiated as a whole",
            "set training.accumulate=1 and a smaller training.batch, or dynamics.correction=extragradient",
        )
    for network, module in networks_of(field.task).items():
        for inner, part in module.named_modules():
            if _is_spectral(part):
                # Power iteration's vectors are constants to autograd: first derivatives are exact, second ones are not.
                raise UserError(
                    f"the correction {name} with spectral normalisation in {network} ({inner or 'itself'})",
                    "networks whose second derivatives are exact",
                    "use another normalisation, or set dynamics.correction=extragradient",
                )


def _is_spectral(module: nn.Module) -> bool:
    hooks = module._forward_pre_hooks.values()
    return isinstance(module, parametrizations._SpectralNorm) or any(
        type(hook).__name__ == "SpectralNorm" and type(hook).__module__ == spectral_norm.__module__ for hook in hooks
    )
