"""Does a device compute what training needs? One step of a small discriminator, whose right result is known.

The cost is mean softplus(-D(x)) + mean |grad_x D(x)|^2, a logistic loss with R1, so that convolution, matrix product,
double backward and an optimizer's step all take part.
"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, softplus

# Wide enough for the 10-bit products that GPUs may use for convolutions (TF32), narrow enough for anything wrong.
TOLERANCE = 1e-2


def try_device(device: str) -> None:
    """Takes the step on the device and compares it with the same step in double precision on the CPU.

    Raises:
        ArithmeticError: the device computes something else. If torch cannot compute there, its own error passes.
    """
    expected = _change(torch.device("cpu"), torch.float64)
    error = ((_change(torch.device(device), torch.float32) - expected).norm() / expected.norm()).item()
    if not error <= TOLERANCE:  # NaN too
        raise ArithmeticError(f"the result is off by {error:.1e} of itself, at most {TOLERANCE:.0e} is expected")


def _change(device: torch.device, dtype: torch.dtype) -> Tensor:
    """The change of all parameters by the step, flat, float64, on the CPU."""
    generator = torch.Generator().manual_seed(0)

    def leaf(*shape: int) -> Tensor:
        # The type first: not every device has double precision.
        numbers = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return numbers.to(dtype).to(device).requires_grad_()

    images, kernel, weights = leaf(4, 2, 8, 8), leaf(3, 2, 3, 3), leaf(3 * 6 * 6, 1)
    parameters = [kernel, weights]
    before = [parameter.detach().clone() for parameter in parameters]
    scores = softplus(conv2d(images, kernel)).flatten(1) @ weights
    (slope,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    cost = softplus(-scores).mean() + slope.square().flatten(1).sum(1).mean()
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    cost.backward()
    optimizer.step()
    changes = [(now.detach() - then).flatten() for now, then in zip(parameters, before, strict=True)]
    return torch.cat(changes).cpu().to(torch.float64)
