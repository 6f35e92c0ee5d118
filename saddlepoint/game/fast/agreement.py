"""Whether a discriminator's input gradient may go through the tangent pass: by what it does, and by one comparison."""

import copy

import torch
from torch import Tensor, nn

from saddlepoint.errors import reason_of
from saddlepoint.game.fast.piecewise_linear import NotPiecewiseLinear
from saddlepoint.game.fast.tangent import ByTangent

# Of the 2-norm of the parameter gradient, in float32: rounding makes 1e-6 of it, a wrong rule 1e-2 and more.
TOLERANCE = 1e-4
# So many samples: each has its own weights, so that rows which a network mixes up are seen.
SAMPLES = 3


def reason_against(network: nn.Module, images: Tensor, labels: tuple[Tensor, ...] = ()) -> str | None:
    """What speaks against the tangent pass; None if it may be taken.

    A copy on the CPU is tried in float32, whatever precision the run has: there 1e-4 tells rounding from mistakes.

    Args:
        network: the discriminator; untouched, buffers and random state included.
        images: as it sees them, (n, ...); the first three are used.
        labels: its further inputs, (n, ...) each.
    """
    inputs, *others = (tensor[:SAMPLES].detach().cpu() for tensor in (images, *labels))
    # Of each way its own copy: spectral norm's vectors move with every pass.
    try:
        copies = [copy.deepcopy(network).cpu() for _ in range(2)]
    except Exception as error:  # whatever the attributes of a person's own network raise
        return f"weights that cannot be copied ({reason_of(error)})"
    with torch.random.fork_rng(devices=[]), torch.autocast("cpu", enabled=False):
        try:
            by_tangent, plain = (
                _parameter_gradient(each, inputs, tuple(others), tangent=tangent)
                for each, tangent in zip(copies, (True, False), strict=True)
            )
        except NotPiecewiseLinear as error:
            return error.what
        except RuntimeError as error:
            return f"what could not be tried on the CPU ({str(error).splitlines()[0]})"
    difference = (by_tangent - plain).norm() / plain.norm().clamp(min=torch.finfo(plain.dtype).tiny)
    if not difference <= TOLERANCE:
        return f"a gradient that differs by {float(difference):.1g} from double backward"
    return None


def _parameter_gradient(network: nn.Module, images: Tensor, labels: tuple[Tensor, ...], *, tangent: bool) -> Tensor:
    """Of a cost of scores and input gradients in which no two samples count alike; all parameters in one vector."""
    if tangent:
        scores, gradient = ByTangent(network).scores_and_gradient(images, labels)
    else:
        # Not by torch.func.grad as in `penalties.py`, whose first call imports the compiler: a second more to wait for.
        leaf = images.detach().requires_grad_()
        scores = network(leaf, *labels)
        (gradient,) = torch.autograd.grad(scores.sum(), leaf, create_graph=True)
    if scores.numel() != len(images):
        raise NotPiecewiseLinear("several scores for each item")
    scores = scores.reshape(len(images))
    weights = torch.arange(1, len(images) + 1) / len(images)
    cost = (weights * scores.tanh()).sum() + (weights.flip(0) * gradient.square().flatten(1).sum(1)).sum()
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(cost, parameters, allow_unused=True, materialize_grads=True)
    return torch.cat([each.flatten() for each in gradients])
