"""The duality gap: how much each player could still win against the other as it stands (Grnarova et al. 2019).

    gap = (J(D*, G) - J(D, G)) + (I(D, G*) - I(D, G)),    D*, G*: copies after some steps of best response
Each player's value is that of its own game, penalties included. It is near 0 at an equilibrium and large where
something is wrong; it does not say what, so it confirms and does not name.
"""

import torch
from torch import Tensor

from saddlepoint.diagnosis.local.duel import Key, Probe
from saddlepoint.game.field import cost
from saddlepoint.game.task import Draw
from saddlepoint.objectives.budget import check

STEPS, RATE = 40, 1e-3


def duality_gap(probe: Probe, draws: list[Draw]) -> tuple[float, float]:
    """What the discriminator and what the generator win by a best response of so many steps as there are draws.

    Args:
        probe: where the values are measured.
        draws: of the steps; others than the probe's, so that nothing is learnt by heart.
    """
    won = []
    for name in probe.players:
        before = value(probe, name)
        moved = _best_response(probe, name, draws)
        won.append(value(probe.at(moved), name) - before)
    return won[0], won[1]


def value(probe: Probe, name: str) -> float:
    """What a player maximises, minus what it pays, on the probe's draw."""
    return -float(_cost(probe, name).detach())


def _cost(probe: Probe, name: str) -> Tensor:
    player = next(each for each in probe.duel.players if each.name == name)
    return cost(probe.field.loss(player, probe.networks(), probe.draw, probe.settings))


def _best_response(probe: Probe, name: str, draws: list[Draw]) -> dict[Key, Tensor]:
    here = probe.at({})
    tensors = here.tensors(name)
    optimizer = torch.optim.Adam(tensors, lr=RATE)
    for draw in draws:
        check()
        gradients = torch.autograd.grad(_cost(here.on(draw), name), tensors, allow_unused=True)
        for tensor, gradient in zip(tensors, gradients, strict=True):
            tensor.grad = gradient
        optimizer.step()
    return dict(zip(here.keys(name), (tensor.detach() for tensor in tensors), strict=True))
