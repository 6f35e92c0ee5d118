"""The functions behind a person's own loss code, recovered by autograd.

The code gives loss_d(real, fake) and loss_g(fake), both minimised; J = -loss_d and I = -loss_g. If they are means over
the scores, J = mean f1(real) + mean f2(fake) and I = mean f3(fake), then for n scores

    f1'(x_i) = -n d loss_d / d real_i      f2'(x_i) = -n d loss_d / d fake_i      f3'(x_i) = -n d loss_g / d fake_i

A factor n that is not there means a sum; a gradient that depends on the other scores means that they are coupled.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError

Loss = Callable[..., Tensor]

# Scores at which slopes are read: a grid that meets no kink at a round number. It is tried on all outputs, then on
# probabilities, and what the code accepts tells which of the two it takes.
_COUNT = 121
_OUTPUTS = np.linspace(-6.0, 6.0, _COUNT) + 0.0137
_PROBABILITIES = np.linspace(0.02, 0.98, _COUNT) + 0.00137
GRIDS = {"output": _OUTPUTS, "probability": _PROBABILITIES}
# Code may insist on the type of its targets, or on a column; double precision is tried first.
_FORMS = ((torch.float64, False), (torch.float64, True), (torch.float32, False), (torch.float32, True))
_TOLERANCE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Losses:
    """A person's two functions, both minimised.

    Attributes:
        discriminator: loss_d(real, fake).
        generator: loss_g(fake), or of real scores as well.
        generator_order: the arguments of loss_g, ("fake",) or both in their order.
        dtype: of the scores it is given.
        column: whether the scores have shape (n, 1) in place of (n,).
    """

    discriminator: Loss
    generator: Loss
    generator_order: tuple[str, ...]
    dtype: torch.dtype = torch.float64
    column: bool = False

    @staticmethod
    def of(discriminator: Loss, generator: Loss) -> "Losses":
        """Reads off the signature of loss_g whether it takes real scores too, and where."""
        names = [parameter.name for parameter in required(generator)]
        if len(names) < 2:
            return Losses(discriminator=discriminator, generator=generator, generator_order=("fake",))
        order = ("real", "fake") if "real" in names[0].lower() else ("fake", "real")
        return Losses(discriminator=discriminator, generator=generator, generator_order=order)

    def scores(self, values: np.ndarray) -> Tensor:
        """Scores as the code accepts them, with a gradient."""
        made = torch.tensor(values, dtype=self.dtype)
        return (made[:, None] if self.column else made).requires_grad_()

    def loss_d(self, real: Tensor, fake: Tensor) -> Tensor:
        """loss_d as one number."""
        return _scalar(self.discriminator(real, fake), "loss_d")

    def loss_g(self, real: Tensor, fake: Tensor) -> Tensor:
        """loss_g as one number; what it does not take is left out."""
        scores = {"real": real, "fake": fake}
        return _scalar(self.generator(*[scores[name] for name in self.generator_order]), "loss_g")


@dataclass(frozen=True, kw_only=True, eq=False)
class Slopes:
    """What was recovered.

    Attributes:
        losses: the code, with the type and shape of scores that it accepts.
        variable: what the code takes: "output" (any real number), or "probability" (only numbers in (0, 1)).
        grid: the scores, (n,).
        f1, f2, f3: the slopes there, (n,); as of means, whatever the reduction is.
        reductions: "mean", "sum" or "other" for real and fake in loss_d and fake in loss_g.
        coupled: a gradient at one score depends on other scores: no triple f1, f2, f3 describes the code.
    """

    losses: Losses
    variable: str
    grid: np.ndarray
    f1: np.ndarray
    f2: np.ndarray
    f3: np.ndarray
    reductions: dict[str, str]
    coupled: bool


def required(function: Callable[..., object]) -> list[inspect.Parameter]:
    """The positional parameters without a default."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each for each in parameters if each.kind in positional and each.default is inspect.Parameter.empty]


def recover(losses: Losses, variables: tuple[str, ...] = tuple(GRIDS)) -> Slopes:
    """f1', f2' and f3' of a person's code, on the first grid that it accepts. Runs the code some ten times.

    Raises:
        UserError: the code fails on every grid, has no gradient, or is not the same twice (it draws at random).
    """
    refusals: list[str] = []
    for variable in variables:
        grid = GRIDS[variable]
        for dtype, column in _FORMS:
            tried = replace(losses, dtype=dtype, column=column)
            try:
                found = gradients(tried, grid, grid)
            except UserError:
                raise
            except Exception as error:  # a person's code may raise anything; what it accepts is the question here
                refusals.append(f"{type(error).__name__}: {error}")
                continue
            if all(np.isfinite(values).all() for values in found.values()):
                return _slopes(tried, variable, grid, found)
            refusals.append("values that are not finite")
    raise UserError(
        f"losses that fail on scores in (-6, 6) and in (0, 1) ({refusals[-1]})",
        "loss_d(real_scores, fake_scores) and loss_g(fake_scores) of scores of shape (n,) or (n, 1)",
        "try them on torch.rand(8)",
    )


def gradients(losses: Losses, real: np.ndarray, fake: np.ndarray) -> dict[str, np.ndarray]:
    """The gradients of -loss_d by real and by fake, and of -loss_g by fake: "real", "fake", "generator"."""
    x, y = (losses.scores(values) for values in (real, fake))
    by_real, by_fake = _gradient(losses.loss_d(x, y), (x, y), "loss_d")
    (by_generator,) = _gradient(losses.loss_g(x, y), (y,), "loss_g")
    return {"real": -by_real, "fake": -by_fake, "generator": -by_generator}


def _slopes(losses: Losses, variable: str, grid: np.ndarray, found: dict[str, np.ndarray]) -> Slopes:
    again = gradients(losses, grid, grid)
    if any(not np.array_equal(found[name], again[name]) for name in found):
        raise UserError(
            "losses that differ when evaluated twice",
            "functions of the scores alone",
            "fix what is drawn inside (smoothed labels, dropout), or leave it out for this check",
        )
    # The other side and the neighbours are changed; the gradient at the first half of the scores must not notice.
    half = len(grid) // 2
    moved = np.concatenate([grid[:half], grid[half:][::-1] * 0.9])
    changed = {
        "real": gradients(losses, moved, grid[::-1].copy())["real"],
        "fake": gradients(losses, grid[::-1].copy(), moved)["fake"],
        "generator": gradients(losses, grid[::-1].copy(), moved)["generator"],
    }
    coupled = any(_differ(changed[name][:half], found[name][:half], found[name]) for name in found)
    twice = np.concatenate([grid, grid])
    doubled = {name: values[: len(grid)] for name, values in gradients(losses, twice, twice).items()}
    reductions, scaled = {}, {}
    for name, values in found.items():
        if not _differ(2 * doubled[name], values, values):
            reductions[name], scaled[name] = "mean", values * len(grid)
        elif not _differ(doubled[name], values, values):
            reductions[name], scaled[name] = "sum", values
        else:
            reductions[name], scaled[name] = "other", values * len(grid)
    return Slopes(
        losses=losses,
        variable=variable,
        grid=grid,
        f1=scaled["real"],
        f2=scaled["fake"],
        f3=scaled["generator"],
        reductions=reductions,
        coupled=coupled,
    )


def _differ(first: np.ndarray, second: np.ndarray, scale: np.ndarray) -> bool:
    return bool(np.abs(first - second).max() > _TOLERANCE * np.abs(scale).max())


def _gradient(loss: Tensor, scores: tuple[Tensor, ...], name: str) -> list[np.ndarray]:
    if not loss.requires_grad:
        raise UserError(f"{name} without a gradient", "a loss that depends on the scores", "remove detach() or item()")
    found = torch.autograd.grad(loss, scores, allow_unused=True)
    if not torch.isfinite(loss):
        # The gradient of log at a negative score is a number all the same; it belongs to no value.
        return [np.full(len(x), np.nan) for x in scores]
    return [
        np.zeros(len(x)) if each is None else each.double().flatten().numpy()
        for each, x in zip(found, scores, strict=True)
    ]


def _scalar(value: object, name: str) -> Tensor:
    if not isinstance(value, Tensor) or value.numel() != 1:
        shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise UserError(
            f"{name} that gives {shape}", "one number, a torch tensor with one element", "reduce it, as by .mean()"
        )
    return value.reshape(())
