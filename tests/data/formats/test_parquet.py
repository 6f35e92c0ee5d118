"""Parquet files and folders of them: images, labels, splits, and what is missing."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from saddlepoint.data import open_data
from saddlepoint.data.formats import parquet
from tests.data.examples import encoded, pixels, refusal, write_parquet

IMAGES = pixels(10)


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 112, 92), (4, 23, 17), (3, 28, 28)])
def test_images_labels_and_class_names(tmp_path, channels, height, width):
    images = pixels(6, channels, height, width)
    packed = open_data(write_parquet(tmp_path / "x.parquet", images, [0, 2, 1, 0, 0, 2], ("a", "b", "c")))
    np.testing.assert_array_equal(packed.items, images)
    assert packed.classes == ("a", "b", "c") and packed.labels is not None
    assert packed.labels.tolist() == [0, 2, 1, 0, 0, 2]


def test_a_split_column_is_the_published_split(tmp_path):
    names = ["train"] * 5 + ["test"] * 3 + ["validation"] * 2
    packed = open_data(write_parquet(tmp_path / "x.parquet", IMAGES, split=names))
    assert packed.split_rule == "as published"
    assert [packed.splits[name].tolist() for name in ("train", "held_out", "test")] == [
        [0, 1, 2, 3, 4],
        [8, 9],
        [5, 6, 7],
    ]
    write_parquet(tmp_path / "x.parquet", IMAGES, split=["train"] * 9 + ["other"])
    assert "split 'other'" in refusal(lambda: open_data(tmp_path / "x.parquet"))


def test_a_folder_of_shards_with_the_split_in_their_names(tmp_path):
    for name, part in (
        ("train-00000-of-00002", slice(0, 4)),
        ("train-00001-of-00002", slice(4, 7)),
        ("test", slice(7, 10)),
    ):
        write_parquet(tmp_path / "data" / f"{name}.parquet", IMAGES[part], np.arange(10)[part] % 2, ("a", "b"))
    packed = open_data(tmp_path)
    # Files in the order of their paths: test before train.
    np.testing.assert_array_equal(packed.items, IMAGES[[7, 8, 9, 0, 1, 2, 3, 4, 5, 6]])
    assert packed.splits["test"].tolist() == [0, 1, 2]
    write_parquet(tmp_path / "data" / "extra.parquet", IMAGES[:1], [0], ("a", "b"))
    assert "test" not in open_data(tmp_path).splits  # not every file names one


def test_binary_columns_text_labels_and_chosen_columns(tmp_path):
    path = tmp_path / "x.parquet"
    cells = [encoded(image) for image in IMAGES]
    table = {"first": cells, "second": list(reversed(cells)), "label": ["b", "a"] * 5, "kind": [3, 5] * 5}
    pq.write_table(pa.table(table), path)
    line = refusal(lambda: open_data(path))
    assert "first (binary), second (binary)" in line and "--set data.image_column=NAME" in line
    packed = open_data(path, image_column="second")
    assert packed.classes == ("a", "b") and packed.labels is not None and packed.labels.tolist() == [1, 0] * 5
    np.testing.assert_array_equal(packed.items, IMAGES[::-1])
    assert open_data(path, image_column="first", label_column="kind").classes == ("3", "5")
    assert open_data(path, image_column="first", labels=False).labels is None
    assert "data.label_column=none" in refusal(lambda: open_data(path, label_column="none"))
    assert "expected one image column" in refusal(lambda: open_data(path, image_column="kind"))


def test_no_image_column(tmp_path):
    pq.write_table(pa.table({"label": [1, 2], "text": ["a", "b"]}), tmp_path / "x.parquet")
    line = refusal(lambda: open_data(tmp_path / "x.parquet"))
    assert "label (int64), text (string)" in line and "one image column: a struct of bytes and path, or binary" in line


@pytest.mark.parametrize("wrong", [-1, 3])
def test_labels_outside_the_declared_classes(tmp_path, wrong):
    path = write_parquet(tmp_path / "x.parquet", IMAGES, [0, 1, 2, 0, wrong, 1, 2, wrong, 0, 1], ("a", "b", "c"))
    line = refusal(lambda: open_data(path))
    assert f"label {wrong} at item 4" in line and "2 of 10 are outside" in line and "0..2" in line
    assert open_data(path, labels=False).labels is None


def test_empty_cells(tmp_path):
    path = write_parquet(tmp_path / "x.parquet", IMAGES, [0, None, *[1] * 8], ("a", "b"))
    assert "1 empty cells in column label" in refusal(lambda: open_data(path))
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = [{"bytes": encoded(IMAGES[0]), "path": None}, None, {"bytes": None, "path": "/etc/hostname"}]
    pq.write_table(pa.table({"image": pa.array(cells, kind)}), path)
    line = refusal(lambda: open_data(path))
    assert "2 of 3 files" in line and "row 1 of x.parquet (an empty cell)" in line
    assert "row 2 of x.parquet (a path without the bytes (/etc/hostname))" in line


def test_unreadable_rows_are_named_by_file_and_row(tmp_path):
    for name in ("a", "b"):
        write_parquet(tmp_path / f"{name}.parquet", IMAGES[:3])
    table = pq.read_table(tmp_path / "b.parquet").to_pydict()
    table["image"][1]["bytes"] = b"text"
    pq.write_table(pa.table(table), tmp_path / "b.parquet")
    assert "row 1 of b.parquet (not an image" in refusal(lambda: open_data(tmp_path))
    assert len(open_data(tmp_path, skip_unreadable=True)) == 5


def test_files_that_are_no_parquet_or_do_not_belong_together(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", IMAGES)
    write_parquet(tmp_path / "b.parquet", IMAGES, other=list(range(10)))
    assert "b.parquet with the columns image, other" in refusal(lambda: open_data(tmp_path))
    path.write_bytes(path.read_bytes()[:-100])
    assert "cannot be read as parquet" in refusal(lambda: open_data(path))


def test_damage_inside_a_file_is_the_person_s_line_too(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", pixels(40, 3, 32, 32))
    data = bytearray(path.read_bytes())
    data[40:3000] = bytes(2960)
    path.write_bytes(data)
    assert str(path) in refusal(lambda: open_data(path))


def test_a_cell_larger_than_an_image_may_be_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("saddlepoint.data.formats.parquet.FILE_LIMIT", 2**20)
    pq.write_table(pa.table({"image": [bytes(3 * 2**20)]}), tmp_path / "x.parquet", compression="zstd")
    assert "with rows of 3 MiB; expected at most 1 MiB an image" in refusal(lambda: open_data(tmp_path / "x.parquet"))


def test_a_cell_that_many_rows_name_is_not_unpacked_for_all_of_them_at_once(tmp_path, monkeypatch):
    # 30 rows of one cell are 300 kB, and their group says 10: a dictionary holds it once.
    content, at_once, cells_of = encoded(IMAGES[0]) + bytes(10_000), [], parquet.image_cells

    def counted(cells, **options):
        at_once.append(len(cells))
        return cells_of(cells, **options)

    pq.write_table(pa.table({"image": pa.array([content] * 30)}), tmp_path / "x.parquet")
    monkeypatch.setattr(parquet, "_BYTES_AT_ONCE", 40_000)
    monkeypatch.setattr(parquet, "image_cells", counted)
    assert len(open_data(tmp_path / "x.parquet")) == 30
    # The data are read twice: looked over, and packed.
    assert set(at_once) <= {1, 2, 3} and sum(at_once) % 30 == 0
