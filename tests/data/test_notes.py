"""Every conversion that changes pixels leaves a note with its count, whatever the format, and a run carries it on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from saddlepoint.command.main import main
from saddlepoint.data import from_torch_dataset, open_data, open_tiles
from saddlepoint.data.pairs import open_pairs
from saddlepoint.errors import counted
from saddlepoint.recipes.data_facts import DataFacts
from tests.data.examples import encoded, picture, pixels, write_idx, write_tar, write_zip

ALPHA = Image.fromarray(np.moveaxis(pixels(1, 4, 8, 12)[0], 0, -1))
COLOUR, GREY = picture(pixels(1, 3, 8, 12)[0]), picture(pixels(1, 1, 8, 12)[0])
DEEP = Image.fromarray(np.arange(96, dtype=np.uint16).reshape(8, 12) * 600)
UPSIDE_DOWN = Image.Exif()
UPSIDE_DOWN[0x0112] = 3
# A file, what is asked for, and what is to be said of it, of three such files.
CONVERSIONS: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "16 bit": (encoded(DEEP), {}, "3 images: 16-bit grey, scaled to 8 bits"),
    "frames": (
        encoded(GREY, "GIF", save_all=True, append_images=[GREY.rotate(180)]),
        {},
        "3 images: several frames, the first is taken",
    ),
    "turned": (encoded(COLOUR, exif=UPSIDE_DOWN), {}, "3 images: turned upright, as the EXIF orientation says"),
    "inks": (encoded(COLOUR.convert("CMYK"), "JPEG"), {}, "3 images: CMYK to RGB"),
    "no alpha": (encoded(ALPHA), {"channels": 3}, "3 images: alpha laid over white"),
    "grey alpha": (encoded(ALPHA), {"channels": 1}, "3 images: alpha laid over white, colour to grey"),
    "grey": (encoded(COLOUR), {"channels": 1}, "3 images: colour to grey"),
    "colour": (encoded(GREY), {"channels": 3}, "3 images: grey to colour"),
    "opaque": (encoded(COLOUR), {"channels": 4}, "3 images: opaque alpha added"),
    "cut": (encoded(COLOUR), {"size": (4, 4)}, "3 images of 12x8 scaled and cut to 4x4 (centre)"),
    "scaled": (encoded(COLOUR), {"size": (4, 6)}, "3 images of 12x8 scaled to 6x4 (width x height)"),
}


def _parquet(path: Path, files: list[bytes], columns: tuple[str, ...] = ("image",)) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({name: pa.array(files, pa.binary()) for name in columns}), path)
    return path


def _folder(root: Path, files: list[bytes]) -> Path:
    root.mkdir(parents=True)
    for index, data in enumerate(files):
        (root / f"{index}.png").write_bytes(data)
    return root


def _zip(path: Path, files: list[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_zip(path, {f"{index}.png": data for index, data in enumerate(files)})


def _tar(path: Path, files: list[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_tar(path, {f"{index}.png": data for index, data in enumerate(files)})


def _two_folders(root: Path, files: list[bytes]) -> Path:
    for side in ("a", "b"):
        _folder(root / side, files)
    return root


def _mapped(read: Callable[..., Any]) -> Callable[..., Any]:
    """The same reading with everything in the cache, asked a second time, when nothing is decoded any more."""

    def twice(path: Path, **asked: Any) -> Any:
        cache = path.parent.parent / f"cache-{path.parent.name}"
        first, second = (read(path, cache=cache, resident_limit=0, **asked) for _ in range(2))
        assert first.notes == second.notes
        return second

    return twice


def _changes(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Notes of what was changed; the data here are copies of one image, which is noted too."""
    return tuple(note for note in notes if " distinct " not in note)


# How three files are put into a place, and how that is opened.
READERS: dict[str, tuple[Callable[[Path, list[bytes]], Path], Callable[..., Any]]] = {
    "folder": (lambda root, files: _folder(root / "set", files), open_data),
    "mapped": (lambda root, files: _folder(root / "set", files), _mapped(open_data)),
    "zip": (lambda root, files: _zip(root / "set.zip", files), open_data),
    "tar": (lambda root, files: _tar(root / "set.tar.gz", files), open_data),
    "parquet": (lambda root, files: _parquet(root / "set.parquet", files), open_data),
    "two folders": (lambda root, files: _two_folders(root / "set", files), open_pairs),
    "two columns": (lambda root, files: _parquet(root / "set.parquet", files, ("a", "b")), open_pairs),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_conversion_is_noted_with_its_count(reader: str, tmp_path: Path) -> None:
    write, read = READERS[reader]
    for name, (data, asked, expected) in CONVERSIONS.items():
        notes = _changes(read(write(tmp_path / name, [data] * 3), hold_out=0, **asked).notes)
        prefix = "sources and targets: " if read is open_pairs else ""
        assert [note for note in notes if note.startswith(prefix + expected)] and len(notes) == 1, (name, notes)
    plain = read(write(tmp_path / "plain", [encoded(COLOUR)] * 3), hold_out=0, channels=3, size=(8, 12))
    assert _changes(plain.notes) == ()


def test_a_hugging_face_data_set_is_noted_like_its_files(tmp_path: Path) -> None:
    _parquet(tmp_path / "set" / "train-0.parquet", [encoded(ALPHA)] * 3)
    packed = open_data(f"hf:{tmp_path / 'set'}", image_column="image", channels=3, cache=tmp_path / "cache", hold_out=0)
    assert _changes(packed.notes) == ("3 images: alpha laid over white",)


def test_arrays_and_datasets_are_noted_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=pixels(5, 3, 8, 12))
    asked: dict[str, Any] = {"size": (4, 4), "channels": 1, "hold_out": 0}
    expected = ("5 images: colour to grey", "5 images of 12x8 scaled and cut to 4x4 (centre)")
    assert open_data(tmp_path / "a.npz", **asked).notes == expected
    idx = write_idx(tmp_path / "idx", pixels(4, 1, 8, 12), pixels(1, 1, 8, 12, seed=1))
    assert open_data(idx, size=(4, 6), hold_out=0).notes == ("5 images of 12x8 scaled to 6x4 (width x height)",)
    assert from_torch_dataset([picture(image) for image in pixels(5, 3, 8, 12)], **asked).notes == expected
    assert from_torch_dataset([DEEP] * 2, hold_out=0).notes[0].startswith("2 images: 16-bit grey")


def test_halves_of_a_file_are_noted_by_their_own_size(tmp_path: Path) -> None:
    wide = encoded(picture(pixels(1, 4, 8, 32)[0]), exif=UPSIDE_DOWN)
    pairs = open_pairs(_folder(tmp_path / "pairs", [wide] * 2), size=(8, 8), channels=3, hold_out=0)
    assert pairs.notes == (
        "sources and targets: 2 images: turned upright, as the EXIF orientation says",
        "sources and targets: 2 images: alpha laid over white",
        "sources and targets: 2 images of 16x8 scaled and cut to 8x8 (centre)",
    )
    of_grey = open_pairs(tmp_path / "pairs", channels=3, source_channels=1, hold_out=0).notes
    assert "sources: 2 images: alpha laid over white, colour to grey" in of_grey
    assert "targets: 2 images: alpha laid over white" in of_grey


def test_tiles_say_what_they_are_cut_from(tmp_path: Path) -> None:
    place = _folder(tmp_path / "set", [encoded(ALPHA), encoded(picture(pixels(1, 4, 16, 16)[0]))])
    read = open_tiles(place, tile=8, hold_out=0)
    assert read.notes == (
        "2 images: alpha laid over white",
        "2 photographs of 12x8 to 16x16 cut into 6 tiles of 8x8",
    )


def test_what_was_left_out_of_pairs_is_counted_once(tmp_path: Path) -> None:
    root = _two_folders(tmp_path / "set", [encoded(COLOUR), encoded(GREY), encoded(COLOUR)])
    (root / "b" / "1.png").write_bytes(b"")
    pairs = open_pairs(root, channels=3, hold_out=0, skip_unreadable=True)
    assert len(pairs.sources) == 2 and pairs.skipped == ("b/1.png: the file is empty",)


def test_a_count_of_one_is_no_plural() -> None:
    assert [counted(count, "image") for count in (1, 2, 1200)] == ["1 image", "2 images", "1,200 images"]


def test_what_reading_did_stands_in_the_first_lines_the_recipe_and_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    others = [encoded(picture(image)) for image in pixels(3, 4, 8, 12)]
    data, run = _folder(tmp_path / "set", [encoded(ALPHA), *others]), tmp_path / "run"
    (data / "broken.png").write_bytes(b"")
    asked = ["data.channels=3", "data.size=8x8", "data.skip_unreadable=true", "training.batch=2", "training.threads=1"]
    command = ["train", "images", "--data", str(data), "--out", str(run), "--steps", "1"]
    assert main(command + [word for setting in asked for word in ("--set", setting)]) == 0
    notes = [
        "4 images: alpha laid over white",
        "4 images of 12x8 scaled and cut to 8x8 (centre)",
        "1 file left out, because unreadable: broken.png: the file is empty",
    ]
    first = capsys.readouterr().err.splitlines()[1:4]
    assert first == [f"data: {note}" for note in notes]
    assert yaml.safe_load((run / "recipe.yaml").read_text())["found"]["notes"] == notes
    report = (run / "report.html").read_text()
    assert all(f"Data: {note}" in report for note in notes)
    assert main(["resume", str(run), "--steps", "2"]) == 0
    assert capsys.readouterr().err.splitlines()[1:4] == first


def test_a_run_of_images_of_several_sizes_records_what_was_chosen_as_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    data, run = _folder(tmp_path / "set", [encoded(picture(image)) for image in pixels(5, 3, 12, 20)]), tmp_path / "run"
    (data / "small.png").write_bytes(encoded(GREY.crop((0, 0, 4, 4))))
    command = ["train", "images", "--data", str(data), "--out", str(run), "--steps", "1", "--fit", "pad"]
    settings = ["networks.width=4", "training.batch=3", "training.threads=1"]
    assert main(command + [word for setting in settings for word in ("--set", setting)]) == 0
    first = capsys.readouterr().err.splitlines()[1:5]
    assert first == [
        "data: 1 image of grey and 5 images of colour: trained with 3 channels "
        "(--set data.channels=1 chooses otherwise)",
        "data: 2 sizes, 4x4 to 20x12: trained at 8x8, half have a shorter side of 12 or less "
        "(--set data.size=16x16 chooses otherwise)",
        "data: 1 image: grey to colour",
        "data: 5 images of 20x12 scaled and padded to 8x8 (border of the colour of their edge)",
    ]
    written = yaml.safe_load((run / "recipe.yaml").read_text())
    assert (written["data"]["size"], written["data"]["channels"], written["data"]["fit"]) == ([8, 8], 3, "pad")
    assert (written["networks"]["pair"], written["networks"]["width"], written["training"]["batch"]) == ("dcgan", 4, 3)
    assert all(f"data: {note}" in first for note in written["found"]["notes"][:2])
    assert first[0].removeprefix("data: ") in (run / "report.html").read_text()
    assert main(["resume", str(run), "--steps", "2"]) == 0
    assert "not as it was" not in capsys.readouterr().err
    assert yaml.safe_load((run / "recipe.yaml").read_text())["found"] == written["found"]
    # A picture more does not change what the run was built for: it is other data, and refused.
    (data / "more.png").write_bytes(encoded(COLOUR))
    assert main(["resume", str(run), "--steps", "3"]) == 2 and "fingerprint" in capsys.readouterr().err


def test_what_runs_recorded_before_there_were_notes_can_be_read() -> None:
    recorded: dict[str, Any] = {
        "source": "set",
        "kind": "images",
        "shape": [3, 8, 8],
        "classes": [],
        "count": 4,
        "splits": {"train": 4},
        "split_rule": "nothing held out",
        "fingerprint": "0" * 64,
        "skipped": 0,
        "source_shape": None,
    }
    found = DataFacts.read(recorded)
    assert found.shape == (3, 8, 8) and found.notes == () and found.own_size is None
    later = DataFacts.read(recorded | {"notes": ["3 images: grey to colour"], "own_size": [8, 16]})
    assert later.notes == ("3 images: grey to colour",) and later.own_size == (8, 16)
