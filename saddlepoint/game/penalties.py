"""Penalties on the discriminator, on its input gradient and on its scores, and one on weights.

    R1: (gamma/2) E |grad_x D(x)|^2      on real images (Mescheder et al. 2018)
    R2: the same on fakes
    gradient penalty: lambda E (|grad_x D(x')| - 1)^2, x' = u x + (1 - u) G(z)      (Gulrajani et al. 2017)
    LeCam: weight (E (D(x) - a_fake)^2 + E (D(G(z)) - a_real)^2), a: moving averages of the scores (Tseng et al. 2021)
    orthogonal regularisation: 1/2 sum over W of |W W^T * (1 - I)|_F^2      (Brock, Donahue and Simonyan 2019)

|.|^2 sums over a sample's own elements, E averages over samples; with weights w, E is the mean of w times value, as in
an objective. Each is minimised. Here are the formulas; the input gradient is taken in `tasks/kit/adversary.py`.
"""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError


def zero_centred(gradient: Tensor, gamma: float, weights: Tensor | None = None) -> Tensor:
    """R1 or R2 from an input gradient (n, ...): (gamma/2) mean of the squared norms, a scalar.

    Args:
        gradient: (n, ...).
        gamma: of the penalty.
        weights: of the samples, (n,); None for all alike.
    """
    return gamma / 2 * _expected(_squares(gradient), weights)


def between(real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """The points at which WGAN-GP penalises, (n, ...).

    Args:
        real, fake: (n, ...).
        mix: u in (0, 1), (n,) or (n, 1): the share of the real sample.
    """
    u = per_row(mix, real).to(real.dtype)
    return u * real + (1 - u) * fake


def one_centred(gradient: Tensor, weight: float, weights: Tensor | None = None) -> Tensor:
    """The gradient penalty of WGAN-GP from an input gradient (n, ...), a scalar.

    Args:
        gradient: (n, ...), at the points `between`.
        weight: lambda.
        weights: of the points, (n,); None for all alike.
    """
    # The norm's derivative at 0 is undefined; a double of the smallest normal number keeps it finite there.
    norm = (_squares(gradient) + 1e-24).sqrt()
    return weight * _expected((norm - 1).square(), weights)


def lecam(
    real_scores: Tensor,
    fake_scores: Tensor,
    anchors: Tensor,
    weight: float,
    weights: tuple[Tensor | None, Tensor | None] = (None, None),
) -> Tensor:
    """LeCam's regularisation, a scalar: each side is drawn to where the other side's scores have been.

    Args:
        real_scores, fake_scores: raw, (n,) or maps (n, ...).
        anchors: the moving averages of both, (2,): real, fake.
        weight: of the penalty.
        weights: of each side's samples, (n,); None for all alike.
    """
    real, fake = wide(real_scores) - anchors[1], wide(fake_scores) - anchors[0]
    return weight * (_expected(real.square(), weights[0]) + _expected(fake.square(), weights[1]))


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
    products = [wide(matrix) @ wide(matrix).T for matrix in matrices]
    return torch.stack([(each - each.diagonal().diag()).square().sum() for each in products]).sum() / 2


def _belongs(key: str, name: str) -> bool:
    return key == name or key.startswith(name + ".")


def wide(tensor: Tensor) -> Tensor:
    """Half precision as float32, where sums of squares keep their digits; others as they are."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def per_row(values: Tensor, like: Tensor) -> Tensor:
    """One value for each sample, (n,) or (n, 1), in the shape in which it meets what has a row per sample."""
    return values.reshape(-1, *[1] * (like.dim() - 1))


def per_sample(scores: Tensor) -> Tensor:
    """Scores (n,) as they are, the mean of a map (n, ...) over each sample, (n,)."""
    return scores if scores.dim() == 1 else scores.flatten(1).mean(1)


def _squares(gradient: Tensor) -> Tensor:
    """The squared norm of each sample's gradient, (n,)."""
    return wide(gradient).square().flatten(1).sum(1)


def _expected(values: Tensor, weights: Tensor | None) -> Tensor:
    return (values if weights is None else values * per_row(weights, values).to(values.dtype)).mean()


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
