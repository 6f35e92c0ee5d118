"""Packed sets above the limit: memory-mapped, the same as in memory, written once, written whole."""

import errno
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.data import open_data, storing
from saddlepoint.errors import RunStopped
from tests.data.examples import pixels, refusal, write_folder, write_idx, write_parquet

IMAGES = pixels(40)


def mapped(folder: Path, cache: Path, **options):
    return open_data(folder, cache=cache, resident_limit=1000, **options)


def entries(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if path.is_dir()]


def test_a_mapped_set_equals_the_one_in_memory(tmp_path):
    folder = write_folder(tmp_path / "data", IMAGES, ("a", "b"))
    resident, large = open_data(folder), mapped(folder, tmp_path / "cache")
    assert isinstance(large.items, np.memmap) and not isinstance(resident.items, np.memmap)
    assert large.fingerprint == resident.fingerprint and large.classes == resident.classes
    for name in resident.splits:
        np.testing.assert_array_equal(large.splits[name], resident.splits[name])
    np.testing.assert_array_equal(large.batch([30, 2, 17])[0].numpy(), resident.items[[30, 2, 17]])
    large.batch([0])[0].zero_()
    np.testing.assert_array_equal(large.items, resident.items)


def test_it_is_written_once_and_again_when_the_data_or_an_option_changes(tmp_path, monkeypatch):
    folder, cache = write_folder(tmp_path / "data", IMAGES), tmp_path / "cache"
    first = mapped(folder, cache)
    assert len(entries(cache)) == 1
    with monkeypatch.context() as patch:
        patch.setattr("saddlepoint.data.packing.decode_in_order", lambda *_, **__: pytest.fail("decoded again"))
        assert mapped(folder, cache).fingerprint == first.fingerprint
        assert mapped(folder, cache, hold_out=0.5).split_rule == "hold out 0.5 by fingerprint, seed 0"
    mapped(folder, cache, size=(4, 4))
    assert len(entries(cache)) == 2
    write_folder(folder, np.concatenate([IMAGES, pixels(1, seed=1)]))
    assert len(mapped(folder, cache)) == 41


def test_what_was_skipped_is_kept_with_the_entry(tmp_path):
    folder, cache = write_folder(tmp_path / "data", IMAGES, ("a", "b")), tmp_path / "cache"
    (folder / "a" / "cut.png").write_bytes(b"")
    assert "1 of 41 files" in refusal(lambda: mapped(folder, cache))
    assert not entries(cache)
    for _ in range(2):
        packed = mapped(folder, cache, skip_unreadable=True)
        assert packed.skipped == ("a/cut.png: the file is empty",) and len(packed) == 40
        assert packed.labels is not None and packed.labels.tolist() == [0] * 20 + [1] * 20
        np.testing.assert_array_equal(packed.items, open_data(folder, skip_unreadable=True).items)


@pytest.mark.parametrize("make", ["idx", "parquet", "npy", "points"])
def test_every_kind_of_source_can_be_mapped(tmp_path, make):
    images = pixels(300, 1, 5, 6)
    path = tmp_path / make
    if make == "idx":
        write_idx(path, images[:200], images[200:])
    elif make == "parquet":
        path = write_parquet(tmp_path / "x.parquet", images, split=["train"] * 200 + ["test"] * 100)
    else:
        path = tmp_path / "x.npy"
        np.save(path, images if make == "npy" else np.random.default_rng(0).normal(size=(600, 3)).astype(np.float32))
    large = mapped(path, tmp_path / "cache")
    assert isinstance(large.items, np.memmap)
    assert large.fingerprint == open_data(path).fingerprint == mapped(path, tmp_path / "cache").fingerprint


def test_a_damaged_entry_and_leftovers_are_replaced(tmp_path):
    folder, cache = write_folder(tmp_path / "data", IMAGES), tmp_path / "cache"
    fingerprint = mapped(folder, cache).fingerprint
    (entry,) = entries(cache)
    (entry / "items.npy").write_bytes(b"cut off")
    left = cache / f"{entry.name}.writing-99999999"
    left.mkdir()
    assert mapped(folder, cache).fingerprint == fingerprint
    assert not left.exists() and entries(cache) == [entry]


def test_no_room_is_said_before_anything_is_written(tmp_path, monkeypatch):
    folder, cache = write_folder(tmp_path / "data", IMAGES), tmp_path / "cache"
    monkeypatch.setattr(storing.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100})())
    line = refusal(lambda: mapped(folder, cache))
    assert "0.0 GiB free" in line and "--set data.cache=DIR" in line and not entries(cache)


def test_a_disk_that_fills_up_stops_with_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    folder, cache = write_folder(tmp_path / "data", IMAGES), tmp_path / "cache"

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storing.os, "fsync", full)
    with pytest.raises(RunStopped, match=r"No space left on device.*nothing of it is kept.*data.cache=DIR"):
        mapped(folder, cache)
    assert not entries(cache)


def test_a_process_that_is_killed_while_writing_leaves_no_entry(tmp_path):
    folder, cache = write_folder(tmp_path / "data", IMAGES), tmp_path / "cache"
    code = (
        "import os, sys, time\nfrom pathlib import Path\nimport saddlepoint.data.storing as storing\n"
        "from saddlepoint.data import open_data\n"
        "def stop(_):\n    print('writing', flush=True)\n    time.sleep(60)\n"
        "storing.os.fsync = stop\nopen_data(sys.argv[1], cache=Path(sys.argv[2]), resident_limit=1000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(folder), str(cache)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "writing\n"
    process.kill()
    process.communicate()
    started = time.monotonic()
    np.testing.assert_array_equal(mapped(folder, cache).items, IMAGES)
    assert time.monotonic() - started < 30 and len(entries(cache)) == 1  # the dead process's lock does not hold


def test_the_default_cache_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert storing.default_cache() == tmp_path / "saddlepoint"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert storing.default_cache() == Path.home() / ".cache" / "saddlepoint"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert storing.default_cache() == Path.home() / "Library" / "Caches" / "saddlepoint"
