"""The theory's formula for J, with factors of the rest point and with each sample's own, and what it leaves out.

    J = [[h Q - gamma L, c B], [k B^T, 0]]        Q = E_pd[g g'], g = d_theta D;  B = E[d_theta d_x D . d_phi G];
                                                  L = E[d_theta d_x D  d_x d_theta D'] (R1)
is the Jacobian near a matched generator with D constant on the support. Elsewhere, with o the scores of both sides and
the input gradients that are penalised, each player's value is an outer function V(o), and by the chain rule J is
    loss         o_theta' V_oo o_theta of the objective           (of scores: E f1''(a) g g' + E f2''(a) g g')
    penalties    the same of the penalties                        (R1: -gamma L)
    players      o_theta' V_oo o_phi + sum V_o d_theta d_phi o    (E f2''(a) g p' + E f2'(a) d_theta d_phi D,
                                                                  p = d_phi D)
    curvature    sum of V_o d_theta^2 o over scores               (E f1'(a) H_D(x) + E f2'(a) H_D(G), H_D = d_theta^2 D)
    penalty_curvature   the same over the penalised input gradients
and likewise for G with f3: its curvature is E f3'(a) d_phi^2 D(G). The first three are the formula with each sample's
own factors, whose cross blocks are exact; all five are J. Between real and fake D's curvature cancels as far as the
generator matches the data, so it is small where G is good or the networks bend little. Batch statistics are no special
case: o are the scores of the whole batch, as functions of all that the batch goes through.
Both serve separable and paired objectives.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from saddlepoint.diagnosis.local.duel import Probe, Scored
from saddlepoint.diagnosis.local.rest import Rest
from saddlepoint.game.corrections.joint import twice_differentiable
from saddlepoint.game.penalties import between, lecam, one_centred, zero_centred
from saddlepoint.objectives.budget import check

# What J is the sum of; the first three are the formula with each sample's own factors.
LOSS, PLAYERS, PENALTIES, CURVATURE, PENALTY_CURVATURE = (
    "loss",
    "players",
    "penalties",
    "curvature",
    "penalty_curvature",
)
FORMULA = (LOSS, PLAYERS, PENALTIES)
TERMS = (*FORMULA, CURVATURE, PENALTY_CURVATURE)
# The outputs that are scores; all others are input gradients.
SCORES = ("real", "fake")
# Named outputs of the networks: "real" and "fake" scores, input gradients by penalty.
Outputs = Mapping[str, Tensor]


def outputs_of(probe: Probe, scored: Scored) -> dict[str, Tensor]:
    """What the discriminator's value is a function of: scores, and input gradients where they are penalised."""
    outputs = {"real": scored.real_scores, "fake": scored.fake_scores}
    if probe.gamma("r1"):
        outputs["r1"] = scored.on_real.scores_and_gradient(scored.real)[1]
    if probe.gamma("r2"):
        outputs["r2"] = scored.on_fake.scores_and_gradient(scored.fake)[1]
    if probe.gamma("gradient_penalty"):
        points = between(scored.real, scored.fake, probe.draw["mix"])
        outputs["gradient_penalty"] = scored.on_real.scores_and_gradient(points)[1]
    return outputs


def value_without_penalties(probe: Probe, outputs: Outputs) -> Tensor:
    """J, a scalar."""
    return sum_of(probe.duel.objective.discriminator_terms(outputs["real"], outputs["fake"]))


def penalties_of(probe: Probe, outputs: Outputs) -> Tensor:
    """What D minimises beside, a scalar."""
    total = outputs["real"].new_zeros(())
    for name in ("r1", "r2"):
        if name in outputs:
            total = total + zero_centred(outputs[name], probe.gamma(name))
    if "gradient_penalty" in outputs:
        total = total + one_centred(outputs["gradient_penalty"], probe.gamma("gradient_penalty"))
    if weight := probe.gamma("lecam"):
        total = total + lecam(outputs["real"], outputs["fake"], probe.draw["score_averages"][0], weight)
    return total


def generator_value(probe: Probe, outputs: Outputs) -> Tensor:
    """I, a scalar."""
    return sum_of(probe.duel.objective.generator_terms(outputs["fake"], outputs["real"]))


def sum_of(terms: Mapping[str, Tensor]) -> Tensor:
    """The terms' sum, a scalar."""
    return torch.stack([*terms.values()]).sum()


class Linear:
    """The derivative of outputs by some parameters, as products in both directions.

    Args:
        outputs: with their graph.
        inputs: the parameters.
    """

    def __init__(self, outputs: Sequence[Tensor], inputs: Sequence[Tensor]):
        self._outputs, self._inputs = list(outputs), list(inputs)
        self._u = [torch.zeros_like(each, requires_grad=True) for each in outputs]
        self._of_u: list[Tensor] | None = None

    def pull(self, u: Sequence[Tensor]) -> list[Tensor]:
        """sum of u . d outputs, for each input."""
        return _gradients(self._outputs, self._inputs, u)

    def push(self, v: Sequence[Tensor]) -> list[Tensor]:
        """d outputs . v, for each output."""
        if self._of_u is None:
            self._of_u = _gradients(self._outputs, self._inputs, self._u, create_graph=True)
        return _gradients(self._of_u, self._u, v)


class Own:
    """One player's two blocks, by terms."""

    def __init__(self, probe: Probe, index: int):
        self._probe, (self._own, self._other) = probe, (probe.players[index], probe.players[1 - index])
        with twice_differentiable():
            scored = probe.scored(self._own)
            outputs = {"real": scored.real_scores, "fake": scored.fake_scores}
            if index == 0:
                outputs |= outputs_of(probe, scored)
            flat = list(outputs.values())
            self._leaves = [each.detach().clone().requires_grad_() for each in flat]
            at_leaves = dict(zip(outputs, self._leaves, strict=True))
            values = {LOSS: generator_value(probe, at_leaves)}
            if index == 0:
                values = {
                    LOSS: value_without_penalties(probe, at_leaves),
                    PENALTIES: -penalties_of(probe, at_leaves),
                }
            self._slopes = {
                name: _gradients([value], self._leaves, [torch.ones_like(value)], create_graph=True)
                for name, value in values.items()
            }
            self._slope = [torch.stack(each).sum(0) for each in zip(*self._slopes.values(), strict=True)]
            self._by_own = Linear(flat, probe.tensors(self._own))
            self._by_other = Linear(flat, probe.tensors(self._other))
            # With constant V_o: a second derivative across the players is sum V_o d_own d_other o, within one player
            # it is that player's curvature.
            linear = {
                name: (o * slope.detach()).sum() for name, o, slope in zip(outputs, flat, self._slope, strict=True)
            }
            of_scores, of_inputs = (
                torch.stack(
                    [each for name, each in linear.items() if (name in SCORES) == scores] or [flat[0].new_zeros(())]
                ).sum()
                for scores in (True, False)
            )
            self._crossed = self._slope_of(of_scores + of_inputs, self._other)
            self._bent = {
                CURVATURE: self._slope_of(of_scores, self._own),
                PENALTY_CURVATURE: self._slope_of(of_inputs, self._own),
            }

    def _slope_of(self, value: Tensor, player: str) -> list[Tensor]:
        return _gradients([value], self._probe.tensors(player), [torch.ones_like(value)], create_graph=True)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """The player's rows times a vector in two parts, without curvature."""
        check()
        at_own, at_other = self._probe.split(own, self._own), self._probe.split(other, self._other)
        moved = [a + b for a, b in zip(self._by_own.push(at_own), self._by_other.push(at_other), strict=True)]
        return self._through(self._slope, moved) + self._across(at_other)

    def terms(self, own: Tensor, other: Tensor) -> dict[str, Tensor]:
        """The same by terms, and what `forward` leaves out."""
        check()
        at_own, at_other = self._probe.split(own, self._own), self._probe.split(other, self._other)
        moved = self._by_own.push(at_own)
        made = {name: self._through(slope, moved) for name, slope in self._slopes.items()}
        made[PLAYERS] = self._through(self._slope, self._by_other.push(at_other)) + self._across(at_other)
        for name, bent in self._bent.items():
            made[name] = self._probe.flat(_gradients(bent, self._probe.tensors(self._own), at_own), self._own)
        return made

    def _through(self, slope: Sequence[Tensor], moved: Sequence[Tensor]) -> Tensor:
        return self._probe.flat(self._by_own.pull(_gradients(slope, self._leaves, moved)), self._own)

    def _across(self, other: Sequence[Tensor]) -> Tensor:
        return self._probe.flat(_gradients(self._crossed, self._probe.tensors(self._own), other), self._own)


class PerSample:
    """The formula with each sample's own factors, and J by its terms."""

    def __init__(self, probe: Probe):
        self._count = probe.size(probe.players[0])
        self._discriminator, self._generator = Own(probe, 0), Own(probe, 1)

    def forward(self, v: Tensor) -> Tensor:
        """The formula's J times v: without curvature."""
        theta, phi = v[: self._count], v[self._count :]
        return torch.cat([self._discriminator.forward(theta, phi), self._generator.forward(phi, theta)])

    def terms(self, v: Tensor) -> dict[str, Tensor]:
        """Each term of J times v, by TERMS; those of a game without penalties are zero."""
        theta, phi = v[: self._count], v[self._count :]
        of_d, of_g = self._discriminator.terms(theta, phi), self._generator.terms(phi, theta)
        return {
            name: torch.cat([of_d.get(name, torch.zeros_like(theta)), of_g.get(name, torch.zeros_like(phi))])
            for name in TERMS
        }


class AtRest:
    """The formula with the constants h, c and k of the rest point; Q is a covariance where the objective is paired."""

    def __init__(self, probe: Probe, rest: Rest):
        self._probe, self._rest = probe, rest
        first, second = probe.players
        with twice_differentiable():
            scored = probe.scored(first)
            theta, phi = probe.tensors(first), probe.tensors(second)
            self._real = Linear([scored.real_scores], theta)
            outputs = outputs_of(probe, scored)
            self._penalised = {name: each for name, each in outputs.items() if name not in SCORES}
            self._leaves = {name: each.detach().clone().requires_grad_() for name, each in self._penalised.items()}
            of_both = {"real": scored.real_scores.detach(), "fake": scored.fake_scores.detach(), **self._leaves}
            self._cost = penalties_of(probe, of_both)
            self._slopes = _gradients(
                [self._cost], [*self._leaves.values()], [torch.ones_like(self._cost)], create_graph=True
            )
            self._by_theta = Linear([*self._penalised.values()], theta)
            mean = scored.fake_scores.mean()
            one = [torch.ones_like(mean)]
            self._by_phi = _gradients([mean], phi, one, create_graph=True)
            self._on_theta = _gradients([mean], theta, one, create_graph=True)

    def forward(self, v: Tensor) -> Tensor:
        """The formula's J times v."""
        check()
        probe, (first, second) = self._probe, self._probe.players
        count = probe.size(first)
        theta, phi = probe.split(v[:count], first), probe.split(v[count:], second)
        (pushed,) = self._real.push(theta)
        if probe.duel.objective.coupling is not None:
            pushed = pushed - pushed.mean()
        top = self._rest.h * probe.flat(self._real.pull([pushed / pushed.numel()]), first)
        if self._penalised:
            bent = _gradients(self._slopes, [*self._leaves.values()], self._by_theta.push(theta))
            top = top - probe.flat(self._by_theta.pull(bent), first)
        # B phi and B' theta, from the mean score of the fakes.
        crossed = probe.flat(_gradients(self._by_phi, probe.tensors(first), phi), first)
        bottom = probe.flat(_gradients(self._on_theta, probe.tensors(second), theta), second)
        return torch.cat([top + self._rest.c * crossed, self._rest.k * bottom])


def _gradients(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], weights: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor]:
    live = [(output, weight) for output, weight in zip(outputs, weights, strict=True) if output.requires_grad]
    if not live or not inputs:
        return [torch.zeros_like(each) for each in inputs]
    return list(
        torch.autograd.grad(
            [output for output, _ in live],
            list(inputs),
            [weight for _, weight in live],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
            materialize_grads=True,
        )
    )
