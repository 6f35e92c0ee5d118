"""A person's own networks and data sets that are not what they should be, for `misuse.py`."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SIDE, LATENT, ITEMS = 12, 16, 40
_SETTINGS = {"training.batch": 4, "training.threads": 1, "watch.samples": 4}


class Expected(enum.Enum):
    """What has to come of a call."""

    REFUSED = "one line"
    DONE = "done"
    EITHER = "one line, or done"
    SAID = "one line, or done with a word about the data"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a call may use: an empty folder, and a finished run that must not be changed."""

    place: Path
    run: Path


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call from Python.

    Attributes:
        passes: of an exception that is the person's own: it may come out as it is, if its text or notes hold this.
    """

    name: str
    do: Callable[[Surroundings], object]
    expected: Expected = Expected.REFUSED
    passes: str | None = None


class Stripes(torch.utils.data.Dataset):
    """Images of one bright column, float32 in [0, 1]."""

    def __len__(self) -> int:
        return ITEMS

    def __getitem__(self, index: int) -> Any:
        if index >= ITEMS:
            raise IndexError(index)
        image = torch.zeros(1, SIDE, SIDE)
        image[:, :, index % SIDE] = 0.5 + 0.5 * index / ITEMS
        return image


class Of(Stripes):
    """Stripes of which each item is made into something else."""

    def __init__(self, change: Callable[[int, Tensor], Any], length: int = ITEMS):
        self._change, self._length = change, length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        return self._change(index, super().__getitem__(index))


class Lambda(nn.Module):
    """A network with something else done to what it gives."""

    def __init__(self, inner: nn.Module, change: Callable[[Any], Any]):
        super().__init__()
        self.inner, self._change = inner, change

    def forward(self, *given: Any) -> Any:
        return self._change(self.inner(*given))


def generator(side: int = SIDE) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(LATENT, 16), nn.ReLU(), nn.Linear(16, side * side), nn.Tanh(), nn.Unflatten(1, (1, side, side))
    )


def discriminator(side: int = SIDE, scores: int = 1) -> nn.Sequential:
    end = [nn.Flatten(0)] if scores == 1 else []
    return nn.Sequential(nn.Flatten(), nn.Linear(side * side, 16), nn.LeakyReLU(0.2), nn.Linear(16, scores), *end)


def train(at: Surroundings, **given: Any) -> object:
    """Three steps on stripes with one's own networks, of which some are as given."""
    import saddlepoint as sp

    networks = {"generator": generator(), "discriminator": discriminator(), "latent": LATENT}
    arguments: dict[str, Any] = {
        "data": Stripes(),
        "out": at.place / "new",
        "steps": 3,
        "show": False,
        "set": _SETTINGS,
    }
    return sp.train("images", **{**arguments, **networks, **given})


def _g(name: str, make: Callable[[], Any], expected: Expected = Expected.REFUSED, **more: Any) -> Call:
    return Call(name=f"G: {name}", do=lambda at: train(at, generator=make(), **more), expected=expected)


def _d(name: str, make: Callable[[], Any], expected: Expected = Expected.REFUSED, **more: Any) -> Call:
    return Call(name=f"D: {name}", do=lambda at: train(at, discriminator=make(), **more), expected=expected)


def _data(
    name: str, change: Callable[[int, Tensor], Any], expected: Expected = Expected.REFUSED, length: int = ITEMS
) -> Call:
    show = expected is Expected.SAID
    return Call(name=f"data: {name}", do=lambda at: train(at, data=Of(change, length), show=show), expected=expected)


def _frozen(network: nn.Module) -> nn.Module:
    return network.requires_grad_(False)


def _shared() -> dict[str, nn.Module]:
    linear = nn.Linear(LATENT, LATENT)
    one = nn.Sequential(linear, generator())
    two = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, LATENT), linear, nn.Linear(LATENT, 1), nn.Flatten(0))
    return {"generator": one, "discriminator": two}


def _without_gradients(at: Surroundings) -> object:
    with torch.no_grad():
        return train(at)


def _float64_by_default(at: Surroundings) -> object:
    torch.set_default_dtype(torch.float64)
    return train(at)


class _Raises(nn.Module):
    def __init__(self, error: BaseException):
        super().__init__()
        self.weight, self.error = nn.Parameter(torch.zeros(1)), error

    def forward(self, z: Tensor) -> Tensor:
        raise self.error


def _raising(index: int, image: Tensor) -> Tensor:
    if index == 7:
        raise KeyError("mine")
    return image


def _nan(value: Tensor) -> Tensor:
    return value * float("nan")


NETWORKS: tuple[Call, ...] = (
    Call(name="nothing wrong", do=train, expected=Expected.DONE),
    _d("n + 1 scores", lambda: Lambda(discriminator(), lambda scores: torch.cat([scores, scores.new_zeros(1)]))),
    _d("n - 1 scores", lambda: Lambda(discriminator(), lambda scores: scores[1:])),
    _d("5 scores an image", lambda: discriminator(scores=5)),
    _d("one score for all", lambda: Lambda(discriminator(), lambda scores: scores.mean())),
    _d("a tuple", lambda: Lambda(discriminator(), lambda scores: (scores, scores))),
    _d("None", lambda: Lambda(discriminator(), lambda scores: None)),
    _d("a number", lambda: Lambda(discriminator(), lambda scores: 0.5)),
    _d("float64", lambda: discriminator().double()),
    _d("half", lambda: Lambda(discriminator(), lambda scores: scores.half()), Expected.EITHER),
    _d("integers", lambda: Lambda(discriminator(), lambda scores: scores.round().long())),
    _d("complex numbers", lambda: Lambda(discriminator(), lambda scores: scores.to(torch.complex64))),
    _d("for 16 x 16", lambda: discriminator(16)),
    _d("NaN", lambda: Lambda(discriminator(), _nan)),
    _d("detached", lambda: Lambda(discriminator(), lambda scores: scores.detach())),
    _d("frozen", lambda: _frozen(discriminator())),
    _d("without parameters", lambda: nn.Sequential(nn.Flatten(), nn.Flatten(0))),
    _d("scores (n, 1)", lambda: Lambda(discriminator(), lambda scores: scores[:, None]), Expected.EITHER),
    _d("ends in a sigmoid", lambda: nn.Sequential(discriminator(), nn.Sigmoid()), Expected.EITHER),
    _d("batch normalisation under a penalty", lambda: nn.Sequential(nn.BatchNorm2d(1), discriminator())),
    _d("a class", lambda: nn.Linear),
    _d("on the meta device", lambda: discriminator().to("meta")),
    _g("on the meta device", lambda: generator().to("meta")),
    _g("100 times outside", lambda: Lambda(generator(), lambda images: 100 * images)),
    _g("16 x 16 for 12 x 12", lambda: generator(16)),
    _g("3 channels for 1", lambda: Lambda(generator(), lambda images: images.expand(-1, 3, -1, -1))),
    _g("without channels", lambda: Lambda(generator(), lambda images: images[:, 0])),
    _g("flat", lambda: Lambda(generator(), lambda images: images.flatten(1))),
    _g("half the batch", lambda: Lambda(generator(), lambda images: images[::2])),
    _g("twice the batch", lambda: Lambda(generator(), lambda images: torch.cat([images, images]))),
    _g("a tuple", lambda: Lambda(generator(), lambda images: (images,))),
    _g("None", lambda: Lambda(generator(), lambda images: None)),
    _g("an array", lambda: Lambda(generator(), lambda images: images.detach().numpy())),
    _g("float64", lambda: generator().double()),
    _g("half", lambda: Lambda(generator(), lambda images: images.half())),
    _g("bytes", lambda: Lambda(generator(), lambda images: (255 * images).to(torch.uint8))),
    _g("NaN", lambda: Lambda(generator(), _nan)),
    _g("detached", lambda: Lambda(generator(), lambda images: images.detach())),
    _g("frozen", lambda: _frozen(generator())),
    _g("without parameters", lambda: nn.Sequential(nn.Linear(LATENT, SIDE * SIDE), nn.Flatten()).requires_grad_(False)),
    _g("a class", lambda: nn.Linear),
    _g("a function", lambda: lambda z: z),
    _g("None for G alone", lambda: None),
    _g(
        "of LazyLinear",
        lambda: nn.Sequential(nn.LazyLinear(SIDE * SIDE), nn.Tanh(), nn.Unflatten(1, (1, SIDE, SIDE))),
        Expected.EITHER,
    ),
    _g("wants (n, z, 1, 1)", lambda: nn.Sequential(nn.ConvTranspose2d(LATENT, 1, SIDE), nn.Tanh())),
    Call(name="G: raises ValueError", do=lambda at: train(at, generator=_Raises(ValueError("mine"))), passes="mine"),
    Call(
        name="G: raises RuntimeError", do=lambda at: train(at, generator=_Raises(RuntimeError("mine"))), passes="mine"
    ),
    _g("a latent of another width", generator, latent=17),
    _g("latent 0", generator, latent=0),
    _g("latent -1", generator, latent=-1),
    _g("latent 'x'", generator, latent="x"),
    _g("latent 1.5", generator, latent=1.5),
    _g("latent of numpy", generator, Expected.DONE, latent=np.int64(LATENT)),
    _g("pixel_range (1, -1)", generator, pixel_range=(1, -1)),
    _g("pixel_range 'x'", generator, pixel_range="x"),
    _g("pixel_range (0, NaN)", generator, pixel_range=(0, float("nan"))),
    _g("pixel_range None for images", generator, pixel_range=None),
    _g("pixel_range of three", generator, pixel_range=(0, 1, 2)),
    Call(name="G and D share a layer", do=lambda at: train(at, **_shared())),
    Call(name="G is D", do=lambda at: train(at, **dict.fromkeys(("generator", "discriminator"), generator()))),
    Call(name="inside no_grad", do=_without_gradients, expected=Expected.EITHER),
    Call(name="float64 by default", do=_float64_by_default, expected=Expected.EITHER),
    _data("its length is a lie", lambda index, image: image, length=60),
    Call(name="data: raises at item 7", do=lambda at: train(at, data=Of(_raising)), passes="7"),
    _data("an empty set", lambda index, image: image, length=0),
    _data("one image", lambda index, image: image, Expected.SAID, length=1),
    _data("a negative length", lambda index, image: image, length=-1),
    _data("labels that are words", lambda index, image: (image, "cat"), Expected.SAID),
    _data("labels of float", lambda index, image: (image, 0.5)),
    _data("labels below 0", lambda index, image: (image, -1)),
    _data("labels of numpy", lambda index, image: (image, np.int64(index % 2)), Expected.DONE),
    _data("labels of tensors", lambda index, image: (image, torch.tensor(index % 2)), Expected.DONE),
    _data("labels of some", lambda index, image: (image, 1) if index % 2 else image),
    _data("images of numpy", lambda index, image: image.numpy(), Expected.EITHER),
    _data("NaN in one image", lambda index, image: _nan(image) if index == 7 else image),
    _data("values -1 to 1", lambda index, image: 2 * image - 1),
    _data("values 0 to 255", lambda index, image: 255 * image),
    _data("integers", lambda index, image: (255 * image).long(), Expected.EITHER),
    _data("complex numbers", lambda index, image: image.to(torch.complex64)),
    _data("two sizes", lambda index, image: image[:, :, : 11 + index % 2]),
    _data("two channels", lambda index, image: image.expand(2, -1, -1)),
    _data("flat", lambda index, image: image.flatten(), Expected.EITHER),
    _data("None", lambda index, image: None),
    _data("texts", lambda index, image: "cat"),
    _data("no pixels", lambda index, image: image[:, :0]),
    _data("dictionaries", lambda index, image: {"image": image}, Expected.EITHER),
)
