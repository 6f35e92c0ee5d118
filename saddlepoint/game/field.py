"""The game's joint vector field: parameters -> what each player's step subtracts.

This is the one place where a value becomes a loss: a player minimises
cost = -(sum of its objective's terms) + (sum of its other costs). It has two faces. `Field.backward` is the hot path:
ordinary backward, the opponent frozen. Calling the field evaluates it at parameters that are given, fakes
differentiable, so that it can be differentiated again; it is the hot path's oracle and what corrections and the
diagnosis work on.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import reduce
from typing import Literal, Protocol

import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.game.fast.tangent import ByTangent
from saddlepoint.game.network import At, Network, Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Settings, Task, frozen, networks_of, player_named
from saddlepoint.randomness import derive_seed

# By network name, then by the name that the network gives to the tensor.
Tensors = Mapping[str, Mapping[str, Tensor]]
# The same, flat: by (network, tensor).
Vector = dict[tuple[str, str], Tensor]


def cost(loss: Loss) -> Tensor:
    """What the player minimises, a scalar."""
    terms = [-term for term in (loss.value or {}).values()] + list(loss.costs.values())
    assert terms, "a player without any loss term cannot move"
    return reduce(torch.add, terms)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The field at one point: directions and the networks' buffers afterwards, by network; losses by player."""

    directions: Tensors
    buffers: Tensors
    losses: Mapping[str, Loss]


class Compiled(Protocol):
    """Where compiled steps are kept: `fast/compiled.py`, which knows the field that it compiles.

    Attributes:
        told: is told (player, seconds) of every compilation.
    """

    told: Callable[[str, float], None] | None

    def backward(self, game_field: "Field", player: Player, draw: Draw, share: float, settings: Settings) -> Loss:
        """As `Field.backward` for one micro-batch: adds the gradient of share * cost to the parameters' .grad."""
        ...


@dataclass(frozen=True, kw_only=True)
class Field:
    """The vector field of a task.

    Attributes:
        task: the game.
        accumulate: micro-batches per step; their gradients are averaged by size.
        precision: makes the context in which losses are computed (autocast).
        differentiable: directions keep their graph, so that a whole update can be differentiated by where it began
            (`game/update_map.py`); dearer, and not for training.
        tangent: names of the networks whose input gradient the hot path takes by `game/fast/tangent.py`.
        compiled: where the hot path's compiled steps are kept; None to play it as it is written.
        seeding: how the networks' own randomness follows from a draw and a player's name. 2: a hash of both. 1: a run
            from before that rule goes on with its own, which looked at the first six letters of the name alone.
    """

    task: Task
    accumulate: int = 1
    precision: Callable[[], AbstractContextManager] = nullcontext
    differentiable: bool = False
    tangent: frozenset[str] = frozenset()
    compiled: Compiled | None = None
    seeding: Literal[1, 2] = 2

    def __post_init__(self) -> None:
        if self.accumulate < 1:
            raise UserError(f"accumulate {self.accumulate}", "1 or more micro-batches", "set training.accumulate=1")

    @property
    def parameters(self) -> dict[str, dict[str, Tensor]]:
        """Where the game stands: the networks' own parameters, as far as they can move.

        Of a differentiable field new names for them: a parameter may depend on another one through an earlier move of
        the same update, and a direction is the derivative by the parameter itself, all others held.
        """
        return {
            name: {
                key: parameter.clone() if self.differentiable else parameter
                for key, parameter in network.named_parameters()
                if parameter.requires_grad
            }
            for name, network in networks_of(self.task).items()
        }

    def kept(self, tensor: Tensor) -> Tensor:
        """A copy for a history; without its graph, unless the field is differentiable."""
        return tensor.clone() if self.differentiable else tensor.detach().clone()

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The task's draw for a player's step; networks that it calls draw what follows from the same counters."""
        _seed(derive_seed(state.seed, f"{player}/draw", step, substep))
        return self.task.draw(player, step, substep, state)

    def loss(self, player: Player, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The player's loss; the networks' own randomness is a function of the draw."""
        with self._playing(player, draw):
            return self.task.loss(player.name, networks, draw, settings)

    @contextmanager
    def _playing(self, player: Player, draw: Draw) -> Iterator[None]:
        """Inside, the task's loss is computed in the field's precision, and its networks draw what the draw says."""
        self.seed(player, draw)
        with self.precision():
            yield

    def seed(self, player: Player, draw: Draw) -> None:
        """Sets torch's generators, from which the networks draw, to where this player's step on this draw begins."""
        # A draw may be shared by two players; their dropout masks are not.
        _seed(derive_seed(draw.seed, player.name) if self.seeding == 2 else draw.seed ^ _first_letters(player.name))

    def backward(self, player: Player, draw: Draw, settings: Settings) -> Loss:
        """Leaves the gradient of the player's cost in its parameters' .grad; the opponent's .grad is untouched.

        Returns:
            The loss, detached; with micro-batches each term is their weighted mean.
        """
        if self.differentiable:
            # Ordinary backward accumulates into leaves only, and opponents that are no leaves cannot be frozen.
            found = self(self.parameters, buffers_of(self.task), {player.name: draw}, settings)
            return self.leave([player.name], flat(found.directions), found)[player.name]
        if self.compiled is not None:
            play, cut = self.compiled.backward, draw.micro_batches(self.accumulate)
            return _mean([(play(self, player, part, share, settings), share) for part, share in cut])
        networks: dict[str, Network] = {
            name: ByTangent(module) if name in self.tangent else module
            for name, module in networks_of(self.task).items()
        }
        unfrozen: Collection[str] = ()
        # Of micro-batches all graphs would have to be kept at a time.
        if draw.forwards is not None and self.accumulate == 1:
            shared = player_named(self.task, draw.forwards.player).networks
            networks |= draw.forwards.calls(player.name, shared)
            unfrozen = shared if player.name != draw.forwards.player else ()
        parts: list[tuple[Loss, float]] = []
        with frozen(self.task, player, besides=unfrozen):
            for part, share in draw.micro_batches(self.accumulate):
                with self._playing(player, part):
                    loss = self.task.loss(player.name, networks, part, settings)
                total = cost(loss)
                (total if share == 1.0 else total * share).backward()
                parts.append((loss, share))
        return _mean(parts)

    def leave(self, movers: Collection[str], directions: Vector, evaluation: "Evaluation") -> dict[str, Loss]:
        """Puts the movers' directions into .grad and the evaluation's buffers into the networks; gives its losses."""
        modules = networks_of(self.task)
        for name in movers:
            for network, module in player_named(self.task, name).networks.items():
                for key, parameter in module.named_parameters():
                    direction = directions.get((network, key))
                    if direction is not None:
                        parameter.grad = direction if self.differentiable else direction.detach()
        with torch.no_grad():
            for network, group in evaluation.buffers.items():
                for key, buffer in modules[network].named_buffers():
                    buffer.copy_(group[key])
        return {name: loss.detached() for name, loss in evaluation.losses.items()}

    def __call__(
        self,
        parameters: Tensors,
        buffers: Tensors,
        draws: Mapping[str, Draw],
        settings: Settings,
        *,
        create_graph: bool = False,
    ) -> Evaluation:
        """The directions of the players named in `draws`, at the given parameters and on the given draws.

        Args:
            parameters: of all networks; directions are found for those of the moving players that require gradients.
                What is left out is as it stands in the networks.
            buffers: of the networks that have any. They are copied first: batch norm and spectral norm write into them.
            draws: by player.
            settings: the numbers of this step.
            create_graph: keep the graph, so that the directions can be differentiated by any parameter.

        Returns:
            Directions without those of parameters on which the cost does not depend.
        """
        create_graph = create_graph or self.differentiable
        modules = networks_of(self.task)
        new_buffers = {name: {key: tensor.clone() for key, tensor in group.items()} for name, group in buffers.items()}

        networks = {
            name: At(module=module, parameters=parameters[name], buffers=new_buffers.get(name, {}))
            for name, module in modules.items()
        }
        directions: dict[str, dict[str, Tensor]] = {}
        losses: dict[str, Loss] = {}
        for name, draw in draws.items():
            player = player_named(self.task, name)
            own = [
                (network, key, parameter)
                for network in player.networks
                for key, parameter in parameters[network].items()
                if parameter.requires_grad
            ]
            parts: list[tuple[Loss, float]] = []
            for part, share in draw.micro_batches(self.accumulate):
                loss = self.loss(player, networks, part, settings)
                total = cost(loss)
                gradients = torch.autograd.grad(
                    total if share == 1.0 else total * share,
                    [parameter for _, _, parameter in own],
                    create_graph=create_graph,
                    allow_unused=True,
                )
                for (network, key, _), gradient in zip(own, gradients, strict=True):
                    group = directions.setdefault(network, {})
                    if gradient is not None:
                        group[key] = group[key] + gradient if key in group else gradient
                parts.append((loss, share))
            losses[name] = parts[0][0] if len(parts) == 1 else _mean(parts)
        return Evaluation(directions=directions, buffers=new_buffers, losses=losses)


def flat(tensors: Tensors) -> Vector:
    """Nested tensors as one vector."""
    return {(network, key): tensor for network, group in tensors.items() for key, tensor in group.items()}


def parameters_of(task: Task) -> dict[str, dict[str, Tensor]]:
    """Copies of all parameters, detached, requiring gradients: a point at which the field can be evaluated."""
    return {
        name: {key: parameter.detach().clone().requires_grad_() for key, parameter in network.named_parameters()}
        for name, network in networks_of(task).items()
    }


def buffers_of(task: Task) -> dict[str, dict[str, Tensor]]:
    """Copies of all buffers."""
    return {
        name: {key: buffer.detach().clone() for key, buffer in network.named_buffers()}
        for name, network in networks_of(task).items()
    }


def _mean(parts: list[tuple[Loss, float]]) -> Loss:
    def mean(terms: list[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        shares = [share for _, share in parts]
        return {
            key: sum((group[key].detach() * share for group, share in zip(terms, shares, strict=True)), torch.zeros(()))
            if len(terms) > 1
            else terms[0][key].detach()
            for key in terms[0]
        }

    values = [loss.value for loss, _ in parts if loss.value is not None]
    return Loss(
        value=mean(values) if values else None,
        costs=mean([loss.costs for loss, _ in parts]),
        outputs=mean([loss.outputs for loss, _ in parts]),
        shown={name: torch.cat([loss.shown[name].detach() for loss, _ in parts]) for name in parts[0][0].shown},
    )


def _seed(seed: int) -> None:
    """torch.manual_seed for the devices that are in use.

    That one also notes the seed, with a formatted traceback, for every kind of device that is not: a millisecond.
    """
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


def _first_letters(name: str) -> int:
    # Of the rule 1: as many of them as it tells apart.
    return int.from_bytes(name.encode()[:7].ljust(7, b"\0"), "little") & 0xFFFFFFFFFFFF
