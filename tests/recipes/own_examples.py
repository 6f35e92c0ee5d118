"""Networks of people, for tests: those that are wrong, each with what is to be said of it, and those that are right."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

LATENT, SIDE = 6, 8
FLAT = SIDE * SIDE


def good_generator(*end: nn.Module, side: int = SIDE, width: int | None = None) -> nn.Module:
    shape = (1, side, width or side)
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(LATENT, shape[1] * shape[2]), *(end or (nn.Tanh(),)), nn.Unflatten(1, shape))


def good_discriminator(*end: nn.Module, scores: int = 1) -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(nn.Flatten(), nn.Linear(FLAT, 8), nn.LeakyReLU(0.2), nn.Linear(8, scores), *(end or ONE_SCORE))


ONE_SCORE = (nn.Flatten(0),)


class With(nn.Module):
    """A network whose forward is a function of an inner one and of what it is given."""

    def __init__(self, inner: nn.Module, function: Callable[..., Any]):
        super().__init__()
        self.inner, self.function = inner, function

    def forward(self, *given: Tensor) -> Any:
        return self.function(self.inner, *given)


class Conditional(nn.Module):
    """Adds an embedding of the label to what goes in, and passes it on."""

    def __init__(self, inner: nn.Module, *shape: int, classes: int = 3):
        super().__init__()
        self.inner, self.shape, self.embedding = inner, shape, nn.Embedding(classes, int(np.prod(shape)))

    def forward(self, given: Tensor, labels: Tensor) -> Tensor:
        return self.inner(given + self.embedding(labels).reshape(-1, *self.shape))


class Loose(nn.Module):
    """A network whose layers torch does not know of."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [good_generator()]

    def forward(self, z: Tensor) -> Tensor:
        return self.layers[0](z)


def of_z(function: Callable[..., Any]) -> dict[str, Any]:
    return {"generator": With(good_generator(), function)}


def of_images(function: Callable[..., Any]) -> dict[str, Any]:
    return {"discriminator": With(good_discriminator(), function)}


def shared_layer() -> dict[str, Any]:
    both = nn.Linear(FLAT, FLAT)
    generator = nn.Sequential(nn.Linear(LATENT, FLAT), both, nn.Tanh(), nn.Unflatten(1, (1, SIDE, SIDE)))
    return {"generator": generator, "discriminator": nn.Sequential(nn.Flatten(), both, nn.Linear(FLAT, 1))}


def shared_memory() -> dict[str, Any]:
    discriminator, generator = good_discriminator(), good_generator()
    discriminator.again = nn.Linear(LATENT, FLAT)
    discriminator.again.weight.data = generator[0].weight.data  # type: ignore[index]
    return {"generator": generator, "discriminator": discriminator}


def tutorial_generator() -> nn.Module:
    return nn.Sequential(
        nn.ConvTranspose2d(LATENT, 4, 4), nn.BatchNorm2d(4), nn.ReLU(), nn.ConvTranspose2d(4, 1, 2, 2), nn.Tanh()
    )


def discriminator_with_batch_norm() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 4, 4), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0))


BAD: dict[str, tuple[Callable[[], dict[str, Any]], list[str]]] = {
    # What they are
    "a class": (lambda: {"generator": With}, ["generator=With, a class", "call it: generator=With(...)"]),
    "a function": (lambda: {"discriminator": len}, ["which has no weights", "forward of a Module"]),
    "a name": (lambda: {"generator": "dcgan"}, ["generator='dcgan' (str)", "torch.nn.Module"]),
    "script": (lambda: {"generator": torch.jit.script(good_generator())}, ["TorchScript"]),
    "width 0": (lambda: {"latent": 0}, ["latent=0", "a whole number, 1 or more"]),
    "width -1": (lambda: {"latent": -1}, ["latent=-1"]),
    "width True": (lambda: {"latent": True}, ["latent=True (bool)"]),
    "width 6.0": (lambda: {"latent": 6.0}, ["latent=6.0 (float)"]),
    "range upside down": (lambda: {"pixel_range": (1, -1)}, ["pixel_range=(1, -1)", "the lower one first"]),
    "range text": (lambda: {"pixel_range": "x"}, ["pixel_range='x' (str)", "two finite numbers"]),
    "range without end": (lambda: {"pixel_range": (0, float("inf"))}, ["two finite numbers"]),
    "range of three": (lambda: {"pixel_range": (0, 1, 2)}, ["two finite numbers"]),
    "no range": (lambda: {"pixel_range": None}, ["pixel_range=None for images"]),
    # Their weights
    "no weights": (lambda: {"generator": Loose()}, ["without parameters (Loose)", "nn.ModuleList"]),
    "lazy": (
        lambda: {"discriminator": nn.Sequential(nn.Flatten(), nn.LazyLinear(1))},
        ["1.weight has no shape yet", "Linear(...) in place of LazyLinear(...)"],
    ),
    "meta": (lambda: {"generator": good_generator().to("meta")}, ["0.weight is on the meta device"]),
    "double": (lambda: {"generator": good_generator().double()}, ["0.weight is float64", "generator.float()"]),
    "half": (lambda: {"discriminator": good_discriminator().half()}, ["1.weight is float16"]),
    "a shared layer": (shared_layer, ["share a weight (1.weight and 1.weight)"]),
    "shared memory": (shared_memory, ["share a weight (0.weight and again.weight)"]),
    "frozen G": (lambda: {"generator": good_generator().requires_grad_(False)}, ["frozen generator"]),
    "frozen D": (lambda: {"discriminator": good_discriminator().requires_grad_(False)}, ["frozen discriminator"]),
    "no copy": (
        lambda: {
            "generator": With(good_generator(), lambda inner, z: inner(z)),
            "set": {"average": AVERAGE},
            "lock": 1,
        },
        ["cannot be copied (TypeError: cannot pickle '_thread.lock' object)", "average=null"],
    ),
    # What the generator makes
    "another width": (
        lambda: {"latent": 5},
        ["called with z of shape (2, 5)", "mat1 and mat2 shapes cannot be multiplied", "latent= that it was built for"],
    ),
    "the tutorial's": (
        lambda: {"generator": tutorial_generator()},
        ["called with z of shape (2, 6)", "conv_transpose2d", "nn.Sequential(nn.Unflatten(1, (6, 1, 1)), ...)"],
    ),
    "smaller": (
        lambda: {"generator": good_generator(side=4)},
        ["the generator gives 1x4x4, the data is 1x8x8", "data.size=4x4"],
    ),
    "twice the width": (
        lambda: {"generator": good_generator(width=16)},
        ["the generator gives 1x8x16, the data is 1x8x8", "data.size=8x16"],
    ),
    "colour": (
        lambda: of_z(lambda inner, z: inner(z).expand(-1, 3, -1, -1)),
        ["the generator gives 3x8x8, the data is 1x8x8", "data.channels=3"],
    ),
    "flat": (
        lambda: of_z(lambda inner, z: inner(z).flatten(1)),
        ["a tensor of shape (2, 64)", "(2, 1, 8, 8)", "nn.Unflatten(1, (1, 8, 8))"],
    ),
    "half the batch": (lambda: of_z(lambda inner, z: inner(z)[::2]), ["1 items for 2 latents", "first axis"]),
    "a tuple": (lambda: of_z(lambda inner, z: (inner(z), z)), ["gives a tuple", "return the tensor alone"]),
    "nothing": (lambda: of_z(lambda inner, z: None), ["gives None", "end its forward in a return"]),
    "integers": (lambda: of_z(lambda inner, z: inner(z).round().int()), ["gives int32"]),
    "doubles": (lambda: of_z(lambda inner, z: inner(z).double()), ["gives float64"]),
    "detached": (lambda: of_z(lambda inner, z: inner(z).detach()), ["output has no gradient", "detach()"]),
    "no_grad": (lambda: of_z(lambda inner, z: torch.no_grad()(inner)(z)), ["output has no gradient"]),
    "not its weights": (
        lambda: of_z(lambda inner, z: torch.zeros(2, 1, SIDE, SIDE, requires_grad=True) * 1),
        ["depends on none of its weights"],
    ),
    "not finite": (lambda: of_z(lambda inner, z: inner(z) / 0), ["generator that gives 128 of 128 numbers"]),
    "far off": (lambda: of_z(lambda inner, z: 100 * inner(z)), ["begins with pixels", "10 times its half width"]),
    "a sigmoid's": (
        lambda: {"generator": good_generator(nn.Sigmoid())},
        ["pixel_range=(-1.0, 1.0) with a generator that ends in a sigmoid", "pixel_range=(0.0, 1.0)"],
    ),
    "a rectifier's": (lambda: {"generator": good_generator(nn.ReLU())}, ["ends in a relu", "nn.Tanh()"]),
    "a tanh for 0..255": (lambda: {"pixel_range": (0, 255)}, ["ends in a tanh", "within -1..1"]),
    # What the discriminator makes
    "of another size": (
        lambda: {"discriminator": nn.Sequential(nn.Flatten(), nn.Linear(16, 1))},
        ["called with items of shape (2, 1, 8, 8)", "mat1 and mat2 shapes"],
    ),
    "n + 1 scores": (
        lambda: of_images(lambda inner, x: torch.cat([inner(x), inner(x)[:1]])),
        ["scores of shape (3,) for 2 items of 1x8x8", "keep the first axis"],
    ),
    "a mean": (lambda: of_images(lambda inner, x: inner(x).mean()), ["one score for 2 items", "keep the first axis"]),
    "flattened maps": (
        lambda: {"discriminator": nn.Sequential(nn.Conv2d(1, 1, 4), nn.Flatten(0))},
        ["scores of shape (50,) for 2 items of 1x8x8"],
    ),
    "five scores": (
        lambda: {"discriminator": good_discriminator(nn.Identity(), scores=5)},
        ["scores of shape (2, 5)", "scores[:, None]"],
    ),
    "maps of features": (
        lambda: {"discriminator": nn.Conv2d(1, 4, 3)},
        ["scores of shape (2, 4, 6, 6)", "a map for each, (2, height, width)"],
    ),
    "a tuple of scores": (lambda: of_images(lambda inner, x: (inner(x), x)), ["discriminator that gives a tuple"]),
    "truth values": (lambda: of_images(lambda inner, x: inner(x) > 0), ["discriminator that gives bool"]),
    "scores not finite": (
        lambda: of_images(lambda inner, x: inner(x) * float("nan")),
        ["discriminator that gives 2 of 2 numbers that are not finite"],
    ),
    "scores without gradient": (
        lambda: of_images(lambda inner, x: inner(x).detach()),
        ["discriminator whose output has no gradient"],
    ),
    "nothing for G": (
        lambda: of_images(lambda inner, x: inner(x.detach())),
        ["no gradient by the real items that it is shown", "by which the generator learns"],
    ),
    "a sigmoid": (
        lambda: {"discriminator": good_discriminator(nn.Sigmoid(), nn.Flatten(0))},
        ["come out of a sigmoid (ends in a sigmoid? raw scores are expected)"],
    ),
    "a sigmoid in a function": (lambda: of_images(lambda inner, x: torch.sigmoid(inner(x))), ["ends in a sigmoid?"]),
    "a sigmoid by hand": (
        lambda: of_images(lambda inner, x: 1 / (1 + torch.exp(-inner(x)))),
        ["lie in 0..1 whatever it is shown (ends in a sigmoid?"],
    ),
    "batch normalisation": (
        lambda: {"discriminator": discriminator_with_batch_norm()},
        ["batch normalisation (1) under the penalties r1 and r2", 'set={"penalties.r1": None, "penalties.r2": None}'],
    ),
    "no second derivative": (
        lambda: of_images(lambda inner, x: _Once.apply(inner(x))),
        ["torch.func.grad does not differentiate twice", "penalties.r1=null and penalties.r2=null"],
    ),
    # Beside them
    "labels that they do not take": (
        lambda: {"set": {"task.conditional": True}},
        ["z of shape (2, 6) and labels of shape (2,)", "TypeError", "task.conditional=false"],
    ),
    "a class too few": (
        lambda: {**conditional(classes=2), "set": {"task.conditional": True}},
        ["labels of shape (2,)", "index out of range"],
    ),
    "labels that nobody gives": (lambda: conditional(), ["'labels'", "task.conditional=true"]),
    "several scores with top_k": (
        lambda: {"discriminator": good_discriminator(nn.Identity()), "set": {"task.top_k": 0.5}},
        ["scores of shape (2, 1)", "task.top_k=null"],
    ),
}
AVERAGE = {"half_life": 100}


class _Once(torch.autograd.Function):
    """A function that functorch does not know how to differentiate."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        return scores.clone()

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> Tensor:  # type: ignore[override]
        return slopes


def conditional(classes: int = 3) -> dict[str, Any]:
    return {
        "generator": Conditional(good_generator(), LATENT, classes=classes),
        "discriminator": Conditional(good_discriminator(), 1, SIDE, SIDE, classes=classes),
    }


GOOD: dict[str, Callable[[], dict[str, Any]]] = {
    "(n, 1) scores": lambda: {"discriminator": good_discriminator(nn.Identity())},
    "score maps": lambda: {"discriminator": nn.Conv2d(1, 1, 3)},
    "score maps without channels": lambda: {"discriminator": nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(1, 2))},
    "batch normalisation": lambda: {
        "generator": nn.Sequential(nn.Unflatten(1, (LATENT, 1, 1)), tutorial_generator()),
        "discriminator": discriminator_with_batch_norm(),
        "set": {"penalties.r1": None, "penalties.r2": None},
    },
    "in place": lambda: {
        "discriminator": nn.Sequential(nn.LeakyReLU(0.2, inplace=True), good_discriminator()),
        "set": {"penalties.r1": None, "penalties.r2": None},
    },
    "dropout": lambda: {"discriminator": nn.Sequential(nn.Dropout(), good_discriminator())},
    "spectral norm": lambda: {
        "discriminator": nn.Sequential(nn.Flatten(), nn.utils.parametrizations.spectral_norm(nn.Linear(FLAT, 1)))
    },
    # Called once before, it can no longer be copied; but that is only wanted for an average.
    "old spectral norm": lambda: {"generator": called(old_spectral_norm()), "set": {"average": None}},
    "old spectral norm, fresh": lambda: {"generator": old_spectral_norm(), "set": {"average": AVERAGE}},
    "conditional": lambda: {**conditional(), "set": {"task.conditional": True}},
    "no tanh": lambda: {"generator": good_generator(nn.Identity())},
    "a sigmoid with its range": lambda: {"generator": good_generator(nn.Sigmoid()), "pixel_range": (0, 1)},
    "a last layer of zeros": lambda: {"discriminator": _zeroed(good_discriminator())},
    "a width of numpy's": lambda: {"latent": np.int64(LATENT)},
    "through numpy": lambda: of_z(lambda inner, z: inner(z) * float(1 + 0 * z.detach().numpy().mean())),
}
IMAGE = (1, SIDE, SIDE)


def old_spectral_norm() -> nn.Module:
    return nn.Sequential(nn.utils.spectral_norm(nn.Linear(LATENT, FLAT)), nn.Tanh(), nn.Unflatten(1, IMAGE))


def called(network: nn.Module) -> nn.Module:
    network(torch.zeros(2, LATENT))
    return network


def _zeroed(network: nn.Module) -> nn.Module:
    for parameter in [*network.parameters()][-2:]:
        nn.init.zeros_(parameter)
    return network
