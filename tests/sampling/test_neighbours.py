"""Neighbours are those of a plain search, wherever the split is cut; the picture shows each beside its sample."""

import numpy as np
import pytest
import torch

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.sampling import neighbours as module
from saddlepoint.sampling.neighbours import neighbours, side_by_side, strip


def _data(shape=(3, 6, 5), held_out: int = 6) -> Packed:
    items = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
    order = np.random.default_rng(1).permutation(40)
    return Packed(
        items=items,
        labels=None,
        classes=(),
        kind="images",
        shape=shape,
        fingerprint="2" * 64,
        splits={"train": np.sort(order[held_out:]), "held_out": np.sort(order[:held_out])},
        split_rule="a test",
        source="random",
    )


@pytest.mark.parametrize("at_once", [2**28, 90 * 7, 1])
def test_neighbours_are_those_of_a_plain_search(monkeypatch, at_once) -> None:
    monkeypatch.setattr(module, "_BYTES", at_once)
    data = _data()
    samples = torch.rand(5, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    found = neighbours(samples, data, 3)
    train = data.splits["train"]
    for row, sample in enumerate(samples.double().numpy()):
        distances = np.sqrt(((data.items[train] / 255 - sample) ** 2).sum(axis=(1, 2, 3)))
        nearest = np.argsort(distances)[:3]
        np.testing.assert_array_equal(found.indices[row], train[nearest])
        np.testing.assert_allclose(found.distances[row], distances[nearest], rtol=1e-6)
        np.testing.assert_allclose(found.images[row], data.items[train[nearest]] / 255, atol=1e-6)
    held = data.items[data.splits["held_out"]] / 255
    each = np.sqrt(((held[:, None] - data.items[train][None] / 255) ** 2).sum(axis=(2, 3, 4))).min(axis=1)
    assert found.held_out == pytest.approx(np.median(each), rel=1e-9)


def test_a_copy_is_its_own_neighbour_and_a_held_out_image_is_none() -> None:
    data = _data()
    train, held_out = data.splits["train"], data.splits["held_out"]
    copies = torch.from_numpy(data.items[[train[4], held_out[0]]]).float() / 255
    found = neighbours(copies, data)
    assert found.indices[0, 0] == train[4] and found.distances[0, 0] < 1e-6
    assert found.indices[1, 0] in train and found.distances[1, 0] > 0.5
    answer = neighbours(copies[:1], data).to_json()
    assert answer["indices"] == [[train[4]]] and answer["median"] < 1e-6 < 0.5 < answer["held_out"]


def test_of_equal_images_in_two_parts_the_earlier_comes_first(monkeypatch) -> None:
    monkeypatch.setattr(module, "_BYTES", 1)
    data = _data(held_out=0)
    data.items[7] = data.items[31]
    found = neighbours(torch.from_numpy(data.items[[31]]).float() / 255, data, 2)
    assert found.indices[0].tolist() == [7, 31] and found.held_out is None


@pytest.mark.parametrize(
    ("samples", "count", "named"),
    [
        (torch.zeros(2, 3, 6, 6), 1, "(3, 6, 6)"),
        (torch.zeros(2, 3, 6, 5), 0, "0 neighbours"),
        (torch.zeros(2, 3, 6, 5), 35, "1 to 34"),
        (torch.full((1, 3, 6, 5), torch.nan), 1, "NaN"),
    ],
)
def test_what_has_no_neighbours_is_refused(samples, count, named) -> None:
    with pytest.raises(UserError) as error:
        neighbours(samples, _data(), count)
    assert named in str(error.value)


def test_points_are_refused() -> None:
    points = Packed(
        items=np.zeros((4, 2), np.float32),
        labels=None,
        classes=(),
        kind="points",
        shape=(2,),
        fingerprint="2" * 64,
        splits={"train": np.arange(4), "held_out": np.arange(0)},
        split_rule="a test",
        source="toy",
    )
    with pytest.raises(UserError, match="neighbours among points"):
        neighbours(torch.zeros(1, 2), points)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_strip_holds_the_sample_and_its_framed_neighbours_in_order(channels) -> None:
    # Of 48 pixels, so that nothing is enlarged.
    images = torch.arange(1, 4)[:, None, None, None].expand(3, channels, 48, 48) * 60 / 255
    picture = strip(images[0], images[1:])
    pixels = np.asarray(picture)
    assert picture.mode == ("RGBA" if channels == 4 else "RGB")
    assert picture.size == (48 + 4 + 4 + 48 + 4 + 48 + 4, 56)
    assert (pixels[4:52, :48] == 60).all()
    for column, level in ((56, 120), (108, 180)):
        assert (pixels[4:52, column : column + 48] == level).all()
    for place in ((0, 52), (55, 52), (0, 159), (27, 157), (2, 100)):
        assert tuple(pixels[place][:3]) == (255, 220, 0)


def test_side_by_side_shows_every_sample() -> None:
    data = _data((1, 48, 48))
    samples = torch.from_numpy(data.items[:5]).float() / 255
    found = neighbours(samples, data, 2)
    picture = side_by_side(found)
    for index in range(5):
        single = strip(found.samples[index], found.images[index])
        row, column = divmod(index, (picture.width - 8) // (single.width + 8))
        left, top = 8 + column * (single.width + 8), 8 + row * (single.height + 8)
        shown = picture.crop((left, top, left + single.width, top + single.height))
        np.testing.assert_array_equal(np.asarray(shown), np.asarray(single))
