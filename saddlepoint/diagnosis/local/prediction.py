"""The kernel's prediction of D's next step, against what that step does.

    dD(y) = sum_x K_P(y, x) dJ/dD(x) - g(y)' P (grad of the penalties) - g(y)' P b m,    K_P(y, x) = g(y)' P g(x)
P is what the optimizer scales by (the rate; for Adam over the root of its second moments, this step's gradient
included) and m its momentum. Without the penalties' own term the equation was wrong by 45 to 86 % under R1. What is
left is how the kernel itself changes along the step. It is told in two ways: by the same step cut in halves until D
moves by less than half its own spread, where the equation has to hold, and by the kernel of the step's middle (second
order). Adam moves a weight that has hardly any gradient as far as all others, the more so the smaller its beta2: such a
step is long in weights for what it does to D, and bends more than its effect tells.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.diagnosis.local.duel import Probe, Scored
from saddlepoint.diagnosis.local.formula import Linear, outputs_of, penalties_of, value_without_penalties
from saddlepoint.diagnosis.local.update import scaled
from saddlepoint.game.steps import Step
from saddlepoint.objectives.budget import check

# The equation is asked for where D moves by less than this share of its spread; so many halvings are tried.
SMALL, _HALVINGS = 0.5, 20


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """D's change on the probe's points in one step of the run.

    Attributes:
        predicted, happened: float64 (points,).
        bare: the prediction by the kernel alone, without the penalties' own term.
        midway: the prediction with the kernel of the step's middle.
        share: of the step, at which D moves by less than SMALL of its spread; small: what happened there, (points,).
        spread: the standard deviation of D over the points.
    """

    predicted: Tensor
    happened: Tensor
    bare: Tensor
    midway: Tensor
    share: float
    small: Tensor
    spread: float

    @property
    def error(self) -> float | None:
        """|predicted - happened| / |happened|; None where nothing happened."""
        return _error(self.predicted, self.happened)

    @property
    def bare_error(self) -> float | None:
        """The same of the kernel alone."""
        return _error(self.bare, self.happened)

    @property
    def midway_error(self) -> float | None:
        """The same with the kernel of the step's middle."""
        return _error(self.midway, self.happened)

    @property
    def small_error(self) -> float | None:
        """The error of that share of the step."""
        return _error(self.share * self.predicted, self.small)

    @property
    def moved(self) -> float | None:
        """The change in units of D's spread."""
        return _moved(self.happened, self.spread)

    @property
    def small_moved(self) -> float | None:
        """The same of that share of the step."""
        return _moved(self.small, self.spread)


def _error(predicted: Tensor, happened: Tensor) -> float | None:
    size = float(happened.norm())
    return float((predicted - happened).norm()) / size if size > 0 else None


def _moved(change: Tensor, spread: float) -> float | None:
    return float(change.square().mean().sqrt()) / spread if spread > 0 else None


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
    points = _points(scored)
    at_points = Linear([points], theta)

    def seen(direction: Tensor) -> Tensor:
        (moved,) = at_points.push(probe.split(how.scale * direction, name))
        return moved.detach()

    predicted = seen(how.fresh * (rise - fall) - how.momentum * how.history)
    bare = seen(how.fresh * rise - how.momentum * how.history)
    directions = dict(zip(probe.keys(name), probe.split(fall - rise, name), strict=True))
    taken = step.preview({key: each.detach() for key, each in directions.items()}, probe.settings)

    def after(share: float) -> Probe:
        moved = {key: probe.parameters[key[0]][key[1]].detach() - share * change for key, change in taken.items()}
        return probe.at(moved)

    def happened(share: float) -> Tensor:
        return _points(after(share).scored(name)).detach() - points.detach()

    share, spread, whole = 1.0, float(points.detach().std()), happened(1.0)
    small = whole
    while (moved := _moved(small, spread)) is not None and moved >= SMALL and share > 2.0**-_HALVINGS:
        share /= 2
        small = happened(share)
    middle = after(0.5)
    steps = [-taken[key].detach() for key in middle.keys(name)]
    (midway,) = Linear([_points(middle.scored(name))], middle.tensors(name)).push(steps)
    return Prediction(
        predicted=predicted,
        bare=bare,
        midway=midway.detach(),
        happened=whole,
        share=share,
        small=small,
        spread=spread,
    )


def _points(scored: Scored) -> Tensor:
    """D on all items of a probe, (points,)."""
    return torch.cat([scored.real_scores.flatten(), scored.fake_scores.flatten()])
