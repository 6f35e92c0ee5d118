"""What `sample RUN --data PATH` makes of a person's own images, with a run that maps images to images.

Each is written as a PNG under its own name, beside its like in a new folder; nothing is ever overwritten.
"""

import argparse
import json
from functools import partial
from pathlib import Path, PurePosixPath

import torch

from saddlepoint.api import load
from saddlepoint.data.decoding import decode_in_order
from saddlepoint.data.folder import read_file, read_folder
from saddlepoint.data.raster import Decoded
from saddlepoint.data.source import Options, Problem, Source, UnreadableError, named
from saddlepoint.drawn import new_place
from saddlepoint.errors import UserError
from saddlepoint.recipes.task_parts import CyclePart, SuperResolutionPart, TranslationPart
from saddlepoint.recipes.text import read_recipe
from saddlepoint.sampling.pictures import grid, save_picture
from saddlepoint.training.folder import RunFolder
from saddlepoint.translator import Translator

# What only a generator of latents has a use for.
_OF_LATENTS = ("count", "seed", "seeds", "label", "truncation", "standing", "neighbours")


def starts_from_images(run: str) -> bool:
    """Whether a run's generator makes images from images, and not from latents."""
    recipe, _ = read_recipe(RunFolder.existing(Path(run)).recipe)
    return isinstance(recipe.task, CyclePart | SuperResolutionPart | TranslationPart)


def translate(chosen: argparse.Namespace) -> int:
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
    _check(source, translator, place, chosen.back)
    names = [source.name(index) for index in range(source.count)]
    for name, image in zip(names, _images(source, translator.channels(chosen.back)), strict=True):
        assert isinstance(image, Decoded)
        pixels = torch.from_numpy(image.pixels.copy()).float() / 255
        made = translator.translate(pixels[None], back=chosen.back)
        path = out if single and out.suffix == ".png" else out / _written(name)
        save_picture(grid(made, padding=0, enlarge=False), path)
    print(json.dumps({"out": str(out), "count": source.count}) if chosen.json else out)
    return 0


def _source(place: Path) -> Source:
    if place.is_dir():
        return read_folder(str(place), Options(labels=False))
    if not place.exists():
        raise UserError(f"--data {place}, which does not exist", "an image file, or a folder of them", "check the path")
    return Source(
        format="folder", count=1, name=lambda _: place.name, encoded=lambda: iter([partial(read_file, place)])
    )


def _images(source: Source, channels: int):
    assert source.encoded is not None
    return decode_in_order(source.encoded(), channels=channels)


def _check(source: Source, translator: Translator, place: Path, back: bool) -> None:
    """Everything that can be wrong with the images is said before the first is written."""
    problems, written = list(source.problems), {}
    for index, image in enumerate(_images(source, translator.channels(back))):
        name = source.name(index)
        if isinstance(image, UnreadableError):
            problems.append(Problem(path=name, reason=str(image)))
            continue
        try:
            translator.check(image.pixels.shape, back=back)
        except UserError as error:
            raise UserError(f"{name}, {error.got}", error.expected, error.cure) from None
        other = written.setdefault(_written(name), name)
        if other != name:
            raise UserError(
                f"{other} and {name}",
                f"names that differ in more than their endings, for both become {_written(name)}",
                "rename one",
            )
    if problems:
        raise UserError(
            f"{len(problems)} files of {place} that cannot be read: {named(problems)}",
            "images",
            "repair or remove them",
        )


def _written(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(".png"))
