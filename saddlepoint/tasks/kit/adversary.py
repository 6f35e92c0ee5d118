"""The adversary: the discriminator's step and the generator's part in it, for every task that has a discriminator.

    D maximises J = E w f1(D(x)) + E w f2(D(y)), or the paired form, and minimises its penalties
    G maximises I = E w f3(D(y)), or with E w f4(D(x)), or the paired form;     x real, y fake, w weights of samples

(Goodfellow et al. 2014; penalties in `game/penalties.py`.) Which images are shown, beside what and how augmented, is
the task's, which says it by a `Critic` for each side. Where a sample's score depends on that sample alone, one call of
D on both halves gives the scores of two calls, and larger products are cheaper than twice as many; with batch
statistics each side keeps its own. Spectral norm's vectors move once with each call.
"""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.fast.tangent import ByTangent
from saddlepoint.game.network import Network
from saddlepoint.game.penalties import (
    between,
    lecam,
    one_centred,
    per_row,
    per_sample,
    refuse_batch_statistics,
    wide,
    zero_centred,
)
from saddlepoint.game.task import Draw, Loss, Settings
from saddlepoint.objectives import Objective

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
R1, R2, GRADIENT_PENALTY, LECAM = "r1", "r2", "gradient_penalty", "lecam"
# Those on D's input gradient, which a D with batch statistics has no meaning for.
INPUT_PENALTIES = (R1, R2, GRADIENT_PENALTY)
ADVERSARIAL_PENALTIES = (*INPUT_PENALTIES, LECAM)
# In a draw: the share of the real sample at the gradient penalty's points, and weights of the samples where there are.
MIX, WEIGHTS = "mix", "weights"
# In a task's state and in D's draws, for LeCam: the moving averages of D on real and on fake, (2,); and how slowly they
# move.
ANCHORS, ANCHOR_DECAY = "score_averages", 0.99

# (n,), one for each sample; for both sides, or (real side, fake side).
SampleWeights = Tensor | tuple[Tensor | None, Tensor | None] | None


@dataclass(frozen=True, kw_only=True)
class Critic:
    """How images are scored: a discriminator as a function of the images alone.

    Attributes:
        network: (images, *beside) -> scores (n,) or a map of them (n, ...); with `after`, whatever that understands.
        beside: what it is given beside the images, (n, ...) each: labels, sources.
        before: what is done to the images before it sees them (augmentation), without parameters; None for nothing.
        after: makes the score of what it returns (of K logits their logsumexp, of scores and features the scores).
    """

    network: Network
    beside: tuple[Tensor, ...] = ()
    before: Callable[[Tensor], Tensor] | None = None
    after: Callable[[Any], Tensor] | None = None

    def __call__(self, images: Tensor) -> Tensor:
        """Raw scores, (n,) or (n, ...)."""
        made = self.network(images if self.before is None else self.before(images), *self.beside)
        return made if self.after is None else self.after(made)

    def scores_and_gradient(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """D(x) and grad_x D(x), the shape of x, from one forward pass.

        Both are differentiable by D's parameters; where the network is `ByTangent`, as on the hot path, to first order
        and without double backward. The gradient of a map of scores is that of its mean over the sample.
        """
        if isinstance(self.network, ByTangent) and self.after is None:
            return self.network.scores_and_gradient(images, self.beside, self.before)
        if isinstance(self.network, nn.Module) or torch.compiler.is_compiling():
            # So that a whole step can be compiled, and that ordinary backward does not go down to the images.
            slope, scores = torch.func.grad(self._summed, has_aux=True)(images)
            return scores, slope
        # The joint field, at parameters that it names to autograd: torch.func.grad would import the compiler at its
        # first call, which takes a second.
        leaf = images if images.requires_grad else images.detach().requires_grad_()
        with torch.enable_grad():
            total, scores = self._summed(leaf)
            (slope,) = torch.autograd.grad(total, leaf, create_graph=True)
        return scores, slope

    def _summed(self, images: Tensor) -> tuple[Tensor, Tensor]:
        # A sample's score depends on that sample alone (no batch statistics), so the sum's gradient holds each one's.
        scores = self(images)
        return per_sample(wide(scores)).sum(), scores


@dataclass(frozen=True, kw_only=True)
class Adversary:
    """What two players of a GAN make of D's scores.

    Attributes:
        objective: of the game.
        penalties: names out of ADVERSARIAL_PENALTIES; their weights are the settings "penalties.NAME".
        joint_scoring: each score depends on its sample alone, so that D may be shown both sides in one call.
        ending: of the names of terms, costs and outputs, where a task plays two games.
    """

    objective: Objective
    penalties: tuple[str, ...] = ()
    joint_scoring: bool = False
    ending: str = ""

    def __post_init__(self) -> None:
        self.objective.check_trainable()
        for name in self.penalties:
            if name not in ADVERSARIAL_PENALTIES:
                raise UserError(
                    f"penalty {name!r}", f"one of {', '.join(ADVERSARIAL_PENALTIES)}", "choose one of these"
                )

    def discriminator(
        self,
        on_real: Critic,
        real: Tensor,
        on_fake: Critic,
        fake: Tensor,
        draw: Draw,
        settings: Settings,
        weights: SampleWeights = None,
    ) -> Loss:
        """D's terms and penalties.

        Args:
            on_real, on_fake: the same D, with what each side has beside and before.
            real, fake: (n, ...) each.
            draw: with what `draw` has added.
            settings: with the penalties' weights.
            weights: of the samples; a term is the mean of weight times value, and so is a penalty.
        """
        asked = R1 in self.penalties, R2 in self.penalties
        # A gradient that is asked for on one side alone would cost as much for the other.
        if self.joint_scoring and asked[0] == asked[1]:
            both = _on_both(on_real, on_fake, len(real))
            images = torch.cat([real, fake])
            found, slopes = both.scores_and_gradient(images) if asked[0] else (both(images), None)
            real_scores, fake_scores = found[: len(real)], found[len(real) :]
            of_real, of_fake = (None, None) if slopes is None else (slopes[: len(real)], slopes[len(real) :])
        else:
            real_scores, of_real = on_real.scores_and_gradient(real) if asked[0] else (on_real(real), None)
            fake_scores, of_fake = on_fake.scores_and_gradient(fake) if asked[1] else (on_fake(fake), None)

        for_real, for_fake = weights if isinstance(weights, tuple) else (weights, weights)
        strengths = {name: settings[f"penalties.{name}"] for name in self.penalties}
        costs: dict[str, Tensor] = {}
        if of_real is not None:
            costs[R1] = zero_centred(of_real, strengths[R1], for_real)
        if of_fake is not None:
            costs[R2] = zero_centred(of_fake, strengths[R2], for_fake)
        if GRADIENT_PENALTY in self.penalties:
            # The point between a real and a fake image is augmented as the real one is.
            mix = draw[MIX + self.ending]
            _, slope = on_real.scores_and_gradient(between(real, fake, mix))
            costs[GRADIENT_PENALTY] = one_centred(slope, strengths[GRADIENT_PENALTY], _mixed(for_real, for_fake, mix))
        if LECAM in self.penalties:
            anchors = draw[ANCHORS + self.ending][0]
            costs[LECAM] = lecam(real_scores, fake_scores, anchors, strengths[LECAM], (for_real, for_fake))
        sides = {"real": (real_scores.detach(), for_real), "fake": (fake_scores.detach(), for_fake)}
        return Loss(
            value=self._named(self.objective.discriminator_terms(real_scores, fake_scores, _fit(weights, real_scores))),
            costs=self._named(costs),
            outputs=self._named({name: _mean(self.objective.score(each), w) for name, (each, w) in sides.items()}),
            shown=self._named(
                {name: each for name, (each, _) in sides.items()}
                | {f"{name}_weights": w for name, (_, w) in sides.items() if w is not None}
            ),
        )

    def generator(
        self,
        on_real: Critic,
        real: Tensor | None,
        on_fake: Critic,
        fake: Tensor,
        weights: SampleWeights = None,
        best: float | None = None,
    ) -> Loss:
        """G's terms.

        Args:
            on_real, on_fake, real, fake, weights: as for D; `real` may be None where G's terms need none.
            best: of the fakes only this share counts, those with the highest scores, with what stands beside them
                (Sinha et al. 2020).
        """
        real_scores = None
        if self.objective.generator_uses_real:
            assert real is not None, "G's terms of this objective need D's scores of real samples"
            real_scores = on_real(real)
        fake_scores = on_fake(fake)
        if best is not None:
            kept = fake_scores.detach().topk(max(1, round(best * len(fake_scores)))).indices
            fake_scores, real_scores = fake_scores[kept], None if real_scores is None else real_scores[kept]
            weights = _each(weights, lambda side: side[kept])
        terms = self.objective.generator_terms(fake_scores, real_scores, _fit(weights, fake_scores))
        return Loss(value=self._named(terms))

    # What a run and a draw need to know of it

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings that D's step reads."""
        return tuple(f"penalties.{name}" for name in self.penalties)

    @property
    def whole_batch(self) -> str | None:
        """Why the loss of a batch is not the mean of its parts' losses; None where it is."""
        means = self.objective.coupling == "means"
        return "each score is compared with the other side's mean over the batch" if means else None

    def check(self, discriminator: nn.Module) -> None:
        """Refuses a discriminator that its penalties have no meaning for.

        Raises:
            UserError: D normalises over the batch, and there is a penalty on its input gradient.
        """
        refuse_batch_statistics(discriminator, [name for name in self.penalties if name in INPUT_PENALTIES])

    def begin(self, device: torch.device) -> dict[str, Tensor]:
        """Its part of the task's history, where that begins."""
        return {ANCHORS + self.ending: torch.zeros(2, device=device)} if LECAM in self.penalties else {}

    def draw(self, numbers: Callable[[str, int], Tensor], state: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
        """What D's draw holds for it, beside what is the task's.

        Args:
            numbers: (stream, width) -> uniform numbers of this step, (count, width).
            state: the task's history.
            count: samples of the draw.
        """
        tensors: dict[str, Tensor] = {}
        if LECAM in self.penalties:
            # History reaches a loss through its draw alone: one row per sample, each the same.
            tensors[ANCHORS + self.ending] = state[ANCHORS + self.ending].expand(count, 2)
        if GRADIENT_PENALTY in self.penalties:
            tensors[MIX + self.ending] = numbers(MIX + self.ending, 1).float()
        return tensors

    def remember(self, state: MutableMapping[str, Tensor], loss: Loss) -> None:
        """Takes D's scores of one step into the history."""
        if LECAM in self.penalties:
            means = [
                _mean(loss.shown[side + self.ending], loss.shown.get(f"{side}_weights{self.ending}"))
                for side in ("real", "fake")
            ]
            name = ANCHORS + self.ending
            state[name] = torch.lerp(torch.stack(means), state[name], ANCHOR_DECAY)

    def _named(self, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {f"{name}{self.ending}": term for name, term in terms.items()}


def _on_both(on_real: Critic, on_fake: Critic, count: int) -> Critic:
    """D for both sides in one batch, the first `count` of them real."""
    before_real, before_fake = on_real.before, on_fake.before
    beside = tuple(torch.cat(each) for each in zip(on_real.beside, on_fake.beside, strict=True))
    if before_real is None or before_fake is None:
        return replace(on_real, beside=beside)

    def before(images: Tensor) -> Tensor:
        return torch.cat([before_real(images[:count]), before_fake(images[count:])])

    return replace(on_real, beside=beside, before=before)


def _each(weights: SampleWeights, change: Callable[[Tensor], Tensor]) -> SampleWeights:
    if isinstance(weights, tuple):
        real, fake = (None if side is None else change(side) for side in weights)
        return real, fake
    return None if weights is None else change(weights)


def _fit(weights: SampleWeights, scores: Tensor) -> SampleWeights:
    """The weights of samples as they meet scores (n,) or maps of them (n, ...)."""
    return _each(weights, lambda side: per_row(side, scores))


def _mixed(real: Tensor | None, fake: Tensor | None, mix: Tensor) -> Tensor | None:
    """Weights of the points between: as much of each side's as there is of its sample."""
    if real is None and fake is None:
        return None
    u = mix.flatten()
    return u * (1.0 if real is None else real) + (1 - u) * (1.0 if fake is None else fake)


def _mean(scores: Tensor, weights: Tensor | None) -> Tensor:
    """The mean score of a side, a scalar; with weights sum(w D) / sum(w)."""
    if weights is None:
        return scores.float().mean()
    spread = per_row(weights, scores).expand_as(scores).float()
    return (spread * scores.float()).sum() / spread.sum()
