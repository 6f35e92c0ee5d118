"""What is left open is chosen from what most images are and from what the machine can do, the same for every form."""

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from saddlepoint.data import check_data, from_torch_dataset, open_data
from saddlepoint.data.choosing import choose, chosen_channels, chosen_size
from saddlepoint.data.raster import decode, outline
from saddlepoint.data.source import Options, UnreadableError
from saddlepoint.errors import UserError
from tests.data.examples import encoded, picture, pixels, refusal, write_tar, write_zip

OPEN: dict[str, Any] = {"size": "auto", "channels": "auto"}
# (height, width): how many, the machine's side, what is chosen.
SIZES: list[tuple[dict[tuple[int, int], int], int, tuple[int, int]]] = [
    # One size stays, up to 8 times the machine's side.
    ({(112, 92): 400}, 64, (112, 92)),
    ({(128, 128): 9}, 64, (128, 128)),
    ({(5, 7): 3}, 64, (5, 7)),
    # Above that the shorter side is the machine's, and the proportions stay.
    ({(321, 481): 9}, 64, (321, 481)),
    ({(512, 512): 9}, 64, (512, 512)),
    ({(513, 513): 9}, 64, (64, 64)),
    ({(1024, 1024): 9}, 128, (1024, 1024)),
    ({(768, 1024): 3}, 64, (64, 88)),
    ({(1024, 768): 3}, 64, (88, 64)),
    ({(2048, 1536): 3}, 128, (168, 128)),
    # One proportion in several sizes keeps it too.
    ({(300, 400): 3, (600, 800): 3}, 64, (64, 88)),
    # However long: no more than twice the area of the machine's square.
    ({(200, 4000): 3}, 64, (16, 320)),
    # Photographs, upright and lying.
    ({(321, 481): 80, (481, 321): 44}, 64, (64, 64)),
    # One small image decides nothing, wherever it stands.
    ({(64, 64): 1, (321, 481): 80, (481, 321): 44}, 128, (128, 128)),
    ({(9, 8): 1, (321, 481): 124}, 64, (64, 64)),
    # Small ones are not enlarged to what the machine could do; most stay above the size.
    ({(40, 50): 5, (60, 41): 4, (90, 44): 1}, 64, (40, 40)),
    ({(47, 50): 5, (60, 41): 4, (90, 44): 5}, 64, (40, 40)),
    ({(5, 7): 3, (9, 8): 1}, 64, (5, 5)),
    ({(1, 1): 3, (1, 8): 1}, 64, (1, 1)),
]
CHANNELS = [
    ({1: 5}, 1),
    ({4: 5}, 4),
    ({3: 124, 4: 1}, 3),
    ({3: 5, 4: 5}, 4),
    ({1: 9, 3: 1}, 3),
    ({1: 99, 3: 1}, 1),
    ({1: 5, 3: 4, 4: 4}, 3),
]


@pytest.mark.parametrize(("sizes", "side", "expected"), SIZES)
def test_the_size_is_that_of_most_images_and_of_the_machine(sizes, side: int, expected: tuple[int, int]) -> None:
    assert chosen_size(Counter(sizes), side) == expected


@pytest.mark.parametrize(("counts", "expected"), CHANNELS)
def test_channels_keep_what_many_images_have(counts: dict[int, int], expected: int) -> None:
    shapes: Counter[tuple[int, ...]] = Counter({(channels, 8, 8): count for channels, count in counts.items()})
    assert chosen_channels(shapes) == expected
    said = choose(shapes, Options(channels="auto")).notes
    assert bool(said) == (len(counts) > 1) and all("--set data.channels=" in note for note in said)


def test_what_is_said_is_chosen_of_nothing_else() -> None:
    shapes: Counter[tuple[int, ...]] = Counter({(3, 100, 90): 2, (1, 80, 90): 3})
    assert choose(shapes, Options()).keeps(shapes) and not choose(shapes, Options()).notes
    only_size = choose(shapes, Options(size="auto"))
    assert (only_size.size, only_size.channels) == ((64, 64), None)
    given = choose(shapes, Options(size=(7, 9), channels="auto"))
    assert (given.size, given.channels) == ((7, 9), 3)


# Files


def _saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _turned(kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(Image.new("RGB", (12, 8)), kind, exif=exif)


RGB = Image.new("RGB", (12, 8), "red")
FILES: dict[str, bytes] = {
    **{f"{mode} PNG": _saved(Image.new(mode, (12, 8))) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")},
    **{
        f"{mode} TIFF": _saved(Image.new(mode, (12, 8)), "TIFF")
        for mode in ("L", "F", "I", "RGB", "RGBA", "CMYK", "LAB")
    },
    **{f"turned {kind} {turn}": _turned(kind, turn) for kind in ("PNG", "JPEG", "WEBP", "TIFF") for turn in (3, 6, 8)},
    "palette with transparency": _saved(RGB.convert("P"), transparency=0),
    "grey with a colour key": _saved(Image.new("L", (12, 8)), transparency=0),
    "colour with a colour key": _saved(RGB, transparency=(255, 0, 0)),
    "frames": _saved(Image.new("L", (12, 8)), "GIF", save_all=True, append_images=[Image.new("L", (12, 8), 9)]),
    "inks": _saved(Image.new("CMYK", (12, 8)), "JPEG"),
    "grey JPEG": _saved(Image.new("L", (12, 8)), "JPEG"),
    "BMP": _saved(RGB, "BMP"),
    "PPM": _saved(RGB, "PPM"),
    "deep PPM": b"P6 2 1 65535 " + bytes(12),
    "deep PGM": b"P5 2 1 65535 " + bytes(4),
}


@pytest.mark.parametrize("name", FILES)
def test_an_outline_is_what_decoding_gives(name: str) -> None:
    assert outline(FILES[name]) == decode(FILES[name]).own


@pytest.mark.parametrize("data", [b"", b"a text", FILES["RGB PNG"][:20], b"\x89PNG\r\n\x1a\n" + bytes(30)])
def test_what_is_no_image_has_no_outline(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        outline(data)


# Sets: three sizes, three kinds.

IMAGES = [pixels(1, 3, 90, 120)[0], pixels(1, 3, 130, 100)[0], pixels(1, 1, 90, 120)[0], pixels(1, 4, 8, 9)[0]]


def _files() -> dict[str, bytes]:
    return {f"{index}.png": encoded(image) for index, image in enumerate(IMAGES)}


def _folder(root: Path) -> Path:
    root.mkdir()
    for name, data in _files().items():
        (root / name).write_bytes(data)
    return root


def _parquet(path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"image": pa.array(list(_files().values()), pa.binary())}), path)
    return path


FORMS: dict[str, Callable[[Path], Path]] = {
    "folder": lambda root: _folder(root / "set"),
    "zip": lambda root: write_zip(root / "set.zip", _files()),
    "tar": lambda root: write_tar(root / "set.tar", _files()),
    "tar.gz": lambda root: write_tar(root / "set.tar.gz", _files()),
    "parquet": lambda root: _parquet(root / "set.parquet"),
}
NOTES = (
    "1 image of grey, 2 images of colour and 1 image with alpha: trained with 3 channels "
    "(--set data.channels=4 chooses otherwise)",
    "3 sizes, 9x8 to 100x130: trained at 64x64, which suits this machine "
    "(--set data.size=128x128 chooses otherwise, --set data.fit=pad keeps whole pictures)",
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_files_is_brought_to_the_same_and_says_so(form: str, tmp_path: Path) -> None:
    place = FORMS[form](tmp_path)
    packed = open_data(place, **OPEN, hold_out=0)
    assert packed.shape == (3, 64, 64)
    assert packed.notes == (
        *NOTES,
        "1 image: grey to colour",
        "1 image: alpha laid over white",
        "4 images of 9x8 to 100x130 scaled and cut to 64x64 (centre; 1 enlarged)",
    )
    # Given as numbers it is the same data, with nothing left to say of a choice.
    given = open_data(place, size=(64, 64), channels=3, hold_out=0)
    assert given.fingerprint == packed.fingerprint and given.notes == packed.notes[2:]
    whole = open_data(place, **OPEN, fit="pad", hold_out=0)
    assert whole.fingerprint != packed.fingerprint
    assert whole.notes[-1].endswith("scaled and padded to 64x64 (border of the colour of their edge; 1 enlarged)")
    larger = open_data(place, **OPEN, auto_side=128, hold_out=0)
    assert larger.shape == (3, 88, 88), "half of the images have a shorter side of 90"
    report = check_data(place)
    assert report["ok"] and report["trained"] == {"cpu": [3, 64, 64], "gpu": [3, 88, 88]}
    assert report["trained_notes"] == list(NOTES)
    assert report["splits"] == {name: len(each) for name, each in open_data(place, **OPEN).splits.items()}
    # Where nothing is left open, it is refused as ever.
    assert "images of different size" in refusal(lambda: open_data(place))


class _Counted:
    """A person's own data set, which counts how often it is asked."""

    def __init__(self, images: list[np.ndarray]):
        self.images, self.asked = images, 0

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        self.asked += 1
        return picture(self.images[index]), index % 2


def test_a_dataset_is_brought_to_the_same_whichever_image_comes_first() -> None:
    for images in (IMAGES, IMAGES[::-1]):
        packed = from_torch_dataset(_Counted(images), **OPEN, hold_out=0)
        assert packed.shape == (3, 64, 64) and packed.notes[:2] == NOTES
        assert packed.labels is not None and packed.labels.tolist() == [0, 1, 0, 1]
    even = _Counted([IMAGES[3]] * 5)
    assert from_torch_dataset(even, **OPEN, hold_out=0).shape == (4, 8, 9)
    # The first image is looked at to know what they are; the others are asked for once.
    assert even.asked <= len(even) + 2


def test_what_is_alike_stays_to_the_bit(tmp_path: Path) -> None:
    images = pixels(6, 3, 12, 20)
    np.savez(tmp_path / "a.npz", images=images)
    read = open_data(tmp_path / "a.npz", **OPEN, hold_out=0)
    np.testing.assert_array_equal(read.items, images)
    assert read.notes == () and open_data(tmp_path / "a.npz", hold_out=0).fingerprint == read.fingerprint
    for name, count in (("digits", None), ("shapes", 9), ("swiss-roll", 9)):
        left_open, given = open_data(name, **OPEN, count=count, hold_out=0), open_data(name, count=count, hold_out=0)
        assert left_open.fingerprint == given.fingerprint and left_open.notes == given.notes


def test_large_images_of_one_size_stay_with_a_suggestion_and_larger_ones_are_made_smaller(tmp_path: Path) -> None:
    large = np.random.default_rng(0).random((3, 150, 200)).astype(np.float32)
    np.save(tmp_path / "a.npy", large)
    said = "200x150 is more than this machine trains in minutes: --set data.size=64x88 suits it"
    for read in (open_data(tmp_path / "a.npy", **OPEN, hold_out=0), from_torch_dataset(large, **OPEN, hold_out=0)):
        assert read.shape == (1, 150, 200) and read.notes == (said,)
    read = open_data(tmp_path / "a.npy", **OPEN, auto_side=16, hold_out=0)
    assert read.shape == (1, 16, 24) and read.notes == (
        "200x150 is more than this machine trains in minutes: trained at 24x16 "
        "(--set data.size=native keeps 200x150, --set data.fit=pad keeps whole pictures)",
        "3 images of 200x150 scaled and cut to 24x16 (centre; width x height)",
    )


def test_files_that_cannot_be_read_are_named_as_ever(tmp_path: Path) -> None:
    place = _folder(tmp_path / "set")
    (place / "broken.png").write_bytes(_files()["0.png"][:200])
    assert "1 of 5 files" in refusal(lambda: open_data(place, **OPEN))
    read = open_data(place, **OPEN, skip_unreadable=True, hold_out=0)
    assert len(read) == 4 and len(read.skipped) == 1
    for each in place.glob("[0-9].png"):
        each.unlink()
    assert "broken.png" in refusal(lambda: open_data(place, **OPEN))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fit": "pad"}, "data.fit=pad without data.size"),
        ({"fit": "stretch", "size": (8, 8)}, "data.fit=stretch; expected one of crop, pad"),
        ({"size": "large"}, "size='large'"),
        ({"auto_side": 0}, "auto_side 0"),
    ],
)
def test_options_that_say_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_data("digits", **options)
