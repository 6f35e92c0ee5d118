"""D's scores of real and fake images, with the input gradients that penalties ask for, in as few calls as may be.

Where a sample's score depends on that sample alone, one call on both halves gives the scores of two calls, and larger
products are cheaper than twice as many. With batch statistics each side keeps its own: two calls. Spectral norm's
vectors move once with each call.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.game.penalties import Judge, scores_and_gradient


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Raw scores (n,) of both sides, and D's input gradients, by the name of the penalty that asked for one."""

    real: Tensor
    fake: Tensor
    gradients: dict[str, Tensor]


# The penalty on D's input gradient at each side's images.
ON_REAL, ON_FAKE = "r1", "r2"


def scores(
    on_real: Judge, on_fake: Judge, real: Tensor, fake: Tensor, *, penalties: Collection[str], one_call: bool
) -> Scores:
    """Shows D both sides.

    Args:
        on_real, on_fake: the same D, with each side's labels and augmentation.
        real, fake: (n, ...) each.
        penalties: of these "r1" asks for D's input gradient at the real images, "r2" at the fakes.
        one_call: D's scores do not depend on what else is in the batch.
    """
    asked = [name in penalties for name in (ON_REAL, ON_FAKE)]
    # A gradient that is asked for on one side alone would cost as much for the other.
    if not one_call or asked[0] != asked[1]:
        real_scores, of_real = _scores(on_real, real, asked[0])
        fake_scores, of_fake = _scores(on_fake, fake, asked[1])
    else:
        found, gradient = _scores(_on_both(on_real, on_fake, len(real)), torch.cat([real, fake]), asked[0])
        real_scores, fake_scores = found[: len(real)], found[len(real) :]
        of_real, of_fake = (None, None) if gradient is None else (gradient[: len(real)], gradient[len(real) :])
    gradients = {name: each for name, each in ((ON_REAL, of_real), (ON_FAKE, of_fake)) if each is not None}
    return Scores(real=real_scores, fake=fake_scores, gradients=gradients)


def _scores(judge: Judge, images: Tensor, gradient: bool) -> tuple[Tensor, Tensor | None]:
    return scores_and_gradient(judge, images) if gradient else (judge(images), None)


def _on_both(on_real: Judge, on_fake: Judge, count: int) -> Judge:
    before_real, before_fake = on_real.before, on_fake.before
    labels = tuple(torch.cat(each) for each in zip(on_real.labels, on_fake.labels, strict=True))
    if before_real is None or before_fake is None:
        return Judge(network=on_real.network, labels=labels)

    def before(images: Tensor) -> Tensor:
        return torch.cat([before_real(images[:count]), before_fake(images[count:])])

    return Judge(network=on_real.network, labels=labels, before=before)
