"""A person's own torch Dataset in the forms that people write."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from saddlepoint.data import from_torch_dataset
from saddlepoint.errors import UserError
from tests.data.examples import picture, pixels, refusal

IMAGES = pixels(6)
TENSOR = torch.from_numpy(IMAGES)


class Items(Dataset):
    """A data set of given items, with or without names of classes."""

    def __init__(self, items, classes=None):
        self.items = list(items)
        if classes:
            self.classes = classes

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


@pytest.mark.parametrize(
    "items",
    [
        list(TENSOR),
        list(TENSOR.double() / 255),
        [image.float().div(255).requires_grad_() for image in TENSOR],
        list(np.moveaxis(IMAGES, 1, -1)),
        [picture(image) for image in IMAGES],
        [(picture(image),) for image in IMAGES],
        [(image, None) for image in TENSOR],
    ],
    ids=["uint8", "double", "with gradients", "arrays", "pictures", "1-tuples", "no labels"],
)
def test_images_of_every_form(items):
    packed = from_torch_dataset(Items(items))
    np.testing.assert_array_equal(packed.items, IMAGES)
    assert packed.labels is None and packed.kind == "images" and packed.source == "the Items"


def test_labels_and_their_names():
    labels = torch.tensor([2, 0, 2, 1, 0, 1])
    plain = from_torch_dataset(TensorDataset(TENSOR, labels))
    assert plain.classes == ("0", "1", "2") and plain.labels is not None and plain.labels.tolist() == labels.tolist()
    pairs = [(image, int(label)) for image, label in zip(TENSOR, labels, strict=True)]
    assert from_torch_dataset(Items(pairs, ["a", "b", "c", "d"])).classes == ("a", "b", "c", "d")
    assert from_torch_dataset(Items(pairs), classes=("x", "y", "z")).classes == ("x", "y", "z")
    assert plain.fingerprint == from_torch_dataset(Items(pairs)).fingerprint


def test_a_declared_range(tmp_path):
    items = Items(list(TENSOR.float() / 127.5 - 1))
    assert "float32 values -1..1 in the Items; expected values in 0..1" in refusal(lambda: from_torch_dataset(items))
    np.testing.assert_array_equal(from_torch_dataset(items, range=(-1, 1)).items, IMAGES)
    assert "data.range=1,-1" in refusal(lambda: from_torch_dataset(items, range=(1, -1)))


def test_tensors_are_channels_first_and_arrays_must_be_clear():
    small = pixels(2, 3, 5, 4)
    np.testing.assert_array_equal(from_torch_dataset(Items(torch.from_numpy(small)), hold_out=0).items, small)
    assert "items of shape (3, 5, 4)" in refusal(lambda: from_torch_dataset(Items(list(small))))
    np.testing.assert_array_equal(from_torch_dataset(Items(list(small)), channels=3, hold_out=0).items, small)


def test_points():
    points = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    packed = from_torch_dataset(TensorDataset(points))
    assert packed.kind == "points" and packed.shape == (2,)
    np.testing.assert_array_equal(packed.items, points.numpy())


def test_size_channels_split_and_cache(tmp_path):
    packed = from_torch_dataset(
        Items(list(TENSOR)), size=(4, 4), channels=1, first=4, cache=tmp_path, resident_limit=10
    )
    assert packed.shape == (1, 4, 4) and packed.split_rule == "first 4" and isinstance(packed.items, np.memmap)
    again = from_torch_dataset(Items(list(TENSOR)), size=(4, 4), channels=1, first=4)
    assert again.fingerprint == packed.fingerprint


class Lengths(Items):
    """A data set of six items that says another number of them."""

    def __init__(self, length):
        super().__init__(TENSOR)
        self.length = length

    def __len__(self):
        return self.length


class Stream(IterableDataset):
    """A data set without a length."""

    def __iter__(self):
        return iter(TENSOR)


@pytest.mark.parametrize(
    ("dataset", "says"),
    [
        (Stream(), "no items that can be counted"),
        (Items([]), "no items that can be counted"),
        (Items([(1, 2, 3)]), "3 values as item 0"),
        (Items, "Items, a class"),
        (Lengths(-1), "counted (ValueError: __len__() should return >= 0)"),
        (Lengths(2.0), "cannot be interpreted as an integer"),
        (b"bytes", "no items that can be counted"),
        (DataLoader(Items(TENSOR)), "loader.dataset"),
        (
            Lengths(9),
            "item 6 of the Lengths, which raised IndexError: list index out of range; expected an image for each",
        ),
        (Items(["text"]), "item 0 of the Items, a str; expected an image"),
        (Items([None]), "item 0 of the Items, a NoneType"),
        (Items([{"image": TENSOR[0]}]), "return item['image']"),
        (Items([TENSOR[0].to(torch.complex64)]), "a Tensor of type torch.complex64 and shape (3, 5, 7)"),
        (Items([TENSOR.to_sparse()[0]]), "that is no array"),
        (Items([torch.tensor([0.5, float("nan")])]), "no finite number"),
        (
            Items([(TENSOR[0].float() - 127.5) / 127.5]),
            "leave out the Normalize that made them, or state it with --set data.range=-1,",
        ),
        (Items([(TENSOR[0], 1), (TENSOR[1], "cat")]), "1 of 2 labels of the Items that are texts"),
        (Items([(TENSOR[0], "cow")], ["cat", "dog"]), "'cow' among the labels of the Items; expected one of cat, dog"),
        (Items([TENSOR[0], TENSOR[1, :, :4]]), "item 1 of the Items is 7x4"),
        (Items([(TENSOR[0], 1), (TENSOR[1], None)]), "1 of 2 items"),
        (Items([(TENSOR[0], torch.ones(2))]), "no single numbers"),
        (Items([(TENSOR[0], 1.5)]), "type float64"),
        (Items([(TENSOR[0], 7)], ["a", "b"]), "label 7 at item 0"),
        (Items([Image.fromarray(np.full((4, 4), 3.0, np.float32))]), "floating-point grey values 3..3"),
    ],
)
def test_what_is_no_set_of_images(dataset, says):
    assert says in refusal(lambda: from_torch_dataset(dataset, hold_out=0))


class Breaking(Items):
    """A data set whose fifth item cannot be had."""

    def __getitem__(self, index):
        if index == 4:
            raise OSError("disk on fire")
        return super().__getitem__(index)


def test_an_item_that_fails_is_named_and_its_cause_kept():
    with pytest.raises(UserError, match="item 4 of the Breaking, which raised OSError: disk on fire") as caught:
        from_torch_dataset(Breaking(TENSOR))
    assert isinstance(caught.value.__cause__, OSError)


def test_labels_that_are_texts_are_names_of_classes():
    pairs = list(zip(TENSOR, ["dog", "cat", "dog", "dog", "cat", "cat"], strict=True))
    packed = from_torch_dataset(Items(pairs))
    assert (
        packed.classes == ("cat", "dog") and packed.labels is not None and packed.labels.tolist() == [1, 0, 1, 1, 0, 0]
    )
    assert "labels are texts, taken as the names of 2 classes" in packed.notes
    declared = from_torch_dataset(Items(pairs, ["dog", "cow", "cat"]))
    assert declared.labels is not None and declared.labels.tolist() == [0, 2, 0, 0, 2, 2]


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (TENSOR[:1], "1 distinct image: a generator can do little but repeat what it saw"),
        (TENSOR[:1].expand(30, -1, -1, -1), "1 distinct image among 30: "),
        (torch.cat([TENSOR[:2]] * 3), "2 distinct images among 6: "),
        (torch.cat([TENSOR, TENSOR[:5]]), None),
        (torch.ones(9, 2), "1 distinct point among 9: "),
    ],
)
def test_copies_are_said(items, said):
    notes = from_torch_dataset(Items(items), hold_out=0).notes
    assert [note[: len(said)] for note in notes] == [said] if said else not notes
