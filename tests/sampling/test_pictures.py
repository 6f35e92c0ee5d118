"""Grids hold the data's pixels exactly; scatters show every point or count it; files are whole or not there."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.errors import UserError
from saddlepoint.sampling.pictures import grid, save_picture, scatter


def pixels(count: int, channels: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, channels, height, width), dtype=np.uint8)


def cell(picture: Image.Image, row: int, column: int, height: int, width: int, factor: int, padding: int) -> np.ndarray:
    """The image at a place of a grid, at one number per data pixel; fails where a pixel is no even square."""
    top = padding + row * (height * factor + padding)
    left = padding + column * (width * factor + padding)
    block = np.asarray(picture)[top : top + height * factor, left : left + width * factor]
    block = block.reshape(height, factor, width, factor, -1)
    assert (block == block[:, :1, :, :1]).all()
    return block[:, 0, :, 0].transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("channels", "height", "width", "factor"),
    [(1, 8, 8, 6), (1, 112, 92, 1), (4, 17, 23, 3), (3, 32, 32, 2), (1, 28, 28, 2), (3, 48, 9, 1), (1, 1, 1, 48)],
)
def test_every_data_pixel_is_in_the_grid(channels, height, width, factor):
    stored = pixels(7, channels, height, width)
    picture = grid(torch.from_numpy(stored).float() / 255, columns=3, padding=2)
    assert picture.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    assert picture.size == (3 * (width * factor + 2) + 2, 3 * (height * factor + 2) + 2)
    for index, image in enumerate(stored):
        np.testing.assert_array_equal(cell(picture, *divmod(index, 3), height, width, factor, 2), image)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_ends_of_the_range_are_exact_in_every_type(dtype):
    picture = grid(torch.tensor([0.0, 1.0], dtype=dtype).reshape(1, 1, 1, 2), padding=0)
    assert set(np.asarray(picture)[:, :24].ravel()) == {0} and set(np.asarray(picture)[:, 24:].ravel()) == {255}


def test_values_between_grey_levels_are_rounded():
    levels = torch.tensor([0.4, 0.6, 99.49, 99.51, 254.6]).reshape(1, 1, 1, 5) / 255
    assert np.asarray(grid(levels, padding=0, enlarge=False)).tolist() == [[0, 1, 99, 100, 255]]


def test_without_enlarging_a_single_image_has_its_own_size():
    stored = pixels(1, 4, 17, 23)
    picture = grid(stored.astype(np.float32) / 255, padding=0, enlarge=False)
    np.testing.assert_array_equal(np.asarray(picture).transpose(2, 0, 1), stored[0])


@pytest.mark.parametrize(
    ("count", "height", "width", "size"),
    [(16, 50, 50, (4, 4)), (64, 100, 50, (11, 6)), (1, 50, 50, (1, 1)), (64, 112, 92, (8, 8)), (8, 60, 60, (3, 3))],
)
def test_a_grid_is_about_square_and_its_rows_are_full_where_they_can_be(count, height, width, size):
    picture = grid(np.zeros((count, 1, height, width), np.float32), padding=0)
    assert picture.size == (size[0] * width, size[1] * height)


def test_gaps_differ_from_black_and_white_and_are_nothing_under_alpha():
    assert np.asarray(grid(np.zeros((1, 1, 50, 50), np.float32)))[0, 0] == 128
    assert tuple(np.asarray(grid(np.ones((1, 4, 50, 50), np.float32)))[0, 0]) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("images", "named"),
    [
        (np.zeros((2, 2, 8, 8), np.float32), "(2, 2, 8, 8)"),
        (np.zeros((0, 1, 8, 8), np.float32), "(0, 1, 8, 8)"),
        (np.zeros((8, 8), np.float32), "(8, 8)"),
        (np.zeros((1, 1, 8, 8), np.uint8), "uint8"),
        (np.full((1, 1, 8, 8), 1.01, np.float32), "1.01"),
        (np.full((1, 1, 8, 8), -1.0, np.float32), "-1"),
        (np.full((1, 1, 8, 8), np.nan, np.float32), "nan"),
    ],
)
def test_what_is_no_image_is_refused_by_name(images, named):
    with pytest.raises(UserError) as error:
        grid(images)
    assert named in str(error.value)


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"padding": -1}])
def test_a_grid_without_place_is_refused(wrong):
    with pytest.raises(UserError):
        grid(np.zeros((1, 1, 8, 8), np.float32), **wrong)


def test_a_rounding_error_beyond_the_range_is_none():
    assert np.asarray(grid(np.full((1, 1, 50, 50), 1.0 + 5e-7), padding=0)).min() == 255


def colours(picture: Image.Image) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in np.asarray(picture).reshape(-1, 3)}


def blue(picture: Image.Image) -> np.ndarray:
    values = np.asarray(picture).astype(int)
    return (values[..., 2] - values[..., 0]) > 60


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_scatter_shows_generated_points_over_the_data(dimensions):
    generator = np.random.default_rng(0)
    data = generator.uniform(-1, 1, (400, dimensions))
    made = scatter(torch.from_numpy(0.1 * data + 0.5), data)
    assert made.mode == "RGB" and made.size == (560, 600)
    # The generated points lie to the right of the middle, and only there (below the axes is the legend).
    shown = blue(made)[:520]
    assert shown[:, 320:].sum() > 200 and shown[:, :280].sum() == 0
    # Without data there is nothing grey but the frame, and the axes close in on the points.
    alone = blue(scatter(0.1 * data + 0.5))[:520]
    assert alone[:, :280].sum() > 200


def test_axes_stay_with_the_data_and_points_beyond_them_are_counted(monkeypatch):
    from matplotlib.axes import Axes

    titles = []
    monkeypatch.setattr(Axes, "set_title", lambda axes, title: titles.append((title, axes.get_xlim())))
    data = np.random.default_rng(0).normal(size=(50, 2))
    near, far = data * 0.5, np.concatenate([data * 0.5, [[90.0, 0.0], [0.0, -90.0]]])
    for points in (near, far):
        scatter(points, data)
    assert titles[0][0] == "50 generated points" and titles[1][0] == "52 generated points, 2 beyond the axes"
    assert titles[0][1] == titles[1][1]


def test_one_point_and_equal_points_are_drawn():
    assert blue(scatter(np.zeros((1, 2))))[:520].any()
    assert blue(scatter(np.full((5, 1), 3.0), np.full((5, 1), 3.0)))[:520].any()


@pytest.mark.parametrize(
    "points", [np.zeros((3, 3)), np.zeros((0, 2)), np.zeros(3), np.full((3, 2), np.nan), np.full((3, 1), np.inf)]
)
def test_what_is_no_point_is_refused(points):
    with pytest.raises(UserError):
        scatter(points)
    with pytest.raises(UserError):
        scatter(np.zeros((3, 2)), points)


@pytest.mark.parametrize(
    "picture", [lambda: grid(pixels(3, 3, 9, 9) / 255), lambda: scatter(np.arange(8.0).reshape(4, 2), np.eye(2))]
)
def test_the_same_input_gives_the_same_bytes(tmp_path, picture):
    one, other = (save_picture(picture(), tmp_path / name / "a.png").read_bytes() for name in "xy")
    assert one == other
    # Header, pixels, end: no time, no text.
    kinds = [one[index + 4 : index + 8] for index in chunks(one)]
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


def chunks(png: bytes) -> list[int]:
    starts, index = [], 8
    while index < len(png):
        starts.append(index)
        index += 12 + int.from_bytes(png[index : index + 4], "big")
    return starts


def test_what_the_picture_carried_is_not_saved(tmp_path):
    buffer = io.BytesIO()
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "somebody")
    Image.new("L", (4, 4)).save(buffer, "PNG", pnginfo=info)
    saved = save_picture(Image.open(buffer), tmp_path / "a.png")
    assert b"somebody" not in saved.read_bytes()


def test_a_failed_write_leaves_the_older_picture(tmp_path, monkeypatch):
    path = save_picture(Image.new("L", (4, 4), 10), tmp_path / "a.png")
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        save_picture(Image.new("L", (4, 4), 200), path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.glob("*.png")] == ["a.png"]
    monkeypatch.undo()
    save_picture(Image.new("L", (4, 4), 200), path)
    assert [found.name for found in tmp_path.iterdir()] == ["a.png"]
    assert path.read_bytes() != before
