"""`data check`: reports everything, also on what training would refuse."""

import json

import numpy as np
import pytest

from saddlepoint.data import check_data, open_data
from tests.data.examples import encoded, idx_bytes, pixels, png_bomb, refusal, write_folder, write_idx, write_parquet


def checked(location, **options) -> dict:
    report = check_data(location, **options)
    assert json.loads(json.dumps(report)) == report
    return report


def test_a_good_folder(tmp_path):
    images = pixels(20, 1, 112, 92)
    images[7] = images[3]
    report = checked(write_folder(tmp_path, images, ("a", "b")))
    packed = open_data(tmp_path)
    assert report == {
        "ok": True,
        "kind": "images",
        "format": "folder",
        "count": 20,
        "shape": [1, 112, 92],
        "trained": {"cpu": [1, 112, 92], "gpu": [1, 112, 92]},
        "trained_notes": [],
        "channels": {"1": 20},
        "sizes": {"92x112": 20},
        "classes": {"a": 10, "b": 10},
        "splits": {name: len(indices) for name, indices in packed.splits.items()},
        "notes": [],
        "pairs": None,
        "duplicates": 1,
        "duplicate_examples": [["b/003.png", "b/007.png"]],
        "problems": [],
        "suggestion": None,
    }


def test_all_that_is_wrong_is_reported_at_once(tmp_path):
    write_folder(tmp_path, pixels(4, 3, 20, 30))
    for index in range(5):
        (tmp_path / f"bad{index}.png").write_bytes(encoded(pixels(1, 3, 30, 30)[0])[:1000])
    (tmp_path / "bomb.png").write_bytes(png_bomb())
    (tmp_path / "text.jpg").write_text("a text")
    (tmp_path / "grey.png").write_bytes(encoded(pixels(1, 1, 20, 30)[0]))
    (tmp_path / "small.png").write_bytes(encoded(pixels(1, 3, 9, 8)[0]))
    (tmp_path / "deep.png").write_bytes(encoded(np.zeros((1, 20, 30), np.uint8)))
    report = checked(tmp_path)
    assert not report["ok"] and report["count"] == 7 and report["shape"] is None
    assert report["sizes"] == {"30x20": 6, "8x9": 1} and report["channels"] == {"3": 5, "1": 2}
    assert [problem["path"] for problem in report["problems"]] == [
        *(f"bad{index}.png" for index in range(5)),
        "bomb.png",
        "text.jpg",
    ]
    assert "limit is 89,478,485" in report["problems"][5]["reason"]
    suggestion = report["suggestion"]
    assert (
        "data.skip_unreadable=true" in suggestion
        and "data.size=16x16" in suggestion
        and "data.channels=3" in suggestion
    )
    # What it suggests works.
    assert open_data(tmp_path, skip_unreadable=True, size=(8, 8), channels=3).shape == (3, 8, 8)


def test_conversions_are_noted(tmp_path):
    from PIL import Image

    (tmp_path / "deep.png").write_bytes(encoded(Image.fromarray(np.array([[0, 40_000]], np.uint16))))
    report = checked(tmp_path)
    said = "1 image: 16-bit grey, scaled to 8 bits by round(v / 257); values 0..40000"
    assert report["ok"] and report["notes"] == [said]
    assert set(report["notes"]) < {*open_data(tmp_path, hold_out=0).notes}


def test_every_bad_idx_file_is_reported(tmp_path):
    write_idx(tmp_path, pixels(6, 1), pixels(3, 1))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0" * 100)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(3))[:-1])
    report = checked(tmp_path)
    assert not report["ok"] and report["format"] == "idx" and report["count"] == 0 and report["kind"] is None
    assert len(report["problems"]) == 2
    assert all(any(name in each["reason"] for each in report["problems"]) for name in ("train-images", "t10k-labels"))


def test_bad_labels_do_not_hide_bad_images(tmp_path):
    path = write_parquet(tmp_path / "x.parquet", pixels(6), [0, 1, 2, 5, 0, 1], ("a", "b", "c"))
    report = checked(path)
    assert report["count"] == 6 and report["classes"] == {} and not report["ok"]
    assert [problem["path"] for problem in report["problems"]] == [str(path)]
    assert "label 5 at item 3" in report["problems"][0]["reason"]


def test_pixels_outside_their_range(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.full((4, 5, 5), 7.0))
    report = checked(tmp_path / "x.npz")
    assert not report["ok"] and "float64 values 7..7" in report["problems"][0]["reason"]


def test_an_empty_folder_is_a_report_and_a_missing_one_a_mistake(tmp_path):
    report = checked(tmp_path)
    assert not report["ok"] and report["count"] == 0 and "without images" in report["problems"][0]["reason"]
    assert len(report["problems"]) == 1
    assert "which does not exist" in refusal(lambda: check_data(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", ["digits", "1d-mixture"])
def test_embedded_sets(name):
    report = checked(name)
    packed = open_data(name)
    assert report["ok"] and report["count"] == len(packed) and report["shape"] == list(packed.shape)
    assert report["kind"] == packed.kind and sum(report["classes"].values()) in (0, len(packed))
