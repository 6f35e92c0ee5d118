"""Pairs of images by file name: what was made, and what it should equal. Photographs may each have a size of their own.

Files agree where their paths do, whatever their ending (a.png and a.jpg).
"""

from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from saddlepoint.data.decoding import decode_in_order
from saddlepoint.data.depth import Depths
from saddlepoint.data.opening import read_source
from saddlepoint.data.source import Options, UnreadableError
from saddlepoint.errors import UserError, counted
from saddlepoint.measuring.comparison import Pairs


def pairs_by_name(images: str | Path, reference: str | Path) -> Pairs:
    """The images of two folders or zip files that bear the same names.

    Args:
        images: what is judged.
        reference: what they should equal.

    Raises:
        UserError: not files by name, names on one side only, or a file that cannot be read.
    """
    made, wanted = _files(images), _files(reference)
    alone = sorted(made.keys() ^ wanted.keys())
    if alone:
        where = images if alone[0] in made else reference
        raise UserError(
            f"{counted(len(alone), 'name')} on one side only, such as {alone[0]} in {where}",
            "the same file names in both folders",
            "rename or leave out what has no partner",
        )
    names = sorted(made)
    return Pairs(images=[made[name] for name in names], reference=[wanted[name] for name in names])


def _files(location: str | Path) -> dict[str, Tensor]:
    source, _ = read_source(location, "auto", Options(labels=False))
    if source.encoded is None:
        raise UserError(
            f"{location}, which is {source.format}", "a folder or zip file of images", "pairs need file names"
        )
    found: dict[str, Tensor] = {}
    depths = Depths(None)
    for index, image in enumerate(decode_in_order(source.encoded())):
        name = source.name(index)
        key = str(PurePosixPath(name).with_suffix(""))
        if key in found:
            raise UserError(f"two files named {key} in {location}", "one", "rename one of them")
        if isinstance(image, UnreadableError):
            raise UserError(f"{name} in {location} ({image})", "a readable image", "repair it or take it out")
        depths.add(image.depth)
        found[key] = torch.tensor(image.pixels, dtype=torch.float32) / 255
    depths.settle(str(location))
    return found
