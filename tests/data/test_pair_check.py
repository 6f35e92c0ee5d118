"""What `data check` says of places that look like pairs, beside what the recipes of pairs do with them."""

from pathlib import Path

import numpy as np
import pytest

from saddlepoint.command.main import main
from saddlepoint.data import check_data, open_pairs
from saddlepoint.errors import UserError
from tests.data.examples import encoded, pixels, write_parquet, write_tar, write_zip

IMAGES = [encoded(image) for image in pixels(40, 3, 8, 8)]
HALVES = [encoded(image) for image in pixels(6, 3, 8, 32)]


def put(root: Path, entries: dict[str, bytes], kind: str = "folder") -> Path:
    if kind != "folder":
        return (write_zip if kind == "zip" else write_tar)(root / f"x.{kind}", entries)
    for name, data in entries.items():
        (root / "x" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "x" / name).write_bytes(data)
    return root / "x"


def folders(*names: str, count: int = 4) -> dict[str, bytes]:
    return {f"{name}/{at}.png": IMAGES[10 * side + at] for side, name in enumerate(names) for at in range(count)}


def agrees(location: Path, found: dict) -> None:
    """The report refuses for each recipe what the reader of pairs refuses, with the same words."""
    for name, paired in (("pix2pix", True), ("cyclegan", False)):
        try:
            open_pairs(location, paired=paired, hold_out=0)
        except UserError as error:
            assert found[name] is not None and found[name]["cure"] == error.cure
            assert found[name]["problem"] == f"got {error.got}; expected {error.expected}"
        else:
            assert found[name] is None


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
@pytest.mark.parametrize(
    "names",
    [("A", "B"), ("trainA", "trainB"), ("labels", "photos"), ("A/train", "B/train"), ("set/train/A", "set/train/B")],
)
def test_two_folders_of_partners(tmp_path, kind, names):
    location = put(tmp_path, folders(*names), kind)
    report = check_data(location)
    found = report["pairs"]
    assert report["ok"] and found["count"] == 4 and found["notes"] == []
    assert list(found["sizes"].values()) == [{"8x8": 4}, {"8x8": 4}]
    agrees(location, found)


def without(entries: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: data for name, data in entries.items() if name not in names}


SMALL = encoded(pixels(1, 3, 4, 8)[0])


@pytest.mark.parametrize(
    ("entries", "count", "problem", "note"),
    [
        (without(folders("A", "B"), "B/2.png"), 3, "A/2.png without a partner in B (1 of 7 files has none)", None),
        ({**folders("A"), "B/map_0.png": SMALL}, 0, "A/0.png without a partner in B (5 of 5 files have none)", None),
        ({**folders("A", "B"), "A/0.jpg": IMAGES[0]}, 4, "A/0.jpg and A/0.png", None),
        ({**folders("A", "B"), "C/0.png": SMALL}, 4, "images in 3 folders of", None),
        ({**folders("A", "B"), "0.png": SMALL}, 4, "images in 3 folders of", None),
    ],
)
def test_what_is_wrong_with_pairs_is_said_though_images_would_take_them(tmp_path, entries, count, problem, note):
    location = put(tmp_path, entries)
    found = check_data(location)["pairs"]
    assert found["count"] == count and problem in found["pix2pix"]["problem"]
    if "partner" in problem:
        assert found["cyclegan"] is None and "cyclegan" in found["pix2pix"]["cure"]
    with pytest.raises(UserError) as raised:
        open_pairs(location, hold_out=0)
    assert raised.value.cure == found["pix2pix"]["cure"]


def test_sizes_that_do_not_fit_are_noted(tmp_path):
    location = put(tmp_path, {**folders("A", "B"), "B/0.png": SMALL})
    notes = check_data(location)["pairs"]["notes"]
    assert "2 sizes" in notes[0] and "data.size=4x4" in notes[0]
    assert "1 pair of different proportions, such as A/0.png (8x8) and B/0.png (8x4)" in notes[1]


@pytest.mark.parametrize(
    ("entries", "count", "problem"),
    [
        ({}, 6, None),
        ({"odd.png": encoded(pixels(1, 3, 8, 31)[0])}, 6, "odd.png, 31x8 (width x height)"),
        ({"one.png": IMAGES[0]}, 6, "one.png, 8x8 (width x height)"),
        ({"broken.png": HALVES[0][:90]}, 6, None),
    ],
)
def test_wide_images_may_be_pairs_side_by_side(tmp_path, entries, count, problem):
    given = {f"train/{at}.png": data for at, data in enumerate(HALVES)} | {
        f"train/{name}": data for name, data in entries.items()
    }
    location = put(tmp_path, given)
    found = check_data(location)["pairs"]
    assert "side by side, if" in found["layout"]
    assert found["count"] == count and found["sizes"] == {"each half": {"16x8": 6}}
    assert "not square" in found["notes"][0]
    if problem is not None:
        assert problem in found["pix2pix"]["problem"] and problem in found["cyclegan"]["problem"]
    else:
        assert found["pix2pix"] is None
    if "broken.png" not in entries:
        agrees(location, found)


def test_a_table_with_two_image_columns(tmp_path):
    images = pixels(5, 3, 8, 8)
    location = write_parquet(tmp_path / "x.parquet", images, other=[encoded(image) for image in images])
    found = check_data(location)["pairs"]
    assert found["count"] == 5 and found["layout"] == "columns image and other"
    agrees(location, found)
    assert check_data(write_parquet(tmp_path / "one.parquet", images))["pairs"] is None


@pytest.mark.parametrize(
    "entries",
    [
        folders("cats"),
        {f"{name}/{name}{at}.png": IMAGES[at] for name in ("cats", "dogs") for at in range(4)},
        folders("a", "b", "c"),
        {f"{at}.png": data for at, data in enumerate(IMAGES[:4])},
        {"1.png": IMAGES[0], "pano.png": HALVES[0]},
    ],
)
def test_other_places_are_not_called_pairs(tmp_path, entries):
    assert check_data(put(tmp_path, entries))["pairs"] is None


def test_the_command_says_it_in_lines(tmp_path, capsys):
    location = put(tmp_path, without(folders("A", "B"), "B/2.png"))
    assert main(["data", "check", str(location)]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = [line for line in lines if line.startswith("pairs: ")]
    assert said[0] == "pairs: 3 pairs, in the folders A and B, matched by file name (A: 8x8 4; B: 8x8 3)"
    assert said[1].startswith("pairs: pix2pix refuses: got A/2.png without a partner in B")
    assert "the recipe cyclegan" in said[2] and said[3] == "pairs: cyclegan would take them"


def test_settings_in_a_suggestion_are_those_of_train(tmp_path):
    location = put(tmp_path, {"1.png": IMAGES[0], "2.png": HALVES[0]})
    suggestion = check_data(location)["suggestion"]
    assert (
        "--set data.size=8x8" in suggestion and "--set goes behind `saddlepoint train RECIPE --data PATH`" in suggestion
    )
    np.savez(tmp_path / "x.npz", images=pixels(4))
    assert check_data(tmp_path / "x.npz")["suggestion"] is None
