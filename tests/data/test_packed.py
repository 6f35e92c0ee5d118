"""The packed form: batches, and the fingerprint as its docstring defines it."""

import hashlib

import numpy as np
import pytest
import torch

from saddlepoint.data import Packed, open_data
from saddlepoint.data.packed import fingerprint
from tests.data.examples import pixels, write_folder


def packed_of(items: np.ndarray, labels: np.ndarray | None = None) -> Packed:
    everything = np.arange(len(items))
    return Packed(
        items=items,
        labels=labels,
        classes=() if labels is None else ("a", "b"),
        kind="images" if items.ndim == 4 else "points",
        shape=items.shape[1:],
        fingerprint="",
        splits={"train": everything, "held_out": everything[:0]},
        split_rule="nothing held out",
        source="made",
    )


def test_a_batch_is_the_items_in_the_order_asked_for():
    items, labels = pixels(6), np.array([0, 1, 0, 1, 1, 0])
    packed = packed_of(items, labels)
    for indices in ([4, 0, 4], np.array([5, 1]), torch.tensor([2, 3])):
        images, numbers = packed.batch(indices)
        assert images.dtype == torch.uint8 and numbers is not None and numbers.dtype == torch.int64
        np.testing.assert_array_equal(images.numpy(), items[np.asarray(indices)])
        np.testing.assert_array_equal(numbers.numpy(), labels[np.asarray(indices)])
    images, _ = packed.batch([1])
    images.zero_()
    assert packed.items[1].any()  # a batch is a copy
    with pytest.raises(IndexError):
        packed.batch([6])


def test_points_come_as_float32_without_labels():
    points, labels = packed_of(np.ones((3, 2), np.float32)).batch([0, 2])
    assert points.shape == (2, 2) and points.dtype == torch.float32 and labels is None


def test_the_fingerprint_is_what_it_says():
    items, labels = pixels(3), np.array([1, 0, 1])
    inner = hashlib.sha256(items.tobytes()).hexdigest()
    outer = hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest()
    expected = hashlib.sha256(f"images\n3x5x7\n3\n{inner}\n{outer}\n".encode()).hexdigest()
    assert fingerprint("images", (3, 5, 7), 3, inner, labels) == expected


def test_every_part_of_the_content_changes_the_fingerprint(tmp_path):
    images = pixels(4)
    plain = open_data(write_folder(tmp_path / "plain", images)).fingerprint
    labelled = open_data(write_folder(tmp_path / "labelled", images, ("a", "b"))).fingerprint
    exchanged = open_data(write_folder(tmp_path / "exchanged", images[::-1])).fingerprint
    images[3, 0, 0, 0] ^= 1
    changed = open_data(write_folder(tmp_path / "changed", images)).fingerprint
    assert len({plain, labelled, exchanged, changed}) == 4
