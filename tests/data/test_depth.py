"""Values of more than 8 bits: what a person is asked, in every source that has them; 8 bits stay as they are."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

from saddlepoint.data import check_data, from_torch_dataset, open_data, open_pairs, open_tiles
from saddlepoint.data.depth import floating_point, to_8_bits
from saddlepoint.data.raster import decode
from saddlepoint.recipes.specification import Data
from tests.data.examples import encoded, pixels, refusal, write_folder

COLOURS = {2: 3, 6: 4, 4: 2}
TWELVE_BITS = np.random.default_rng(0).integers(3, 3988, (6, 5, 8)).astype(np.uint16)
TWELVE_BITS[0, 0, :2] = 3, 3987
TENSOR = torch.from_numpy(pixels(4))
SCALED = np.round(TWELVE_BITS * (255 / 4095)).astype(np.uint8)


def deep_png(values: np.ndarray, kind: int) -> bytes:
    """A PNG of uint16 (height, width, channels) of a colour type, which Pillow cannot write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def deep_tiff(values: np.ndarray, order: str = "<", planes: int = 1) -> bytes:
    """An uncompressed TIFF of uint16 (height, width, channels); planes 2 keeps the channels apart."""
    height, width, channels = values.shape
    values = np.moveaxis(values, -1, 0) if planes == 2 else values
    data = values.astype(f"{order}u2").tobytes()
    parts = channels if planes == 2 else 1
    fields = [(256, width), (257, height), (258, 16), (259, 1), (262, 2), (277, channels), (278, height), (284, planes)]
    fields += [(338, 2)] if channels == 4 else []
    count = len(fields) + 2
    outside = 8 + 2 + 12 * count + 4
    bits, offsets, sizes = outside, outside + 2 * channels, outside + 2 * channels + 4 * parts
    start = sizes + 4 * parts
    entries = [(tag, 3, 1, struct.pack(f"{order}HH", value, 0)) for tag, value in fields if tag != 258]
    entries.append((258, 3, channels, struct.pack(f"{order}I", bits)))
    inline = parts == 1
    entries.append((273, 4, parts, struct.pack(f"{order}I", start if inline else offsets)))
    entries.append((279, 4, parts, struct.pack(f"{order}I", len(data) if inline else sizes)))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, count)
    table = b"".join(struct.pack(f"{order}HHI", *entry[:3]) + entry[3] for entry in sorted(entries))
    each = len(data) // parts
    tail = struct.pack(f"{order}{channels}H", *[16] * channels)
    tail += struct.pack(f"{order}{parts}I", *[start + each * part for part in range(parts)])
    tail += struct.pack(f"{order}{parts}I", *[each] * parts)
    return head + table + struct.pack(f"{order}I", 0) + tail + data


def folder(root: Path, files: list[bytes], suffix: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for index, data in enumerate(files):
        (root / f"{index}{suffix}").write_bytes(data)
    return root


def grey_png(root: Path) -> Path:
    return folder(root / "set", [encoded(Image.fromarray(image)) for image in TWELVE_BITS], ".png")


def saved(root: Path, values: np.ndarray) -> Path:
    np.savez(root / "x.npz", images=values)
    return root / "x.npz"


# Each holds TWELVE_BITS, in a type that could hold more.
SOURCES: dict[str, Callable[[Path], Path]] = {
    "16-bit grey PNG": grey_png,
    "16-bit grey TIFF": lambda root: folder(
        root / "set", [encoded(Image.fromarray(image), "TIFF") for image in TWELVE_BITS], ".tif"
    ),
    "32-bit TIFF": lambda root: folder(
        root / "set", [encoded(Image.fromarray(image.astype(np.int32)), "TIFF") for image in TWELVE_BITS], ".tif"
    ),
    "floating-point TIFF": lambda root: folder(
        root / "set", [encoded(Image.fromarray(image.astype(np.float32)), "TIFF") for image in TWELVE_BITS], ".tif"
    ),
    "16-bit colour PNG": lambda root: folder(
        root / "set", [deep_png(np.stack([image] * 3, axis=2), 2) for image in TWELVE_BITS], ".png"
    ),
    "16-bit colour TIFF": lambda root: folder(
        root / "set", [deep_tiff(np.stack([image] * 3, axis=2)) for image in TWELVE_BITS], ".tif"
    ),
    **{
        name: lambda root, name=name: saved(root, TWELVE_BITS.astype(name))
        for name in ("uint16", "int16", "int32", "int64", "float32", "float64")
    },
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_part_of_a_type_is_asked_about_with_the_range_of_all_items(source, tmp_path):
    place = source(tmp_path)
    line = refusal(lambda: open_data(place))
    assert "values 3..3987 in" in line
    assert "--set data.range=3,3987 (what was found) or --set data.range=0,4095" in line
    report = check_data(place)
    assert not report["ok"] and "values 3..3987" in report["problems"][0]["reason"]
    assert "--set data.range=0,4095" in report["suggestion"] and report["count"] == 6


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_the_range_is_the_one_that_is_stated(source, tmp_path):
    place = source(tmp_path)
    packed = open_data(place, range=(0, 4095), hold_out=0)
    for channel in range(packed.shape[0]):
        np.testing.assert_array_equal(packed.items[:, channel], SCALED)
    assert len(packed.notes) == 1 and "scaled to 8 bits from data.range=0,4095; values 3..3987" in packed.notes[0]
    assert "values 3..3987 in" in refusal(lambda: open_data(place, range=(0, 1023)))


def test_the_cache_knows_the_range(tmp_path):
    place = grey_png(tmp_path)

    def mapped(high: int):
        return open_data(place, range=(0, high), cache=tmp_path / "cache", resident_limit=1)

    first, again, other = mapped(4095), mapped(4095), mapped(65535)
    assert isinstance(again.items, np.memmap) and again.notes == first.notes
    np.testing.assert_array_equal(first.items, again.items)
    assert first.fingerprint != other.fingerprint


def test_what_fills_16_bits_is_scaled_and_said(tmp_path):
    values = np.array([[0, 128, 129, 257, 385, 386], [32767, 32768, 65000, 65534, 65535, 1]], dtype=np.uint16)
    place = folder(tmp_path / "set", [encoded(Image.fromarray(each)) for each in (values, values // 2)], ".png")
    packed = open_data(place, hold_out=0)
    np.testing.assert_array_equal(packed.items[0, 0], np.round(values / 257))
    said = "2 images: 16-bit grey, scaled to 8 bits by round(v / 257); values 0..65535"
    assert packed.notes == (said,) == tuple(check_data(place)["notes"])


@pytest.mark.parametrize("kind", COLOURS)
def test_both_bytes_of_16_bit_colour_are_read(kind):
    values = np.random.default_rng(kind).integers(0, 65536, (5, 7, COLOURS[kind])).astype(np.uint16)
    values[0, 0, 0], values[0, 1, 0] = 0, 65535
    decoded = decode(deep_png(values, kind))
    expected = values[..., [0, 0, 0, 1]] if kind == 4 else values
    np.testing.assert_array_equal(np.moveaxis(decoded.pixels, 0, -1), np.round(expected / 257))
    shown = np.asarray(Image.open(io.BytesIO(deep_png(values, kind))))
    assert np.abs(np.moveaxis(decoded.pixels, 0, -1).astype(int) - shown).max() <= 1  # beside Pillow's high bytes
    # The range from black to white is that of the colours; alpha has its own.
    stated = decode(deep_png(values // 16, kind), range=(0, 4095)).pixels
    np.testing.assert_array_equal(stated[:3], np.moveaxis(np.round((expected // 16)[..., :3] * (255 / 4095)), -1, 0))
    if kind != 2:
        np.testing.assert_array_equal(stated[3], np.round((expected // 16)[..., 3] / 257))


def test_the_transparent_colour_of_a_deep_png():
    values = np.random.default_rng(0).integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    whole = deep_png(values, 2)
    key = b"tRNS" + values[2, 3].astype(">u2").tobytes()
    at = whole.index(b"IDAT") - 4
    with_key = whole[:at] + struct.pack(">I", 6) + key + struct.pack(">I", zlib.crc32(key)) + whole[at:]
    pixels = decode(with_key).pixels
    assert pixels.shape == (4, 5, 7) and pixels[3, 2, 3] == 0 and (pixels[3] == 255).sum() == 34


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
def test_both_bytes_of_16_bit_tiff_in_either_order(order, channels):
    values = np.random.default_rng(channels).integers(0, 65536, (5, 7, channels)).astype(np.uint16)
    decoded = decode(deep_tiff(values, order))
    np.testing.assert_array_equal(np.moveaxis(decoded.pixels, 0, -1), np.round(values / 257))


def test_channels_in_separate_planes_are_refused_because_pillow_misreads_them(tmp_path):
    place = folder(tmp_path / "set", [deep_tiff(np.stack([TWELVE_BITS[0]] * 3, axis=2), planes=2)], ".tif")
    assert "in separate planes" in refusal(lambda: open_data(place))


@pytest.mark.parametrize("name", ["uint16", "int64", "float64"])
def test_what_8_bits_hold_stays_as_it_is(name, tmp_path):
    images = pixels(6)
    values = images / 255 if name == "float64" else images.astype(name)
    packed = open_data(saved(tmp_path, values))
    np.testing.assert_array_equal(packed.items, images)
    assert packed.notes == ()


def test_a_range_without_effect_is_refused(tmp_path):
    write_folder(tmp_path / "a", pixels(3))
    for call in (
        lambda: open_data(tmp_path / "a", range=(0, 4095)),
        lambda: open_data("digits", range=(0, 16)),
        lambda: open_tiles(tmp_path / "a", tile=4, range=(0, 4095)),
        lambda: from_torch_dataset(TensorDataset(TENSOR), range=(-1, 1)),
    ):
        assert "where all values are of 8 bits" in refusal(call)
    assert "which holds points" in refusal(lambda: open_data("swiss-roll", range=(0, 1)))


@pytest.mark.parametrize(
    ("values", "cure"),
    [
        (pixels(4) / 127.5 - 1, "data.range=-1,1"),
        (pixels(4).astype(np.float32), "data.range=0,255"),
        (pixels(4).astype(np.int16) - 1024, "data.range=-1024,-769"),
        (pixels(4) * 2.0**40, "data.range=0,280375465082880"),
        (np.full((4, 5, 5), 7.5), "data.range=0,255"),
        (np.full((4, 5, 5), -9), "data.range=-9,0"),
    ],
    ids=["-1..1", "0..255", "CT", "large", "one value", "one below zero"],
)
def test_the_cure_is_a_range_that_works(values, cure, tmp_path):
    place = saved(tmp_path, values)
    line = refusal(lambda: open_data(place))
    assert f"{cure}, or save the values as 8 bits" in line
    low, high = map(float, cure.rpartition("=")[2].split(","))
    assert open_data(place, range=(low, high), hold_out=0).notes


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value, tmp_path):
    values = np.full((4, 5, 5), 0.5)
    values[2, 0, 0] = value
    assert "not all finite" in refusal(lambda: open_data(saved(tmp_path, values), range=(0, 1)))
    place = folder(tmp_path / "set", [encoded(Image.fromarray(values[2].astype(np.float32)), "TIFF")], ".tif")
    assert "not all finite" in refusal(lambda: open_data(place))


def test_pairs_have_one_range_and_a_side_of_8_bits_may_have_none(tmp_path):
    half = np.concatenate([TWELVE_BITS, TWELVE_BITS[::-1]], axis=2)
    beside = folder(tmp_path / "beside", [encoded(Image.fromarray(image)) for image in half], ".png")
    assert "3..3987" in refusal(lambda: open_pairs(beside))
    pairs = open_pairs(beside, range=(0, 4095))
    np.testing.assert_array_equal(pairs.sources.items[:, 0], SCALED)
    np.testing.assert_array_equal(pairs.targets.items[:, 0], SCALED[::-1])
    folder(tmp_path / "two" / "B", [encoded(Image.fromarray(image)) for image in TWELVE_BITS], ".png")
    folder(tmp_path / "two" / "A", [encoded(image) for image in pixels(6, 3, 5, 8)], ".png")
    pairs = open_pairs(tmp_path / "two", range=(0, 4095))
    np.testing.assert_array_equal(pairs.sources.items, pixels(6, 3, 5, 8))
    np.testing.assert_array_equal(pairs.targets.items[:, 0], SCALED)
    write_folder(tmp_path / "eight" / "A", pixels(3))
    write_folder(tmp_path / "eight" / "B", pixels(3))
    assert "of 8 bits" in refusal(lambda: open_pairs(tmp_path / "eight", range=(0, 4095)))


@pytest.mark.parametrize("limit", [10**9, 1])
def test_tiles_are_cut_from_scaled_photographs(tmp_path, limit):
    place = grey_png(tmp_path)
    assert "3..3987" in refusal(lambda: open_tiles(place, tile=4))
    packed = open_tiles(
        place, tile=4, channels=1, range=(0, 4095), hold_out=0, cache=tmp_path / "cache", resident_limit=limit
    )
    np.testing.assert_array_equal(packed.items[0, 0], SCALED[0, :4, :4])
    assert "from data.range=0,4095; values 3..3987" in packed.notes[0]


def test_pictures_of_a_persons_own_data_set(tmp_path):
    pictures = [Image.fromarray(image) for image in TWELVE_BITS]
    assert "16-bit grey values 3..3987" in refusal(lambda: from_torch_dataset(pictures))
    packed = from_torch_dataset(pictures, range=(0, 4095), hold_out=0)
    np.testing.assert_array_equal(packed.items[:, 0], SCALED)
    assert "from data.range=0,4095" in packed.notes[0]


@pytest.mark.parametrize("given", ["0,4095", [0, 4095], (0.0, 4095.0), " 0 , 4095 "])
def test_a_recipe_states_the_range(given):
    assert Data.model_validate({"range": given}).range == (0.0, 4095.0)


@pytest.mark.parametrize("given", ["4095,0", [1, 1], "0,.inf", [0.0, float("inf")], [float("nan"), 1.0], "0", "a,b"])
def test_what_is_no_range_is_refused(given):
    with pytest.raises(ValueError, match=r"data\.range=|range"):
        Data.model_validate({"range": given})


def test_values_at_the_end_of_float32_are_only_asked_about():
    with warnings.catch_warnings(action="error"):
        pixels, depth = to_8_bits(np.array([0.0, 3e38], np.float32), floating_point("float32"), None)
    assert pixels.tolist() == [0, 255] and depth.most > 1e38


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (np.arange(17), "values 0..16 use 6.3 % of 0..255; --set data.range=0,16 makes the largest white"),
        (np.arange(17) / 256, "values 0..0.0625 use 6.2 % of 0..1; --set data.range=0,0.0625 makes the largest white"),
        (np.zeros(17, np.int64), "values 0..0 use 0 % of 0..255"),
        (np.arange(17) / 16, None),
        (np.arange(17) * 15, None),
    ],
)
def test_values_that_leave_most_of_their_range_are_noted_with_the_range_that_they_have(values, note, tmp_path) -> None:
    np.save(tmp_path / "a.npy", np.resize(values, (3, 5, 7)))
    dark, expected = open_data(tmp_path / "a.npy", hold_out=0), () if note is None else (note,)
    said = [each for each in dark.notes if " distinct " not in each]
    assert [each.partition(", ")[2] for each in said] == list(expected)
    if note is not None and "--set" in note:
        assert open_data(tmp_path / "a.npy", range=(0, values.max().item()), hold_out=0).items.max() == 255
