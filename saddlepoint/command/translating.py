"""What `sample RUN --data PATH` makes of a person's own images, with a run that maps images to images.

Each is written as a PNG under its own name, beside its like in a new folder; nothing is ever overwritten. What is done
to an image before the generator sees it is said on standard error.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import torch
from PIL import Image

from saddlepoint.api.load import load
from saddlepoint.command.places import new_place
from saddlepoint.command.verb import Answer
from saddlepoint.data.decoding import decode_in_order
from saddlepoint.data.depth import Range
from saddlepoint.data.formats.folder import read_file, read_folder
from saddlepoint.data.notes import Tally, sizes_in_words
from saddlepoint.data.raster import refit, refitted
from saddlepoint.data.source import Decoded, Options, Problem, Source, UnreadableError, named
from saddlepoint.errors import UserError, counted
from saddlepoint.process.saying import say
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.text import read_recipe
from saddlepoint.sampling.pictures import grid, save_picture
from saddlepoint.sampling.translator import Translator
from saddlepoint.training.records.folder import RunFolder

# Channels of an image without alpha.
_COLOURS = 3
# What only a generator of latents has a use for.
_OF_LATENTS = ("count", "seed", "seeds", "label", "truncation", "standing", "neighbours")


def starts_from_images(run: str) -> bool:
    """Whether a run's generator makes images from images, and not from latents."""
    recipe, _ = read_recipe(RunFolder.existing(Path(run)).recipe)
    return kind_of(recipe).from_images


def translate(chosen: argparse.Namespace) -> Answer:
    """Translates or enlarges one file, or all images of a folder."""
    for name in _OF_LATENTS:
        if getattr(chosen, name) is not None:
            raise UserError(f"--{name} for a run that starts from images", "--data alone", f"leave --{name} out")
    if chosen.data is None:
        raise UserError(
            "a run that starts from images, without --data", "your images", "add --data FILE or --data FOLDER"
        )
    place = Path(chosen.data)
    source = _source(place)
    single = not place.is_dir()
    if chosen.out is not None and Path(chosen.out).suffix not in (("", ".png") if single else ("",)):
        expected = "FILE.png, or a folder" if single else "a folder, for the images of a folder"
        raise UserError(f"--out {chosen.out}", expected, "choose such a place")
    out = new_place(chosen, f"drawn/{place.stem}.png" if single else f"drawn/{place.resolve().name}")
    translator = load(chosen.run, step=chosen.step)
    assert isinstance(translator, Translator)
    # Values of more than 8 bits mean what they meant in training.
    stated = read_recipe(RunFolder.existing(Path(chosen.run)).recipe)[0].data.range
    for line in _survey(source, translator, place, chosen.back, stated):
        say(True, line)
    for index, image in enumerate(_images(source, stated)):
        assert isinstance(image, Decoded)
        picture = _made(image, translator, chosen.back)
        save_picture(picture, out if single and out.suffix == ".png" else out / _written(source.name(index)))
    return Answer(json={"out": str(out), "count": source.count, "step": translator.step}, text=str(out))


def _source(place: Path) -> Source:
    if place.is_dir():
        try:
            return read_folder(str(place), Options(labels=False))
        except UserError as error:
            raise UserError(error.got, error.expected, "give a folder of images, or one image") from error
    if not place.exists():
        raise UserError(f"--data {place}, which does not exist", "an image file, or a folder of them", "check the path")
    return Source(
        format="folder", count=1, name=lambda _: place.name, encoded=lambda: iter([partial(read_file, place)])
    )


def _images(source: Source, stated: Range | None) -> Iterator[Decoded | UnreadableError]:
    assert source.encoded is not None
    return decode_in_order(source.encoded(), range=stated)


def _survey(source: Source, translator: Translator, place: Path, back: bool, stated: Range | None) -> list[str]:
    """Everything that can be wrong with the images is said before the first is written; then what is done to them."""
    problems, written, doubles = list(source.problems), {}, []
    tally, padded = Tally(stated), Counter[tuple[int, int]]()
    for index, image in enumerate(_images(source, stated)):
        name = source.name(index)
        if isinstance(image, UnreadableError):
            problems.append(Problem(path=name, reason=str(image)))
            continue
        tally.add(_as_taken(image, translator, back))
        size = image.pixels.shape[1], image.pixels.shape[2]
        if size != translator.padded(*size, back=back):
            padded[size] += 1
        if (other := written.setdefault(_written(name), name)) != name:
            doubles.append((other, name))
    if problems:
        raise UserError(
            f"{counted(len(problems), 'file')} of {place} that cannot be read: {named(problems)}",
            "images",
            f"repair them, or move them out of {place}" if place.is_dir() else "give another file",
        )
    if doubles:
        (one, other), more = doubles[0], len(doubles) - 1
        raise UserError(
            f"{one} and {other}" + (f", and {counted(more, 'such pair')} more" if more else ""),
            f"names that differ in more than their endings, for both become {_written(one)}",
            "rename one",
        )
    try:
        tally.depths.settle(str(place))
    except UserError as error:
        cure = "save them as 8 bits: a run takes the range that its own data had"
        raise UserError(error.got, error.expected, cure) from error
    if not padded:
        return list(tally.notes)
    images = f"{counted(padded.total(), 'image')} of {sizes_in_words(padded)}"
    multiples = f"multiples of {translator.grid(back)}"
    return [*tally.notes, f"{images} continued by reflection to {multiples}, and what is made cut back"]


def _as_taken(image: Decoded, translator: Translator, back: bool) -> Decoded:
    """An image in the channels of the generator, and what is said of that.

    Where a run of colours enlarges, grey stays grey and alpha is kept: neither is a change that is to be said, but the
    way of alpha is.
    """
    channels = translator.channels(back)
    if not (translator.enlarges and channels == _COLOURS):
        return refitted(image, None, channels)
    colours = image.pixels[:_COLOURS]
    kept = ("alpha enlarged by itself (bicubic)",) if len(image.pixels) > _COLOURS else ()
    return Decoded(pixels=refit(colours, None, channels), remarks=image.remarks + kept, depth=image.depth)


def _made(image: Decoded, translator: Translator, back: bool) -> Image.Image:
    """The picture that is made of one image."""
    taken = torch.from_numpy(_as_taken(image, translator, back).pixels.copy()).float() / 255
    picture = grid(translator.translate(taken[None], back=back), padding=0, enlarge=False)
    if translator.enlarges and picture.mode == "RGB":
        if len(image.pixels) == 1:
            return picture.convert("L")
        if len(image.pixels) > _COLOURS:
            alpha = Image.fromarray(image.pixels[-1]).resize(picture.size, Image.Resampling.BICUBIC)
            picture.putalpha(alpha)
    return picture


def _written(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(".png"))
