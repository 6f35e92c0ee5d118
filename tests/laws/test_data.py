"""Laws of data sources: what is true of every format, found from the table of formats, and of no other file."""

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.data import EMBEDDED, FORMATS, Packed, check_data, open_data
from saddlepoint.data.formats.archive import archive_source
from saddlepoint.data.formats.cifar import read_batches
from saddlepoint.data.source import Source
from tests.data.examples import (
    encoded,
    pixels,
    write_cifar,
    write_csv,
    write_folder,
    write_idx,
    write_parquet,
    write_tar,
    write_zip,
)
from tests.laws.members import check_reached, modules, public

# Eighty images, of which the last twenty are the first twenty again.
IMAGES = np.concatenate([pixels(60, 1, 12, 9), pixels(60, 1, 12, 9)[:20]])
LABELS = np.arange(80) % 4


def _zip(root: Path) -> Path:
    return write_zip(root / "x.zip", {f"{LABELS[i]}/{i:02d}.png": encoded(image) for i, image in enumerate(IMAGES)})


def _arrays(root: Path) -> Path:
    np.savez(root / "x.npz", images=IMAGES[:, 0], labels=LABELS)
    return root / "x.npz"


def _hugging_face(root: Path) -> str:
    write_parquet(root / "repository" / "train.parquet", IMAGES, LABELS, ("a", "b", "c", "d"))
    return f"hf:{root / 'repository'}"


def _tar(root: Path) -> Path:
    return write_tar(root / "x.tar.gz", {f"{LABELS[i]}/{i:02d}.png": encoded(image) for i, image in enumerate(IMAGES)})


def _csv(root: Path) -> Path:
    images = np.concatenate([pixels(60, 1, 8, 8), pixels(60, 1, 8, 8)[:20]])
    return write_csv(root / "x.csv", images.reshape(80, -1), LABELS)


def _cifar(root: Path) -> Path:
    images = np.concatenate([pixels(60, 3, 32, 32), pixels(60, 3, 32, 32)[:20]])
    return write_cifar(root / "cifar", images, LABELS, parts=(40, 40))


NO_READERS = {
    "saddlepoint.data.formats.array_files": "files of arrays, for arrays; tests/data/test_hostile.py",
    "saddlepoint.data.formats.array_names": "which array holds what; tests/data/formats/test_arrays.py",
    "saddlepoint.data.formats.columns": "the choice of columns, shared by parquet and hugging_face",
    "saddlepoint.data.formats.foreign": "what is not read; tests/data/formats/test_foreign.py",
    "saddlepoint.data.formats.stamps": "file stamps of the readers",
}
# Readers of a part, behind several of the table.
SHARED = {read_batches: "by read_cifar and read_tar", archive_source: "by read_zip and read_tar"}
# A small example of each format that reads something; a format without one fails.
EXAMPLES: dict[str, Callable[[Path], Path | str]] = {
    "idx": lambda root: write_idx(root / "idx", IMAGES[:70], IMAGES[70:]),
    "folder": lambda root: write_folder(root / "folder", IMAGES, ("a", "b", "c")),
    "zip": _zip,
    "tar": _tar,
    "csv": _csv,
    "cifar": _cifar,
    "parquet": lambda root: write_parquet(root / "x.parquet", IMAGES, LABELS, ("a", "b", "c", "d")),
    "arrays": _arrays,
    "hugging-face": _hugging_face,
}


@pytest.fixture(params=list(FORMATS))
def opened(request, tmp_path, monkeypatch) -> tuple[str | Path, Callable[..., Packed]]:
    """A location in one of the formats, and how to open it with further options."""
    if request.param == "hugging-face":
        # The check has no cache of its own; the library's is not the user's here.
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hugging-face")
    location = request.param if request.param in EMBEDDED else EXAMPLES[request.param](tmp_path)
    return location, lambda **options: open_data(location, cache=tmp_path / "cache", **options)


def test_every_reader_stands_in_the_table_and_every_other_file_of_the_formats_says_why_it_holds_none():
    readers = {entry.read for entry in FORMATS.values()}
    embedded = {FORMATS[name].read.__module__ for name in EMBEDDED}
    check_reached("data.embedded", embedded, {})
    check_reached("data.formats", {reader.__module__ for reader in readers} - embedded, NO_READERS)
    for module in modules("data"):
        for name, function in public(module).items():
            if inspect.isfunction(function) and inspect.signature(function).return_annotation is Source:
                assert function in {*readers, *SHARED}, f"{module}.{name} is reached by no format"
    assert set(EXAMPLES) | set(EMBEDDED) == set(FORMATS)


def test_the_packed_form_is_well_formed(opened):
    location, call = opened
    packed = call()
    assert packed.items.dtype == (np.uint8 if packed.kind == "images" else np.float32)
    assert packed.items.shape[1:] == packed.shape and packed.source == str(location)
    if packed.labels is not None:
        assert packed.labels.dtype == np.int64 and len(packed.labels) == len(packed)
        assert 0 <= packed.labels.min() and packed.labels.max() < len(packed.classes)
        assert len(set(packed.classes)) == len(packed.classes)
    for values in packed.attributes.values():
        assert len(values) == len(packed) and values.dtype == np.float32


def test_splits_are_disjoint_sorted_and_complete(opened):
    packed = opened[1]()
    for indices in packed.splits.values():
        assert indices.dtype == np.int64 and (np.diff(indices) > 0).all()
    np.testing.assert_array_equal(np.sort(np.concatenate(list(packed.splits.values()))), np.arange(len(packed)))
    assert len(packed.splits["train"]) and packed.split_rule.startswith("hold out 0.1 by fingerprint, seed 0")


def test_equal_items_are_never_on_both_sides(opened):
    packed = opened[1](hold_out=0.5)
    train, held = ({packed.items[index].tobytes() for index in packed.splits[name]} for name in ("train", "held_out"))
    assert train and held and not train & held


def test_opening_again_in_memory_or_mapped_gives_the_same(opened):
    _, call = opened
    first, again, mapped = call(), call(), call(resident_limit=1)
    assert isinstance(mapped.items, np.memmap) and not isinstance(first.items, np.memmap)
    for other in (again, mapped):
        assert other.fingerprint == first.fingerprint and other.classes == first.classes
        np.testing.assert_array_equal(other.items, first.items)
        for name, indices in first.splits.items():
            np.testing.assert_array_equal(other.splits[name], indices)


def test_a_batch_is_its_items(opened):
    packed = opened[1](resident_limit=1)
    indices = [len(packed) - 1, 0, 5, 0]
    items, labels = packed.batch(indices)
    np.testing.assert_array_equal(items.numpy(), packed.items[indices])
    if packed.labels is not None:
        assert labels is not None and labels.tolist() == packed.labels[indices].tolist()


def test_any_size_and_channel_count_is_the_one_asked_for(opened):
    _, call = opened
    if call().kind == "points":
        with pytest.raises(ValueError, match="which holds points"):
            call(size=(8, 10))
        return
    for size, channels in (((8, 10), 3), ((23, 17), 4), ((9, 9), 1)):
        assert call(size=size, channels=channels).shape == (channels, *size)


def test_labels_may_be_left_out(opened):
    packed = opened[1](labels=False)
    assert packed.labels is None and packed.classes == ()


def test_the_check_agrees_with_opening(opened):
    location, call = opened
    packed, report = call(), check_data(location)
    assert report["ok"] and not report["problems"] and report["suggestion"] is None
    assert report["count"] == len(packed) and tuple(report["shape"]) == packed.shape and report["kind"] == packed.kind
    assert report["splits"] == {name: len(indices) for name, indices in packed.splits.items()}
    assert tuple(report["classes"]) == packed.classes
    distinct = len({item.tobytes() for item in packed.items})
    assert report["duplicates"] == len(packed) - distinct
