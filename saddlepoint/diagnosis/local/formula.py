"""The theory's formula for J, with factors of the rest point and with each sample's own.

    J = [[h Q - gamma L, c B], [k B^T, 0]]        Q = E_pd[g g'], g = d_theta D;  B = E[d_theta d_x D . d_phi G];
                                                  L = E[d_theta d_x D  d_x d_theta D'] (R1)
is the Jacobian near a matched generator with D constant on the support. Elsewhere, with o the scores of both sides and
the input gradients that are penalised, each player's value is an outer function V(o), and without the networks' own
curvature (sum of V_o d_theta^2 o, sum of V_o d_phi^2 o)
    own block    o_theta' V_oo o_theta                            (of scores: E f1''(a) g g' + E f2''(a) g g')
    cross block  o_theta' V_oo o_phi + sum V_o d_theta d_phi o    (E f2''(a) g p' + E f2'(a) d_theta d_phi D,
                                                                  p = d_phi D)
and likewise for G with f3: the cross blocks are exact. Both serve separable and paired objectives.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from saddlepoint.diagnosis.local.duel import Probe, Scored
from saddlepoint.diagnosis.local.rest import Rest
from saddlepoint.game.corrections.joint import twice_differentiable
from saddlepoint.game.penalties import between, lecam, one_centred, zero_centred
from saddlepoint.objectives.budget import check

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


def discriminator_value(probe: Probe, outputs: Outputs) -> Tensor:
    """J minus the penalties, a scalar, as a function of the outputs alone."""
    return value_without_penalties(probe, outputs) - penalties_of(probe, outputs)


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
    """One player's two blocks with each sample's own factors."""

    def __init__(self, probe: Probe, index: int, value: Callable[[Probe, Outputs], Tensor]):
        self._probe, (self._own, self._other) = probe, (probe.players[index], probe.players[1 - index])
        with twice_differentiable():
            scored = probe.scored(self._own)
            outputs = (
                outputs_of(probe, scored)
                if index == 0
                else {
                    "real": scored.real_scores,
                    "fake": scored.fake_scores,
                }
            )
            flat = list(outputs.values())
            leaves = [each.detach().clone().requires_grad_() for each in flat]
            total = value(probe, dict(zip(outputs, leaves, strict=True)))
            self._leaves = leaves
            self._slope = _gradients([total], leaves, [torch.ones_like(total)], create_graph=True)
            self._by_own = Linear(flat, probe.tensors(self._own))
            self._by_other = Linear(flat, probe.tensors(self._other))
            # Its second derivative across the players is sum V_o d_own d_other o.
            mean = torch.stack([(o * s.detach()).sum() for o, s in zip(flat, self._slope, strict=True)]).sum()
            other = probe.tensors(self._other)
            self._crossed = _gradients([mean], other, [torch.ones_like(mean)], create_graph=True)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """The player's rows times a vector in two parts."""
        check()
        probe, tensors = self._probe, self._probe.tensors(self._own)
        at_own, at_other = probe.split(own, self._own), probe.split(other, self._other)
        moved = [a + b for a, b in zip(self._by_own.push(at_own), self._by_other.push(at_other), strict=True)]
        bent = _gradients(self._slope, self._leaves, moved)
        through = probe.flat(self._by_own.pull(bent), self._own)
        return through + probe.flat(_gradients(self._crossed, tensors, at_other), self._own)


class PerSample:
    """The formula with each sample's own factors."""

    def __init__(self, probe: Probe):
        self._count = probe.size(probe.players[0])
        self._discriminator = Own(probe, 0, discriminator_value)
        self._generator = Own(probe, 1, generator_value)

    def forward(self, v: Tensor) -> Tensor:
        """The formula's J times v."""
        theta, phi = v[: self._count], v[self._count :]
        return torch.cat([self._discriminator.forward(theta, phi), self._generator.forward(phi, theta)])


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
            self._penalised = {name: each for name, each in outputs.items() if name not in ("real", "fake")}
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
