"""The kernel's prediction of D's next step, against what that step does.

    dD(y) = sum_x K_P(y, x) dJ/dD(x) - g(y)' P (grad of the penalties) - g(y)' P b m,    K_P(y, x) = g(y)' P g(x)
P is what the optimizer scales by (rate; for Adam over the root of its second moments) and m its momentum. Without the
penalties' own term the equation was wrong by 45 to 86 % under R1. The prediction holds where a step moves D by less
than about its own spread.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.diagnosis.local.duel import Probe
from saddlepoint.diagnosis.local.formula import Linear, outputs_of, penalties_of, value_without_penalties
from saddlepoint.diagnosis.local.update import scaled
from saddlepoint.game.steps import Step
from saddlepoint.objectives.budget import check


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """D's change on the probe's points in one step of the run.

    Attributes:
        predicted, happened: float64 (points,).
        bare: the prediction by the kernel alone, without the penalties' own term.
        spread: the standard deviation of D over the points.
    """

    predicted: Tensor
    happened: Tensor
    bare: Tensor
    spread: float

    @property
    def error(self) -> float | None:
        """|predicted - happened| / |happened|; None where nothing happened."""
        size = float(self.happened.norm())
        return float((self.predicted - self.happened).norm()) / size if size > 0 else None

    @property
    def bare_error(self) -> float | None:
        """The same of the kernel alone."""
        size = float(self.happened.norm())
        return float((self.bare - self.happened).norm()) / size if size > 0 else None

    @property
    def moved(self) -> float | None:
        """The change in units of D's spread."""
        return float(self.happened.square().mean().sqrt()) / self.spread if self.spread > 0 else None


def predict(probe: Probe, step: Step) -> Prediction | str:
    """The next step of D on this very draw, predicted and played; or why it cannot be."""
    check()
    name = probe.players[0]
    theta = probe.tensors(name)
    scored = probe.scored(name)
    outputs = outputs_of(probe, scored)
    gain = torch.autograd.grad(value_without_penalties(probe, outputs), theta, retain_graph=True)
    cost = penalties_of(probe, outputs)
    paid = (
        torch.autograd.grad(cost, theta, retain_graph=True, allow_unused=True)
        if cost.requires_grad
        else [None] * len(theta)
    )
    rise, fall = probe.flat(gain, name), probe.flat(paid, name)
    how = scaled(probe, step, probe.settings, fall - rise)
    if isinstance(how, str):
        return how
    points = torch.cat([scored.real_scores.flatten(), scored.fake_scores.flatten()])
    at_points = Linear([points], theta)

    def seen(direction: Tensor) -> Tensor:
        (moved,) = at_points.push(probe.split(how.scale * direction, name))
        return moved.detach()

    predicted = seen(how.fresh * (rise - fall) - how.momentum * how.history)
    bare = seen(how.fresh * rise - how.momentum * how.history)
    directions = dict(zip(probe.keys(name), probe.split(fall - rise, name), strict=True))
    taken = step.preview({key: each.detach() for key, each in directions.items()}, probe.settings)
    moved = {key: probe.parameters[key[0]][key[1]].detach() - change for key, change in taken.items()}
    after = probe.at(moved).scored(name)
    now = torch.cat([after.real_scores.flatten(), after.fake_scores.flatten()]).detach()
    return Prediction(
        predicted=predicted, bare=bare, happened=now - points.detach(), spread=float(points.detach().std())
    )
