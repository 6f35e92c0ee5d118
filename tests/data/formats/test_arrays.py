"""numpy files: layouts, number types, labels, and what is refused."""

import numpy as np
import pytest

from saddlepoint.data import open_data
from tests.data.examples import pixels, refusal

IMAGES = pixels(6)


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 112, 92), (4, 23, 17), (3, 48, 32), (1, 28, 28)])
def test_both_orders_of_the_axes(tmp_path, channels, height, width):
    images = pixels(3, channels, height, width)
    for name, array in (("first", images), ("last", np.moveaxis(images, 1, -1))):
        np.save(tmp_path / f"{name}.npy", array)
        np.testing.assert_array_equal(open_data(tmp_path / f"{name}.npy").items, images)
        packed = open_data(saved(tmp_path / f"{name}.npz", images=array, labels=[2, 0, 2]))
        np.testing.assert_array_equal(packed.items, images)
        assert packed.classes == ("0", "2") and packed.labels is not None and packed.labels.tolist() == [1, 0, 1]
    if channels == 1:
        np.save(tmp_path / "grey.npy", images[:, 0])
        np.testing.assert_array_equal(open_data(tmp_path / "grey.npy").items, images)


def test_a_layout_that_could_be_two_is_refused_unless_the_channels_are_said(tmp_path):
    path = saved(tmp_path / "x.npz", images=pixels(2, 3, 9, 4))
    assert "items of shape (3, 9, 4)" in refusal(lambda: open_data(path))
    assert open_data(path, channels=3).shape == (3, 9, 4)
    assert open_data(path, channels=4).shape == (4, 3, 9)
    assert "no axis may count" in refusal(
        lambda: open_data(saved(tmp_path / "y.npz", images=np.zeros((2, 5, 5, 5), np.uint8)))
    )


def test_names_of_arrays(tmp_path):
    for arrays in ({"x": IMAGES, "y": np.arange(6)}, {"images": IMAGES, "labels": np.arange(6)}, {"faces": IMAGES}):
        np.testing.assert_array_equal(open_data(saved(tmp_path / "x.npz", **arrays)).items, IMAGES)
    assert "the arrays a, b" in refusal(lambda: open_data(saved(tmp_path / "x.npz", a=IMAGES, b=IMAGES)))
    parts = {"x_train": IMAGES[:4], "y_train": [[0], [1], [0], [1]], "x_test": IMAGES[4:], "y_test": [[1], [1]]}
    packed = open_data(saved(tmp_path / "keras.npz", **parts), hold_out=0)
    assert packed.splits["train"].tolist() == [0, 1, 2, 3] and packed.splits["test"].tolist() == [4, 5]
    assert packed.labels is not None and packed.labels.tolist() == [0, 1, 0, 1, 1, 1]


# How the archives that people have name their parts; Keras, scikit-learn's habit, MedMNIST.
NAMED = [
    ({"train": ("x_train", "y_train"), "test": ("x_test", "y_test")}, "train test"),
    ({"train": ("X_train", "Y_train"), "val": ("X_val", "Y_val")}, "train held_out"),
    (
        {name: (f"{name}_images", f"{name}_labels") for name in ("train", "val", "test")},
        "train held_out test",
    ),
    ({"test": ("images_test", "labels_test"), "training": ("images_training", "labels_training")}, "train test"),
]


@pytest.mark.parametrize(("named", "splits"), NAMED, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("kind", ["flat", "column", "none"])
def test_parts_are_published_splits(tmp_path, named, splits, kind):
    arrays, labels = {}, {}
    for at, (images, name) in enumerate(named.values()):
        arrays[images] = IMAGES[2 * at : 2 * at + 2]
        values = np.array([at, at + 1], np.uint8)
        labels[name] = values if kind == "flat" else values[:, None]
    packed = open_data(saved(tmp_path / "x.npz", **arrays, **({} if kind == "none" else labels)), hold_out=0)
    # The order of the items is train, held_out, test, whatever that of the arrays.
    sizes = {name: [2 * at, 2 * at + 1] for at, name in enumerate(splits.split())}
    assert {name: own.tolist() for name, own in packed.splits.items() if len(own)} == sizes
    if kind == "none":
        assert packed.labels is None
    else:
        assert packed.labels is not None and len(packed.labels) == len(packed)
        assert packed.classes == tuple(map(str, range(len(named) + 1)))


def test_one_part_alone_is_divided_like_anything_else(tmp_path):
    packed = open_data(saved(tmp_path / "x.npz", test_images=IMAGES, test_labels=[0, 1] * 3), hold_out=0)
    assert len(packed.splits["train"]) == 6 and packed.classes == ("0", "1")


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x_train": IMAGES, "train_images": IMAGES}, "the arrays x_train and train_images"),
        ({"x_train": IMAGES, "x_test": IMAGES[:, :1]}, "x_train of (6, 3, 5, 7) and x_test of (6, 1, 5, 7)"),
        ({"x_train": IMAGES, "y_train": np.arange(6), "x_test": IMAGES}, "labels of 1 of the 2 parts"),
        ({"train_images": IMAGES, "train_labels": np.ones((6, 14))}, "train_labels of shape (6, 14)"),
        ({"images": np.zeros((2, 3, 9, 3), np.uint8)}, "save one image per item as PNG files"),
        ({"images": np.zeros((2, 3, 9, 4), np.uint8)}, "data.channels=3 or data.channels=4"),
        ({"train_images": np.zeros((2, 28, 28, 28), np.uint8)}, "of a volume, its slices"),
    ],
)
def test_parts_that_cannot_be_read_are_said(tmp_path, arrays, says):
    assert says in refusal(lambda: open_data(saved(tmp_path / "x.npz", **arrays)))


def test_numbers_of_every_kind(tmp_path):
    exact = IMAGES.astype(np.float64) / 255
    for array in (exact, exact.astype(np.float32), IMAGES.astype(np.int64), IMAGES.astype(np.uint16)):
        np.testing.assert_array_equal(open_data(saved(tmp_path / "x.npz", images=array)).items, IMAGES)
    truth = IMAGES > 127
    np.testing.assert_array_equal(open_data(saved(tmp_path / "x.npz", images=truth)).items, truth * 255)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (IMAGES / 127.5 - 1, "float64 values -1..1 in"),
        (IMAGES.astype(np.float32), "expected values in 0..1"),
        (np.where(IMAGES > 250, np.nan, 0.5), "values nan..nan, which are not all finite"),
        (IMAGES.astype(np.int16) * 2, "expected values in 0..255"),
        (IMAGES.astype(np.complex64), "pixels of type complex64"),
        (np.zeros((6, 784), np.uint8), "bytes of shape (6, 784)"),
        (np.zeros(5), "an array of shape (5,)"),
        (np.zeros((0, 5, 5)), "an array of shape (0, 5, 5)"),
        (np.zeros((2, 2, 3, 5, 5)), "items of shape (2, 3, 5, 5)"),
    ],
)
def test_arrays_that_are_no_images(tmp_path, array, says):
    assert says in refusal(lambda: open_data(saved(tmp_path / "x.npz", images=array)))


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"labels": [0, 1]}, "2 labels for 6 items"),
        ({"labels": np.linspace(0, 1, 6)}, "type float64"),
        ({"labels": np.eye(6)}, "of shape (6, 6)"),
        ({"labels": [0, 1, -1, 0, 1, 0]}, "label -1 at item 2"),
        ({"labels": [0, 1, 2, 0, 1, 5], "classes": ["a", "b", "c"]}, "label 5 at item 5"),
    ],
)
def test_labels_that_do_not_fit(tmp_path, arrays, says):
    path = saved(tmp_path / "x.npz", images=IMAGES, **arrays)
    assert says in refusal(lambda: open_data(path))
    assert open_data(path, labels=False).labels is None


def test_declared_class_names(tmp_path):
    packed = open_data(saved(tmp_path / "x.npz", images=IMAGES, labels=[0, 1, 0, 1, 0, 0], classes=["a", "b", "c"]))
    assert packed.classes == ("a", "b", "c")


@pytest.mark.parametrize("name", ["x.npz", "x.npy"])
def test_pickled_objects_are_never_loaded(tmp_path, name):
    objects = np.array([{"a": 1}, {"b": 2}], dtype=object)
    np.savez(tmp_path / name, images=objects) if name == "x.npz" else np.save(tmp_path / name, objects)
    assert "holds pickled objects" in refusal(lambda: open_data(tmp_path / name))


def test_broken_files(tmp_path):
    path = saved(tmp_path / "x.npz", images=IMAGES)
    path.write_bytes(path.read_bytes()[:-50])
    assert "cannot be read" in refusal(lambda: open_data(path))
    np.save(tmp_path / "x.npy", IMAGES)
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-50])
    assert "cannot be read" in refusal(lambda: open_data(tmp_path / "x.npy"))


def test_points(tmp_path):
    points = np.random.default_rng(0).normal(size=(50, 3))
    packed = open_data(saved(tmp_path / "x.npz", x=points, y=np.arange(50) % 2))
    assert packed.kind == "points" and packed.shape == (3,) and packed.classes == ("0", "1")
    np.testing.assert_array_equal(packed.items, points.astype(np.float32))
    assert "which holds points" in refusal(lambda: open_data(tmp_path / "x.npz", size=(8, 8)))
    points[7, 1] = np.inf
    assert "point 7" in refusal(lambda: open_data(saved(tmp_path / "x.npz", x=points)))


def test_size_and_channels_apply_to_arrays(tmp_path):
    path = saved(tmp_path / "x.npz", images=pixels(3, 3, 20, 30))
    assert open_data(path, size=(10, 8), channels=1).shape == (1, 10, 8)
