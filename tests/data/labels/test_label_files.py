"""Labels in files beside images, in folders and archives: what is read, what is refused; nothing is silent."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from saddlepoint.command.main import main
from saddlepoint.data import check_data, open_data
from saddlepoint.data.packed import Packed
from tests.data.examples import encoded, pixels, refusal, write_tar, write_zip

IMAGES = [encoded(image) for image in pixels(6)]
Place = Callable[..., Path]


@pytest.fixture(params=["folder", "zip", "tar"])
def place(request, tmp_path: Path) -> Place:
    """Puts images under these paths, and text files beside them, into a folder, a zip or a tar."""

    def put(images: list[str], beside: Mapping[str, str]) -> Path:
        entries = dict(zip(images, IMAGES, strict=False)) | {name: text.encode() for name, text in beside.items()}
        if request.param == "zip":
            return write_zip(tmp_path / "set.zip", entries)
        if request.param == "tar":
            return write_tar(tmp_path / "set.tar.gz", dict(sorted(entries.items())))
        for name, data in entries.items():
            (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / name).write_bytes(data)
        return tmp_path / "set"

    return put


def labelled(packed: Packed) -> list[str] | None:
    """The class of each image by name."""
    return None if packed.labels is None else [packed.classes[label] for label in packed.labels]


SHARDS = ["00000/a.png", "00000/b.png", "00001/c.png", "00001/d.png"]


def stylegan(labels: object) -> dict[str, str]:
    return {"dataset.json": json.dumps({"labels": labels})}


def test_stylegans_labels_are_those_of_dataset_json_and_not_the_shards(place: Place) -> None:
    there = place(SHARDS, stylegan([[path, index % 2 * 7] for index, path in enumerate(SHARDS)]))
    packed = open_data(there, hold_out=0)
    assert labelled(packed) == ["0", "7", "0", "7"]
    assert packed.notes == ("labels from dataset.json; folders are no classes",)
    assert check_data(there)["classes"] == {"0": 2, "7": 2}


def test_stylegans_data_without_labels_has_none(place: Place) -> None:
    packed = open_data(place(SHARDS, stylegan(None)), hold_out=0)
    assert labelled(packed) is None and packed.notes == ("no labels, says dataset.json; folders are no classes",)


def test_shards_below_published_splits_and_a_list_for_each(place: Place) -> None:
    paths = [f"set/{split}/{path}" for split in ("train", "val") for path in SHARDS[1:]]
    lists = {
        f"set/{split}/dataset.json": json.dumps({"labels": [[path, at] for at, path in enumerate(SHARDS[1:])]})
        for split in ("train", "val")
    }
    packed = open_data(place(paths, lists))
    assert labelled(packed) == ["0", "1", "2"] * 2
    assert {name: len(indices) for name, indices in packed.splits.items()} == {"held_out": 3, "train": 3}


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([["00000/a.png", 0], ["00000/b.png", 1]], "no label for 2 of 4 images, such as 00001/c.png"),
        ([[path, 0] for path in [*SHARDS, "00002/e.png"]], "a label for 1 image not there, such as 00002/e.png"),
        ([[path, [0.5, 1]] for path in SHARDS], "a label of several numbers"),
        ([[path, "cat"] for path in SHARDS], 'the entry ["00000/a.png", "cat"]'),
        ([[path, True] for path in SHARDS], 'the entry ["00000/a.png", true]'),
        ([[path, 0] for path in [*SHARDS, *SHARDS]], "lists 4 images twice"),
        ({"a": 1}, 'the entry {"a": 1}'),
        ([[path, -1] for path in SHARDS], "label -1"),
    ],
)
def test_a_dataset_json_that_does_not_fit_is_refused_with_counts(place: Place, labels: object, says: str) -> None:
    there = place(SHARDS, stylegan(labels))
    line = refusal(lambda: open_data(there))
    assert says in line and "data.labels=false" in line and "dataset.json" in line
    assert labelled(open_data(there, labels=False, hold_out=0)) is None
    report = check_data(there)
    assert not report["ok"] and report["count"] == 4


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "\udcff", '{"labels": [["00000/a.png", 0'])
def test_hostile_bytes_in_dataset_json_are_a_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "00000").mkdir()
    (tmp_path / "00000" / "a.png").write_bytes(IMAGES[0])
    (tmp_path / "dataset.json").write_bytes(content.encode(errors="surrogateescape"))
    assert "dataset.json" in refusal(lambda: open_data(tmp_path))


def test_a_dataset_json_of_another_form_is_named(place: Place) -> None:
    packed = open_data(place(SHARDS, {"dataset.json": '{"name": "mine"}'}), hold_out=0)
    assert labelled(packed) == ["00000", "00000", "00001", "00001"]
    assert packed.notes == ("dataset.json lies beside the images and is not read",)


FLAT = ["a.png", "b.png", "c.png", "d.png"]
# The text of a file beside the four, its name, and the classes that it gives.
TABLES = {
    "file names": ("labels.csv", "filename,label\nd.png,cat\nc.png,dog\nb.png,cat\na.png,dog\n"),
    "stems": ("train.csv", "id,Label\na,dog\nb,cat\nc,dog\nd,cat\n"),
    "a byte order mark and more columns": (
        "labels.csv",
        "\ufeffid,image,label\n0,a.png,dog\n1,b.png,cat\n2,c.png,dog\n3,d.png,cat\n",
    ),
    "semicolons": ("labels.csv", "file;class\na.png;dog\nb.png;cat\nc.png;dog\nd.png;cat\n"),
    "names as people write them": ("train.csv", "Image Name,Class-Name\na.png,dog\nb.png,cat\nc.png,dog\nd.png,cat\n"),
    "tabs": ("labels.tsv", "path\ttarget\n./a.png\tdog\nb.png\tcat\nc.png\tdog\nd.png\tcat\n"),
    "imagefolder": ("metadata.csv", 'file_name,text,label\na.png,"a, b",dog\nb.png,,cat\nc.png,,dog\nd.png,,cat\n'),
    "imagefolder in lines": (
        "metadata.jsonl",
        "".join(
            json.dumps({"file_name": f"{n}.png", "text": "a\u2028b", "label": c}, ensure_ascii=False) + "\n"
            for n, c in zip("abcd", "xyxy", strict=True)
        ),
    ),
}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_a_known_form_that_lists_every_image_gives_the_labels(place: Place, table: str) -> None:
    name, text = TABLES[table]
    packed = open_data(place(FLAT, {name: text}), hold_out=0)
    first, second = ("x", "y") if name.endswith("jsonl") else ("dog", "cat")
    assert labelled(packed) == [first, second] * 2
    assert len(packed.notes) == 1 and packed.notes[0].startswith(f"labels from {name}, column ")


def test_numbers_are_classes_in_their_order_and_rows_without_an_image_are_counted(place: Place) -> None:
    text = "image,label\na.png,10\nb.png,9\nc.png,9\nd.png,10\ne.png,3\n"
    packed = open_data(place(FLAT, {"labels.csv": text}), hold_out=0)
    assert packed.classes == ("9", "10") and labelled(packed) == ["10", "9", "9", "10"]
    assert packed.notes == ("labels from labels.csv, column label; 1 row names no image",)


def test_a_table_for_each_split(place: Place) -> None:
    lists = {f"{split}/metadata.csv": "file_name,label\na.png,1\nb.png,0\n" for split in ("train", "test")}
    packed = open_data(
        place([f"{split}/{name}" for split in ("test", "train") for name in FLAT[:2]], lists), hold_out=0
    )
    assert labelled(packed) == ["1", "0"] * 2 and len(packed.splits["test"]) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("filename,label\na.png,cat\nb.png,dog\n", "it lists 2 of 4 images"),
        ("a.png,cat\nb.png,dog\n", "its columns are a.png, cat"),
        ("file,label\na.png,\nb.png,x\nc.png,x\nd.png,x\n", "it has an empty label"),
        ("file,label\na.png,0.5\nb.png,1\nc.png,2\nd.png,3\n", "it has numbers that are no class numbers"),
        ("file,label\na.png,1,2\n", "it has a row of 3 cells (a.png, 1, 2) under 2 columns"),
        ("file,label\na.png,1\na.png,2\n", "it lists a.png twice, with different labels"),
        ("file,caption\na.png,a cat\n", "--set data.label_column=NAME takes a column as labels (caption)"),
        ("file,label\na.png," + "x" * 200_000, "it is no whole table"),
        ("\udcff\udcfe", "it is no text in UTF-8"),
        ("", "its columns are none"),
    ],
)
def test_a_table_that_does_not_give_all_labels_is_named_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    for name, image in zip(FLAT, IMAGES, strict=False):
        (tmp_path / name).write_bytes(image)
    (tmp_path / "labels.csv").write_bytes(text.encode(errors="surrogateescape"))
    packed = open_data(tmp_path, hold_out=0)
    assert labelled(packed) is None and len(packed.notes) == 1
    assert packed.notes[0].startswith(f"labels.csv lies beside the images and is not read: {why}")


def test_folders_stay_classes_where_a_table_contradicts_them_unless_it_is_chosen(place: Place) -> None:
    paths = ["cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"]
    other = "file,label\ncat/a.png,0\ncat/b.png,1\ndog/c.png,0\ndog/d.png,1\n"
    there = place(paths, {"labels.csv": other})
    packed = open_data(there, hold_out=0)
    assert labelled(packed) == ["cat", "cat", "dog", "dog"]
    assert "folders give other classes; --set data.label_column=label takes those" in packed.notes[0]
    assert labelled(open_data(there, hold_out=0, label_column="label")) == ["0", "1", "0", "1"]


def test_a_table_that_agrees_with_the_folders_is_no_news(place: Place) -> None:
    text = "file,label\na.png,1\nb.png,1\nc.png,0\nd.png,0\n"
    packed = open_data(place(["cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"], {"labels.csv": text}), hold_out=0)
    assert packed.classes == ("cat", "dog") and packed.notes == ()


def test_two_tables_of_labels_are_not_guessed_between(place: Place) -> None:
    text = "\n".join(["file,label", *(f"{name},1" for name in FLAT)])
    there = place(FLAT, {"one.csv": text, "two.csv": text.replace("a.png,1", "a.png,0")})
    packed = open_data(there, hold_out=0)
    assert labelled(packed) is None and len(packed.notes) == 2
    assert "one.csv and two.csv have it" in refusal(lambda: open_data(there, label_column="label"))


_ROWS = ["a.png 1 -1 1 1", "b.png -1 -1 1 1", "c.png 1  1 1 1", "d.png -1 1 1 1"]
ATTRIBUTES = {
    "list_attr_celeba.txt": "\n".join(["4", "Smiling Male Young Bald", *_ROWS]),
    "list_attr_celeba.csv": "\n".join(["image_id,Smiling,Male,Young,Bald", *(",".join(row.split()) for row in _ROWS)]),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_one_of_celebas_attributes_is_a_class_when_it_is_chosen(place: Place, name: str) -> None:
    paths = [f"Img/img_align_celeba/{file}" for file in FLAT]
    there = place(paths, {f"Anno/{name}": ATTRIBUTES[name]})
    packed = open_data(there, hold_out=0)
    assert labelled(packed) is None
    assert packed.notes == (
        f"{name} lies beside the images and is not read: "
        "--set data.label_column=NAME takes a column as labels (Smiling, Male, Young, ...)",
    )
    chosen = open_data(there, hold_out=0, label_column="Smiling")
    assert labelled(chosen) == ["Smiling", "not Smiling"] * 2
    assert chosen.notes == (f"labels from {name}, column Smiling",)
    line = refusal(lambda: open_data(there, label_column="Laughing"))
    assert "no table beside the images has such a column" in line and "Smiling, Male" in line


def test_a_chosen_column_that_does_not_label_every_image_is_refused(place: Place) -> None:
    there = place(FLAT, {"marks.csv": "file,Smiling\na.png,1\n"})
    line = refusal(lambda: open_data(there, label_column="Smiling"))
    assert "data.label_column=Smiling of marks.csv" in line and "it lists 1 of 4 images" in line
    assert "leave data.label_column out" in refusal(lambda: open_data(place(FLAT, {"marks.csv": ""}), label_column="x"))


def test_a_run_that_needs_labels_says_which_could_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name, image in zip(FLAT, IMAGES, strict=False):
        (tmp_path / name).write_bytes(image)
    (tmp_path / "list_attr_celeba.txt").write_text(ATTRIBUTES["list_attr_celeba.txt"])
    command = ["train", "mnist-conditional", "--data", str(tmp_path), "--set", "data.channels=1", "--out"]
    assert main([*command, str(tmp_path / "run")]) == 2
    line = capsys.readouterr().err
    assert "data without labels" in line and "--set data.label_column=NAME" in line and "Smiling, Male" in line


def test_whatever_else_could_be_labels_is_named_once(place: Place) -> None:
    silent = {
        "README.txt": "",
        "LICENSE-MIT.txt": "",
        "notes.md": "",
        ".hidden.json": "",
        "page.html": "",
        "run.log": "",
    }
    assert open_data(place(FLAT, silent), hold_out=0).notes == ()
    one = open_data(place(FLAT, {"boxes.mat": ""}), hold_out=0).notes
    assert one == ("boxes.mat lies beside the images and is not read",)
    many = {f"{name}.xml": "" for name in "abcdefg"} | {f"{name}.csv": "" for name in "abcdefg"}
    assert (
        open_data(place(FLAT, silent | many), hold_out=0)
        .notes[-1]
        .endswith("files lie beside the images and are not read, such as a.csv, a.xml, b.csv")
    )


def test_a_changed_label_file_changes_the_stamp_and_the_labels_but_no_pixel(tmp_path: Path) -> None:
    for name, image in zip(FLAT, IMAGES, strict=False):
        (tmp_path / name).write_bytes(image)
    found = []
    for classes in ("xyxy", "xxyy"):
        text = "file,label\n" + "".join(f"{name},{each}\n" for name, each in zip(FLAT, classes, strict=True))
        (tmp_path / "labels.csv").write_text(text)
        found.append(open_data(tmp_path, cache=tmp_path.parent / "cache", resident_limit=0, hold_out=0))
    assert [labelled(packed) for packed in found] == [list("xyxy"), list("xxyy")]
    assert found[0].fingerprint != found[1].fingerprint and len(list((tmp_path.parent / "cache").glob("*/"))) == 2


def test_a_chosen_table_goes_before_a_broken_dataset_json(place: Place) -> None:
    text = "file,kind\n" + "".join(f"{name},{each}\n" for name, each in zip(FLAT, "xyxy", strict=True))
    there = place(FLAT, {"dataset.json": "{", "kinds.csv": text})
    assert "which is no JSON" in refusal(lambda: open_data(there))
    packed = open_data(there, label_column="kind", hold_out=0)
    assert labelled(packed) == list("xyxy")
    assert packed.notes[-1] == "dataset.json lies beside the images and is not read"


def test_paths_that_begin_with_a_dot_are_the_same_paths(tmp_path: Path) -> None:
    paths = ["./0/a.png", "./1/a.png"]
    lists = {"./labels.csv": "file,label\n0/a.png,cat\n1/a.png,dog\n"}
    entries = dict(zip(paths, IMAGES, strict=False)) | {name: text.encode() for name, text in lists.items()}
    packed = open_data(write_zip(tmp_path / "a.zip", entries), hold_out=0, label_column="label")
    assert labelled(packed) == ["cat", "dog"]
    listed = json.dumps({"labels": [["0/a.png", 5], ["1/a.png", 4]]})
    entries = dict(zip(paths, IMAGES, strict=False)) | {"./dataset.json": listed.encode()}
    assert labelled(open_data(write_zip(tmp_path / "b.zip", entries), hold_out=0)) == ["5", "4"]
