"""What a location is taken for, and options that do not fit."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.data import open_data
from saddlepoint.data.opening import recognise
from tests.data.examples import pixels, refusal, write_folder, write_idx, write_parquet, write_zip


def test_locations_are_recognised(tmp_path):
    np.save(tmp_path / "x.npy", pixels())
    np.savez(tmp_path / "x.npz", images=pixels())
    np.savez(tmp_path / "plain", images=pixels())
    made = {
        "folder": write_folder(tmp_path / "folder", pixels()),
        "idx": write_idx(tmp_path / "idx", pixels(3, 1), pixels(2, 1)),
        "parquet": write_parquet(tmp_path / "set" / "data" / "x.parquet", pixels()).parents[1],
        "zip": write_zip(tmp_path / "archive", {"a": b""}),
    }
    for name, path in made.items():
        assert recognise(path) == recognise(str(path)) == name
    assert recognise(tmp_path / "x.npy") == recognise(tmp_path / "x.npz") == "arrays"
    assert recognise("digits") == "digits" and recognise("swiss-roll") == "swiss-roll"
    assert recognise("hf:name") == recognise("nobody-here/name") == "hugging-face"


def test_a_bare_name_goes_before_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "digits", pixels(4))
    assert len(open_data("digits")) == 1797
    assert len(open_data("./digits")) == len(open_data(Path("digits"))) == 4


def test_a_home_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_folder(tmp_path / "faces", pixels(4))
    packed = open_data("~/faces")
    assert len(packed) == 4 and packed.source == "~/faces"


@pytest.mark.parametrize(
    ("location", "options", "says"),
    [
        (None, {}, "give one with --data PATH"),
        ("digit", {}, "did you mean digits?"),
        ("no/such/folder", {}, "which does not exist"),
        ("digits", {"format": "jpeg"}, "format 'jpeg'"),
        ("folder", {"format": "digits"}, "the name digits itself"),
        ("digits", {"count": 5}, "data.count=5 for digits"),
        ("digits", {"label_column": "x"}, "data.label_column=x for digits"),
        ("shapes", {"count": 0}, "data.count=0"),
        ("shapes", {"size": (0, 5)}, "data.size=(0, 5)"),
        ("shapes", {"channels": 2}, "data.channels=2"),
        ("swiss-roll", {"channels": 1}, "which holds points"),
    ],
)
def test_what_does_not_fit_is_refused(location, options, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "folder", pixels(2))
    assert says in refusal(lambda: open_data(location, **options))


def test_single_files_name_what_to_give_instead(tmp_path):
    write_idx(tmp_path, pixels(3, 1), pixels(2, 1))
    assert f"give the folder that holds it, {tmp_path}" in refusal(
        lambda: open_data(tmp_path / "train-images-idx3-ubyte")
    )
    write_folder(tmp_path / "images", pixels(1))
    assert "one image; expected a folder of images" in refusal(lambda: open_data(tmp_path / "images" / "000.png"))


def test_labels_may_be_left_out(tmp_path):
    write_folder(tmp_path, pixels(4), ("a", "b"))
    packed = open_data(tmp_path, labels=False)
    assert packed.labels is None and packed.classes == ()


def test_importing_data_does_not_import_what_is_slow():
    slow = ("torch", "pyarrow", "datasets", "sklearn", "scipy")
    code = f"import sys, saddlepoint.data; print([name for name in {slow} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "data.zip")
    assert "which is a pipe or a device" in refusal(lambda: open_data(tmp_path / "data.zip"))


@pytest.mark.parametrize(
    "option", [{"size": 8}, {"size": ("a", "b")}, {"hold_out": "x"}, {"first": 2.5}, {"count": "x"}, {"seed": None}]
)
def test_an_option_of_another_type_is_told(option):
    (name,) = option
    assert f"{name}" in refusal(lambda: open_data("shapes" if name == "count" else "digits", **option))


def test_a_place_of_another_type_is_told():
    for place in (b"digits", 3):
        assert "a path as text or a pathlib.Path" in refusal(lambda place=place: open_data(place))  # type: ignore[arg-type]
