"""Penalties on the discriminator, on its input gradient and on its scores, and one on weights.

    R1: (gamma/2) E |grad_x D(x)|^2      on real images (Mescheder et al. 2018)
    R2: the same on fakes
    gradient penalty: lambda E (|grad_x D(x')| - 1)^2, x' = u x + (1 - u) G(z)      (Gulrajani et al. 2017)
    LeCam: weight (E (D(x) - a_fake)^2 + E (D(G(z)) - a_real)^2), a: moving averages of the scores (Tseng et al. 2021)
    orthogonal regularisation: 1/2 sum over W of |W W^T * (1 - I)|_F^2      (Brock, Donahue and Simonyan 2019)

|.|^2 sums over a sample's own elements, E averages over samples. Each is minimised. The input gradient goes through
torch.func.grad, so that a whole step can be compiled; on the hot path of a piecewise linear D through `tangent.py`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.fast.tangent import ByTangent

# A discriminator as a function of the images alone: labels and augmentation are already inside.
Score = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Such a function in its parts, so that a discriminator that knows its own input gradient can be asked for it.

    Attributes:
        network: (images, *labels) -> scores (n,).
        labels: what it is given beside the images.
        before: what is done to the images before it sees them (augmentation), without parameters; None for nothing.
    """

    network: Callable[..., Tensor]
    labels: tuple[Tensor, ...] = ()
    before: Callable[[Tensor], Tensor] | None = None

    def __call__(self, images: Tensor) -> Tensor:
        return self.network(images if self.before is None else self.before(images), *self.labels)


def scores_and_gradient(score: Score, images: Tensor) -> tuple[Tensor, Tensor]:
    """D(x), (n,), and grad_x D(x), the shape of x, from one forward pass; both differentiable by D's parameters.

    Of a `Judge` whose network is `ByTangent`, as on the hot path, to first order and without double backward.
    """
    if isinstance(score, Judge) and isinstance(score.network, ByTangent):
        return score.network.scores_and_gradient(images, score.labels, score.before)
    if isinstance(score, Judge) and not isinstance(score.network, nn.Module) and not torch.compiler.is_compiling():
        # The joint field, at parameters that it names to autograd. Ordinary backward would also go down to the images,
        # but torch.func.grad imports the compiler at its first call, which takes a second.
        leaf = images if images.requires_grad else images.detach().requires_grad_()
        with torch.enable_grad():
            scores = score(leaf)
            (gradient,) = torch.autograd.grad(_wide(scores).sum(), leaf, create_graph=True)
        return scores, gradient

    def summed(inputs: Tensor) -> tuple[Tensor, Tensor]:
        # A sample's score depends on that sample alone (no batch statistics), so the sum's gradient holds each one's.
        scores = score(inputs)
        return _wide(scores).sum(), scores

    gradient, scores = torch.func.grad(summed, has_aux=True)(images)
    return scores, gradient


def zero_centred(gradient: Tensor, gamma: float) -> Tensor:
    """R1 or R2 from an input gradient (n, ...): (gamma/2) mean of the squared norms, a scalar."""
    return gamma / 2 * _wide(gradient).square().flatten(1).sum(1).mean()


def one_centred(score: Score, real: Tensor, fake: Tensor, mix: Tensor, weight: float) -> Tensor:
    """The gradient penalty of WGAN-GP, a scalar.

    Args:
        score: the discriminator.
        real, fake: (n, ...).
        mix: u in (0, 1), (n,): the share of the real sample.
        weight: lambda.
    """
    u = mix.reshape(-1, *[1] * (real.dim() - 1)).to(real.dtype)
    _, gradient = scores_and_gradient(score, u * real + (1 - u) * fake)
    # The norm's derivative at 0 is undefined; a double of the smallest normal number keeps it finite there.
    norm = (_wide(gradient).square().flatten(1).sum(1) + 1e-24).sqrt()
    return weight * (norm - 1).square().mean()


def lecam(real_scores: Tensor, fake_scores: Tensor, anchors: Tensor, weight: float) -> Tensor:
    """LeCam's regularisation, a scalar: each side is drawn to where the other side's scores have been.

    Args:
        real_scores, fake_scores: raw, (n,).
        anchors: the moving averages of both, (2,): real, fake.
        weight: of the penalty.
    """
    real, fake = _wide(real_scores) - anchors[1], _wide(fake_scores) - anchors[0]
    return weight * (real.square().mean() + fake.square().mean())


def orthogonal_regularisation(parameters: Mapping[str, Tensor], left_out: Collection[str] = ()) -> Tensor:
    """Half the squared inner products of different rows, summed over all matrices; to be weighted (1e-4 in BigGAN).

    Its gradient is the published one, 2 (W W^T * (1 - I)) W; * is element by element.

    Args:
        parameters: by name, as in dict(network.named_parameters()). Those of two dimensions or more are matrices with
            a row per output; under spectral norm they are the weights before it. Others are passed over.
        left_out: names of parameters, or of the modules that hold them, that go free ("embedding").

    Returns:
        A scalar.

    Raises:
        UserError: a name in `left_out` that leaves nothing out, or no matrices.
    """
    for name in left_out:
        if not any(_belongs(key, name) for key in parameters):
            raise UserError(f"{name!r} to leave out", "the name of a parameter or module", "take the name away")
    matrices = [
        weight.flatten(1)
        for key, weight in parameters.items()
        if weight.dim() > 1 and not any(_belongs(key, name) for name in left_out)
    ]
    if not matrices:
        raise UserError("no matrices to regularise", "a network with weights of two dimensions or more", "leave it out")
    # |A|^2 - |diagonal|^2 would lose the digits of what is left between rows that are nearly orthogonal.
    products = [_wide(matrix) @ _wide(matrix).T for matrix in matrices]
    return torch.stack([(each - each.diagonal().diag()).square().sum() for each in products]).sum() / 2


def _belongs(key: str, name: str) -> bool:
    return key == name or key.startswith(name + ".")


def _wide(tensor: Tensor) -> Tensor:
    """Half precision as float32, where sums of squares keep their digits; others as they are."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def refuse_batch_statistics(discriminator: nn.Module, penalties: Sequence[str], without: str | None = None) -> None:
    """Refuses a discriminator that normalises over the batch: there, a sample's score depends on its neighbours.

    Args:
        penalties: names of all that the game has on the input gradient.
        without: how the person gets this discriminator without it; None where nobody but them has built it.

    Raises:
        UserError: it contains a batch normalisation, and there is such a penalty.
    """
    for name, module in discriminator.named_modules():
        if penalties and isinstance(module, nn.modules.batchnorm._BatchNorm):
            word = "penalty" if len(penalties) == 1 else "penalties"
            leave_out = " and ".join(f"penalties.{penalty}=null" for penalty in penalties)
            python = ", ".join(f'"penalties.{penalty}": None' for penalty in penalties)
            raise UserError(
                f"a discriminator with batch normalisation ({name}) under the {word} {' and '.join(penalties)}",
                "a discriminator without batch statistics, because a penalty is per sample",
                f"{without or 'build it without, as with nn.GroupNorm, which looks at each sample alone'},"
                f" or set {leave_out} (in Python set={{{python}}})",
            )
