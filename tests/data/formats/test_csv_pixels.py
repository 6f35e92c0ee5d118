"""Tables of pixels, with and without header and labels, grey and in colour; what other tables are told."""

import numpy as np
import pytest

from saddlepoint.data import check_data, open_data
from tests.data.examples import pixels, refusal, write_csv

IMAGES = pixels(12, 1, 9, 9)
ROWS, LABELS = IMAGES.reshape(12, -1), np.arange(12) % 3


@pytest.mark.parametrize("name", ["train.csv", "train.csv.gz", "TRAIN.CSV"])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("labels", [True, False])
def test_grey_images(tmp_path, name, header, labels):
    path = write_csv(tmp_path / name, ROWS, LABELS if labels else None, header=header)
    packed = open_data(path, hold_out=0)
    np.testing.assert_array_equal(packed.items, IMAGES)
    assert packed.classes == (("0", "1", "2") if labels else ())
    assert packed.labels is None if not labels else (packed.labels is not None and (packed.labels == LABELS).all())
    assert ("no header: the first column is read as the label" in packed.notes) == (labels and not header)
    assert check_data(path)["ok"]


@pytest.mark.parametrize("order", ["planes", "pixel by pixel"])
def test_colours_are_read_in_the_order_in_which_they_make_pictures(tmp_path, order):
    # Smooth, with another gradient in each colour.
    down, across = np.mgrid[0:10, 0:10] * 20
    image = np.stack([down, across, 180 - down]).astype(np.uint8)
    images = np.stack([image, image[:, ::-1], image[:, :, ::-1]])
    rows = images if order == "planes" else np.moveaxis(images, 1, -1)
    packed = open_data(write_csv(tmp_path / "x.csv", rows.reshape(3, -1)), hold_out=0)
    np.testing.assert_array_equal(packed.items, images)
    assert any(order in note for note in packed.notes)


def test_numbers_mean_what_they_mean_in_arrays(tmp_path):
    scaled = write_csv(tmp_path / "scaled.csv", ROWS / 255)
    np.testing.assert_array_equal(open_data(scaled, hold_out=0).items, IMAGES)
    truth = write_csv(tmp_path / "truth.csv", (ROWS > 127).astype(int))
    packed = open_data(truth, hold_out=0)
    np.testing.assert_array_equal(packed.items, (IMAGES > 127) * 255)
    assert "0 and 1 are read as black and white" in packed.notes
    # Whole numbers above 255 are told as such, and not scaled in silence.
    assert "0..255" in refusal(lambda: open_data(write_csv(tmp_path / "deep.csv", ROWS.astype(int) * 16)))


def test_columns_of_the_rows_are_left_out_and_labels_may_be_named(tmp_path):
    path = tmp_path / "x.csv"
    write_csv(path, ROWS, LABELS)
    lines = path.read_text().splitlines()
    numbered = ["id;" + lines[0].replace("label", "digit").replace(",", ";")]
    numbered += [f"{at};" + line.replace(",", ";") for at, line in enumerate(lines[1:])]
    path.write_text("\ufeff" + "\r\n".join(numbered))
    line = refusal(lambda: open_data(path))
    assert "a table of 82 columns (id, digit, pixel0, pixel1 ...)" in line and "data.label_column=NAME" in line
    packed = open_data(path, label_column="digit", hold_out=0)
    np.testing.assert_array_equal(packed.items, IMAGES)
    assert packed.classes == ("0", "1", "2")
    assert open_data(path, label_column="digit", labels=False).labels is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,label\na.png,3\n", "give the folder or archive of the images"),
        ("5.1,3.5,1.4,0.2,setosa\n", "no square image"),
        ("", "no square image"),
        ("\0\0\0", "no square image"),
        ("label,pixel0,pix", "no square image"),
        (",".join(f"p{at}" for at in range(64)) + "\n" + ",".join(["1e30"] * 64) + "\n", "data.range="),
        ("label\n3\n", "no square image"),
        (",".join(f"p{at}" for at in range(64)) + "\n", "with no row"),
        (",".join(f"p{at}" for at in range(64)) + "\n" + ",".join(["1"] * 63) + ",\n", "empty cells in column p63"),
        (",".join(f"p{at}" for at in range(64)) + "\n" + ",".join(["1"] * 63) + ",x\n", "cannot be read as a table"),
        (",".join(f"p{at}" for at in range(64)) + "\n1,2\n", "cannot be read as a table"),
        (",".join(f"p{at}" for at in range(64)) + "\n" + ",".join(["nan"] * 64) + "\n", "empty cells in column p0"),
    ],
)
def test_other_tables_are_told_on_one_line(tmp_path, text, says):
    (tmp_path / "x.csv").write_text(text)
    assert says in refusal(lambda: open_data(tmp_path / "x.csv"))
    assert not check_data(tmp_path / "x.csv")["ok"]


def test_a_broken_file_is_told_on_one_line(tmp_path):
    path = write_csv(tmp_path / "x.csv.gz", ROWS)
    path.write_bytes(path.read_bytes()[:-20])
    assert "cannot be read" in refusal(lambda: open_data(path))
    (tmp_path / "y.csv").write_bytes(b"\xff\xfe" * 100)
    assert "y.csv" in refusal(lambda: open_data(tmp_path / "y.csv"))
