"""A duel: one discriminator against one generator, as it is differentiated where a run stands.

A task is one if it says how its fakes are scored (`Duel`); what it plays is not asked. A probe is the duel at one
point and on one draw that both players share, in double precision: so J, its formula and the kernels are all of the
same functions, and their difference is no rounding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from saddlepoint.game.field import Field, Tensors, buffers_of, parameters_of
from saddlepoint.game.network import At, Networks
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Progress, RunTask, Settings, networks_of
from saddlepoint.objectives import Objective

# By (network, parameter).
Key = tuple[str, str]


class Scorer(Protocol):
    """How one side's items are scored; `tasks/kit/adversary.py: Critic` is one.

    Attributes:
        network, beside, before, after: D, what it is given beside the items, what is done to them before it sees them,
            and what makes scores of what it returns.
    """

    @property
    def network(self) -> Any: ...

    @property
    def beside(self) -> tuple[Tensor, ...]: ...

    @property
    def after(self) -> Callable[[Any], Tensor] | None: ...

    def __call__(self, images: Tensor, /) -> Tensor: ...

    def scores_and_gradient(self, images: Tensor, /) -> tuple[Tensor, Tensor]: ...


class Duel(RunTask, Protocol):
    """What is asked of a task beside `RunTask`; its first player is the discriminator, its second the generator."""

    @property
    def objective(self) -> Objective: ...

    @property
    def penalties(self) -> tuple[str, ...]: ...

    def critics(self, networks: Networks, draw: Draw, settings: Settings) -> tuple[Tensor, Any, Any]:
        """The fakes of a draw, and a `Scorer` for the real and one for the fake side."""
        ...

    def real(self, draw: Draw) -> Tensor:
        """The real items of a draw as D sees them."""
        ...


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Both sides of a probe with their graph: items and raw scores."""

    real: Tensor
    fake: Tensor
    on_real: Scorer
    on_fake: Scorer
    real_scores: Tensor
    fake_scores: Tensor


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A duel at one point and on one draw.

    Attributes:
        duel: in double precision.
        draw: of both players.
        settings: the numbers of the run's next step.
        parameters: where the game stands, leaves of their own.
        buffers: of the networks; each evaluation works on copies.
    """

    duel: Any
    draw: Draw
    settings: Settings
    parameters: dict[str, dict[str, Tensor]]
    buffers: Tensors

    @classmethod
    def of(cls, duel: Any, draw: Draw, settings: Settings) -> "Probe":
        """The probe where a duel stands, whose networks are double (`doubled`) and whose draw becomes it."""
        draw = Draw(tensors={name: _wide(tensor) for name, tensor in draw.tensors.items()}, seed=draw.seed)
        # G then learns from every fake: which ones are best is no smooth function.
        settings = {**settings, **({"task.top_k": 1.0} if "task.top_k" in settings else {})}
        point = {
            name: {key: tensor for key, tensor in group.items() if _moves(duel, name, key)}
            for name, group in parameters_of(duel).items()
        }
        return cls(duel=duel, draw=draw, settings=settings, parameters=point, buffers=buffers_of(duel))

    def on(self, draw: Draw) -> "Probe":
        """The same point with another draw."""
        return replace(self, draw=Draw(tensors={n: _wide(t) for n, t in draw.tensors.items()}, seed=draw.seed))

    def at(self, moved: dict[Key, Tensor]) -> "Probe":
        """The same draw at another point: these parameters in the place of its own, as leaves."""
        parameters = {
            name: {
                key: moved.get((name, key), tensor).detach().clone().requires_grad_() for key, tensor in group.items()
            }
            for name, group in self.parameters.items()
        }
        return replace(self, parameters=parameters)

    @property
    def field(self) -> Field:
        return Field(task=self.duel)

    @property
    def players(self) -> tuple[str, str]:
        """The names of the discriminator and of the generator."""
        first, second = self.duel.players
        return first.name, second.name

    def keys(self, player: str) -> list[Key]:
        """The parameters of a player, in order."""
        networks = next(each.networks for each in self.duel.players if each.name == player)
        return [(name, key) for name in networks for key in self.parameters[name]]

    def tensors(self, player: str) -> list[Tensor]:
        """The same as tensors."""
        return [self.parameters[name][key] for name, key in self.keys(player)]

    def size(self, player: str) -> int:
        """Weights of a player."""
        return sum(tensor.numel() for tensor in self.tensors(player))

    def flat(self, tensors: Sequence[Tensor | None], player: str) -> Tensor:
        """A player's tensors as one vector; zeros where there is none."""
        pairs = zip(tensors, self.tensors(player), strict=True)
        return torch.cat([(torch.zeros_like(own) if each is None else each).reshape(-1) for each, own in pairs])

    def split(self, vector: Tensor, player: str) -> list[Tensor]:
        """A vector as a player's tensors."""
        own = self.tensors(player)
        pieces = vector.split([tensor.numel() for tensor in own])
        return [piece.reshape(tensor.shape) for piece, tensor in zip(pieces, own, strict=True)]

    def networks(self) -> dict[str, At]:
        """The networks at the point, on copies of the buffers."""
        return {
            name: At(
                module=module,
                parameters=self.parameters[name],
                buffers={key: tensor.clone() for key, tensor in self.buffers[name].items()},
            )
            for name, module in networks_of(self.duel).items()
        }

    def scored(self, player: str) -> Scored:
        """Both sides as a player's loss meets them, with the graph of both players' parameters."""
        self.field.seed(next(each for each in self.duel.players if each.name == player), self.draw)
        fake, on_real, on_fake = self.duel.critics(self.networks(), self.draw, self.settings)
        real = self.duel.real(self.draw)
        return Scored(
            real=real,
            fake=fake,
            on_real=on_real,
            on_fake=on_fake,
            real_scores=on_real(real),
            fake_scores=on_fake(fake),
        )

    def gamma(self, penalty: str) -> float:
        """The weight of a penalty; 0 for one that the game has not."""
        return self.settings[f"penalties.{penalty}"] if penalty in self.duel.penalties else 0.0


def drawn(duel: Any, state: Progress, count: int, *, first: int = 0) -> Draw:
    """So many samples of the discriminator's draws, as one draw.

    Args:
        state: what the run has counted.
        count: of samples.
        first: the substep of the first one; others give fresh samples.
    """
    name = duel.players[0].name
    parts, rows, index = [], 0, first
    while rows < count:
        ahead = _Ahead(seed=state.seed, images=state.images + index * duel.batch, step=state.step)
        parts.append(Field(task=duel).draw(name, state.step, index, ahead))
        rows, index = rows + len(parts[-1]), index + 1
    tensors = {key: torch.cat([part[key] for part in parts])[:count] for key in parts[0].tensors}
    return Draw(tensors=tensors, seed=parts[0].seed)


@dataclass(kw_only=True)
class _Ahead:
    seed: int
    images: int
    step: int


def doubled(duel: Any, steps: Mapping[str, Step]) -> None:
    """Brings a duel's networks and their optimizers' history to double precision, in place; leaves dropout out."""
    for module in networks_of(duel).values():
        module.double().train()
        for part in module.modules():
            if isinstance(part, nn.modules.dropout._DropoutNd):
                # A mask of its own in each evaluation would be a difference that is none of the game's.
                part.eval()
    for step in steps.values():
        for history in step.torch_optimizer.state.values():
            for key, value in history.items():
                if isinstance(value, Tensor) and value.is_floating_point() and key != "step":
                    history[key] = value.double()


def _wide(tensor: Tensor) -> Tensor:
    # Labels stay whole numbers; pixels become what the networks see in double precision.
    return tensor.double() if tensor.is_floating_point() or tensor.dtype == torch.uint8 else tensor


def _moves(duel: Any, network: str, key: str) -> bool:
    return dict(networks_of(duel)[network].named_parameters())[key].requires_grad
