"""One whole iteration of the run, linearised at a probe: turns, rates, what the optimizers scale by, and momentum.

    m <- b m + a F'(w) dw,  dw <- dw - P m      a = 1 - b for Adam, 1 for the others; players in the order of the turn
P holds the rate and the root of the second moments, this iteration's gradients included: a weight that was idle in the
last batches and moves this one would else seem to have no bound (measured with beta2 .9: 14 in the place of .7). An
iteration diverges along its fastest direction when the smallest real part of this map's eigenvalues falls below -1;
with plain steps 1 - Re z is the rate times the fastest eigenvalue, of at most 2. `game/update_map.py` has the same
matrix whole, for games of a few weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.diagnosis.local.duel import Probe
from saddlepoint.diagnosis.local.flow import Flow
from saddlepoint.game.steps import SGD, Adam, RMSProp, Step
from saddlepoint.game.task import Settings
from saddlepoint.game.turns import Move

# At this many the fastest direction grows.
LIMIT = 2.0


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """How a player's optimizer answers a small change of its gradient.

    Attributes:
        scale: P, (weights,).
        momentum: b.
        fresh: a, the part of a new gradient in the momentum.
        history: m where the run stands, (weights,).
    """

    scale: Tensor
    momentum: float
    fresh: float
    history: Tensor


def scaled(probe: Probe, step: Step, settings: Settings, gradient: Tensor) -> Scaled | str:
    """What a player's optimizer does with a gradient where the run stands; or why that is not known.

    Args:
        step: the optimizer, with its history.
        settings: the numbers of the next step.
        gradient: of the next step, whose square the second moments then hold already, (weights,).
    """
    name = step.player.name
    numbers = {key.removeprefix(f"{name}."): value for key, value in settings.items() if key.startswith(f"{name}.")}
    squares = gradient.square()

    def held(key: str) -> Tensor:
        state = step.torch_optimizer.state
        each = [state[p].get(key) if p in state else None for p in step.parameters]
        return probe.flat(
            [None if t is None else t.reshape(p.shape) for t, p in zip(each, step.parameters, strict=True)], name
        )

    match step.kind:
        case SGD():
            b = numbers["momentum"]
            return Scaled(
                scale=torch.full((probe.size(name),), numbers["rate"], dtype=torch.float64),
                momentum=b,
                fresh=1.0,
                history=held("momentum_buffer"),
            )
        case Adam():
            b, b2, count = numbers["beta1"], numbers["beta2"], _count(step) + 1
            v = b2 * held("exp_avg_sq") + (1 - b2) * squares
            root = (v / (1 - b2**count)).sqrt() + numbers["epsilon"]
            each = [torch.full_like(p, share) for p, share in zip(step.parameters, step.shares, strict=True)]
            rate = numbers["rate"] * probe.flat(each, name)
            return Scaled(scale=rate / (1 - b**count) / root, momentum=b, fresh=1 - b, history=held("exp_avg"))
        case RMSProp():
            v = numbers["smoothing"] * held("square_avg") + (1 - numbers["smoothing"]) * squares
            root = v.sqrt() + numbers["epsilon"]
            # torch's momentum holds what is scaled already.
            return Scaled(
                scale=numbers["rate"] / root,
                momentum=numbers["momentum"],
                fresh=1.0,
                history=held("momentum_buffer") * root,
            )
    return "an optimizer of one's own scales as nobody here knows"


def _count(step: Step) -> int:
    counts = [state["step"] for state in step.torch_optimizer.state.values() if "step" in state]
    return int(counts[0]) if counts else 0


class Update:
    """The linearised iteration as a product; the vector holds both players' weights, then momenta that are kept.

    Args:
        flow: J at the probe.
        groups: of the turn: moves that are made at once, one after the other.
        by_player: each player's optimizer.
    """

    def __init__(self, flow: Flow, groups: Sequence[Sequence[Move]], by_player: Mapping[str, Scaled]):
        self._flow, self._groups, self._by = flow, groups, by_player
        players = flow.probe.players
        self._sizes = {player: flow.probe.size(player) for player in players}
        self._keeps = [player for player in players if by_player[player].momentum != 0]

    @property
    def size(self) -> int:
        return self._flow.size + sum(self._sizes[player] for player in self._keeps)

    def forward(self, vector: Tensor) -> Tensor:
        """What an iteration makes of a small deviation."""
        players = self._flow.probe.players
        pieces = vector.split([self._sizes[each] for each in (*players, *self._keeps)])
        w = dict(zip(players, pieces, strict=False))
        m = dict(zip(self._keeps, pieces[len(players) :], strict=True))
        for group in self._groups:
            at = torch.cat([w[player] for player in players])
            for move in group:
                own = self._by[move.player]
                change = -own.fresh * self._flow.rows(move.player, at)
                if move.player in m:
                    change = m[move.player] = own.momentum * m[move.player] + change
                w[move.player] = w[move.player] - own.scale * change
        return torch.cat([*(w[player] for player in players), *(m[player] for player in self._keeps)])
