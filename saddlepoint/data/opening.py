"""Opening whatever a person gives as data: the format is found out, read, and packed."""

import dataclasses
import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from saddlepoint.data.depth import Range
from saddlepoint.data.embedded.digits import read_digits
from saddlepoint.data.embedded.shapes import read_shapes
from saddlepoint.data.embedded.toy import TOY_SETS, read_toy
from saddlepoint.data.fitting import Fit, Size
from saddlepoint.data.formats.archive import read_zip
from saddlepoint.data.formats.arrays import read_arrays
from saddlepoint.data.formats.cifar import find_cifar, read_cifar
from saddlepoint.data.formats.csv_pixels import SUFFIXES as CSV_SUFFIXES
from saddlepoint.data.formats.csv_pixels import read_csv
from saddlepoint.data.formats.folder import read_folder
from saddlepoint.data.formats.foreign import kind_of, refusal
from saddlepoint.data.formats.hugging_face import PREFIX, REPOSITORY, read_hugging_face
from saddlepoint.data.formats.idx import find_idx, read_idx
from saddlepoint.data.formats.parquet import find_parquet, read_parquet
from saddlepoint.data.formats.tar import is_tar, read_tar
from saddlepoint.data.packed import Packed
from saddlepoint.data.packing import pack
from saddlepoint.data.source import AUTO_SIDE, Options, Source
from saddlepoint.errors import UserError
from saddlepoint.files import expanded


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """How a format is read, and which of the options that only some formats know it heeds."""

    read: Callable[[str, Options], Source]
    heeds: tuple[str, ...] = ()


# Bytes that tell a file's kind; a tar archive says it at the end of its first block.
_HEAD = 512
_COLUMNS = ("image_column", "label_column")
EMBEDDED: dict[str, Format] = {
    "digits": Format(read=read_digits),
    "shapes": Format(read=read_shapes, heeds=("count",)),
    **{name: Format(read=read_toy, heeds=("count",)) for name in TOY_SETS},
}
FORMATS: dict[str, Format] = {
    **EMBEDDED,
    "idx": Format(read=read_idx),
    "folder": Format(read=read_folder, heeds=("label_column",)),
    "cifar": Format(read=read_cifar),
    "zip": Format(read=read_zip, heeds=("label_column",)),
    "tar": Format(read=read_tar, heeds=("label_column",)),
    "parquet": Format(read=read_parquet, heeds=_COLUMNS),
    "arrays": Format(read=read_arrays),
    "csv": Format(read=read_csv, heeds=("label_column",)),
    "hugging-face": Format(read=read_hugging_face, heeds=_COLUMNS),
}
_EXPECTED = (
    "a folder of images or of IDX, .parquet or CIFAR .bin files, a .zip, .tar(.gz), .parquet, .npz or .npy, "
    f"a .csv of pixels, hf:NAME, or one of {', '.join(EMBEDDED)}"
)


def open_data(
    location: str | Path | None,
    *,
    format: str = "auto",
    size: Size | Literal["auto"] | None = None,
    channels: int | Literal["auto"] | None = None,
    fit: Fit = "crop",
    auto_side: int = AUTO_SIDE,
    range: Range | None = None,
    hold_out: float = 0.1,
    first: int | None = None,
    seed: int = 0,
    count: int | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    labels: bool = True,
    skip_unreadable: bool = False,
    cache: Path | None = None,
    resident_limit: int = Options.resident_limit,
) -> Packed:
    """Opens a data set of any supported kind in the packed form.

    Args:
        location: an embedded set's name (such a bare name goes before a folder of that name; write ./digits for the
            folder), a path, hf:NAME, or owner/name that is no path here.
        format: a key of `FORMATS`; "auto" finds it out.
        size: (height, width) to which every image is brought, see `fitting`; "auto" chooses one, see `choosing`; None
            keeps the images' own, which must be one. `shapes` are drawn at that size.
        channels: 1, 3 or 4 to convert to, or "auto" likewise; None keeps the images' own, which must be one.
        fit: "crop" cuts the centre out of what is not of the size's proportions, "pad" lays it whole on a border.
        auto_side: the shorter side, in pixels, above which "auto" makes images smaller; a machine's.
        range: what black and white are in values of more than 8 bits; None asks where the values do not tell, see
            `depth`.
        hold_out: the share of the training part that is held out by fingerprint, where the source publishes no held-out
            part.
        first: instead, the first so many are trained on and the rest is held out.
        seed: of the division by fingerprint, and of `shapes` and the toy sets.
        count: how many items of `shapes` or a toy set.
        image_column, label_column: columns of a table with several possible ones; the latter also of a table that lies
            beside the images, see `labels.files`.
        labels: False leaves labels out, right or wrong.
        skip_unreadable: leave out what cannot be read, and say so in `Packed.skipped`, instead of refusing.
        cache: folder of packed sets above the limit; None is the user's cache directory.
        resident_limit: bytes above which a packed set is a memory-mapped file.

    Raises:
        UserError: what was given, what was expected, what to do; for anything wrong in the data or the options.
        RunStopped: a packed set could not be written to the cache.

    Examples:
        >>> digits = sp.open_data("digits")
        >>> digits.shape, len(digits.classes)
        ((1, 8, 8), 10)
        >>> {name: len(items) for name, items in digits.splits.items()}
        {'train': 1628, 'held_out': 169}
        >>> images, labels = digits.batch(digits.splits["train"][:2])
        >>> images.shape, images.dtype
        (torch.Size([2, 1, 8, 8]), torch.uint8)
    """
    options = Options(
        size=size,
        channels=channels,
        fit=fit,
        auto_side=auto_side,
        range=range,
        hold_out=hold_out,
        first=first,
        seed=seed,
        count=count,
        image_column=image_column,
        label_column=label_column,
        labels=labels,
        skip_unreadable=skip_unreadable,
        cache=cache,
        resident_limit=resident_limit,
    )
    source, where = read_source(location, format, options)
    return pack(source, options, where)


def read_source(location: str | Path | None, format: str, options: Options) -> tuple[Source, str]:
    """The source that a location holds, before its items are read, and the location as messages call it."""
    if location is None:
        raise UserError("no data", _EXPECTED, "give one with --data PATH")
    name = recognise(location) if format == "auto" else format
    if name not in FORMATS:
        raise UserError(f"format {name!r}", f"auto or one of {', '.join(FORMATS)}", "choose one of these")
    for option in ("count", *_COLUMNS):
        if getattr(options, option) is not None and option not in FORMATS[name].heeds:
            raise UserError(
                f"data.{option}={getattr(options, option)} for {location}, which is read as {name}",
                f"a format that has it: {', '.join(key for key, value in FORMATS.items() if option in value.heeds)}",
                "leave it out",
            )
    if name in EMBEDDED and str(location) != name:
        raise UserError(
            f"format {name} for {location}", f"the name {name} itself as the location", "leave the format out"
        )
    place = str(location)
    if name not in EMBEDDED and name != "hugging-face":
        place = str(_existing(place))
    source = FORMATS[name].read(place, options.given)
    if not options.labels:
        source = dataclasses.replace(source, labels=None, classes=())
    return source, str(location)


def recognise(location: str | Path) -> str:
    """The format of a location: by its name, then by what lies there.

    Raises:
        UserError: nothing is there, or nothing of a known kind.
    """
    if isinstance(location, str):
        if location in EMBEDDED:
            return location
        path = expanded(location)
        # owner/name where owner is a folder here is a misspelt path, not a reason to ask the network.
        named = REPOSITORY.fullmatch(location) and not location.startswith(".") and not path.parent.is_dir()
        if location.startswith(PREFIX) or (named and not path.exists()):
            return "hugging-face"
    path = _existing(location)
    if path.is_dir():
        found = {"idx": find_idx, "cifar": find_cifar, "parquet": find_parquet}
        return next((name for name, find in found.items() if find(path)), "folder")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise UserError(
            f"{path}, which cannot be read ({error.strerror})", _EXPECTED, "check its permissions"
        ) from error
    name = path.name.lower()
    if name.endswith((".npz", ".npy")) or head[:6] == b"\x93NUMPY":
        return "arrays"
    if head[:4] == b"PAR1" or name.endswith(".parquet"):
        return "parquet"
    if name.endswith(".zip") or (head[:2] == b"PK" and kind_of(name) is None):
        return "zip"
    if is_tar(path, head):
        return "tar"
    if name.endswith(CSV_SUFFIXES):
        return "csv"
    if re.search(r"idx[13][-_.]ubyte", name):
        raise UserError(f"the file {path}", _EXPECTED, f"give the folder that holds it, {path.parent}")
    raise refusal(path, head, _EXPECTED)


def _existing(location: str | Path) -> Path:
    path = expanded(location)
    if not path.exists():
        near = difflib.get_close_matches(str(location), EMBEDDED, n=1)
        raise UserError(
            f"{path}, which does not exist",
            _EXPECTED,
            f"did you mean {near[0]}? Otherwise check the path" if near else "check the path",
        )
    if not (path.is_file() or path.is_dir()):
        # Opening a pipe would wait for somebody to write, and a device may never end.
        raise UserError(f"{path}, which is a pipe or a device", _EXPECTED, "write what it gives into a file first")
    return path
