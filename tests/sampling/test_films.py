"""Films hold every frame for its time, the same film has the same bytes, and what cannot be written is said first."""

import builtins
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.errors import UserError
from saddlepoint.sampling.films import check_film, frames_of, save_film
from saddlepoint.sampling.pictures import grid


def _ways(count: int, channels: int, frames: int = 5, size: int = 16) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(frames, channels, size, size, generator=generator) for _ in range(count)]


def _read(path: Path) -> tuple[list[np.ndarray], list[int]]:
    pictures, times = [], []
    with Image.open(path) as film:
        for index in range(getattr(film, "n_frames", 1)):
            film.seek(index)
            pictures.append(np.asarray(film.convert("RGB")).astype(int))
            times.append(film.info["duration"])
        assert film.info["loop"] == 0, "it repeats for ever"
    return pictures, times


def test_each_frame_is_the_grid_of_that_moment() -> None:
    ways = _ways(3, 3)
    frames = frames_of(ways)
    assert len(frames) == 5
    for moment, frame in enumerate(frames):
        expected = grid(torch.stack([way[moment] for way in ways]))
        np.testing.assert_array_equal(np.asarray(frame), np.asarray(expected))


def test_what_is_transparent_is_laid_on_white() -> None:
    images = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]).reshape(2, 4, 1, 1).expand(2, 4, 48, 48)
    clear, red = (np.asarray(frame) for frame in frames_of([images]))
    assert (clear == 255).all()
    assert tuple(red[10, 10]) == (255, 0, 0) and tuple(red[0, 0]) == (255, 255, 255)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_gif_keeps_grey_levels_and_few_colours_exactly(tmp_path, channels) -> None:
    greys = torch.arange(5 * 64).reshape(5, 1, 8, 8).remainder(250) / 250
    frames = frames_of([greys] if channels == 1 else [way.round() for way in _ways(2, channels)])
    pictures, _ = _read(save_film(frames, tmp_path / "new" / "film.gif"))
    for picture, frame in zip(pictures, frames, strict=True):
        np.testing.assert_array_equal(picture, np.asarray(frame))


def test_a_gif_of_many_colours_comes_near_them(tmp_path) -> None:
    # Smooth, as images are: a plane of red and green with blue moving through it.
    red, green = torch.meshgrid(torch.linspace(0, 1, 24), torch.linspace(0, 1, 24), indexing="ij")
    way = torch.stack([torch.stack([red, green, torch.full((24, 24), blue)]) for blue in (0.0, 0.5, 1.0)])
    frames = frames_of([way])
    pictures, _ = _read(save_film(frames, tmp_path / "film.gif"))
    for picture, frame in zip(pictures, frames, strict=True):
        assert np.abs(picture - np.asarray(frame)).mean() < 5


@pytest.mark.parametrize(
    ("fps", "times"), [(20, [50] * 5), (50, [20] * 5), (30, [30, 40, 30, 30, 40]), (0.5, [2000] * 5)]
)
def test_frames_of_a_gif_end_at_the_nearest_hundredth(tmp_path, fps, times) -> None:
    assert _read(save_film(frames_of(_ways(1, 1)), tmp_path / "film.gif", fps=fps))[1] == times


def test_the_same_frames_give_the_same_bytes(tmp_path) -> None:
    one, other = (save_film(frames_of(_ways(2, 3)), tmp_path / f"{name}.gif").read_bytes() for name in "ab")
    assert one == other


@pytest.mark.parametrize("size", [48, 49])
def test_an_mp4_shows_the_frames(tmp_path, size) -> None:
    library = pytest.importorskip("imageio_ffmpeg")
    levels = torch.linspace(0.1, 0.9, 7)
    frames = frames_of([levels[:, None, None, None].expand(7, 3, size, size)])
    path = save_film(frames, tmp_path / "film.mp4", fps=25)
    reader = library.read_frames(str(path))
    described = next(reader)
    # 4:2:0 asks for even sides: 49 and two gaps of 2 are 53, which one more row and column bring to 54.
    assert described["size"] == (52, 52) if size == 48 else (54, 54)
    assert described["fps"] == 25 and described["codec"] == "h264" and "yuv420p" in described["pix_fmt"]
    shown = [np.frombuffer(frame, np.uint8).reshape(*described["size"][::-1], 3) for frame in reader]
    assert len(shown) == 7
    for picture, level in zip(shown, levels, strict=True):
        assert np.abs(picture[10:40, 10:40].mean() / 255 - float(level)) < 0.02
    assert [found.name for found in tmp_path.iterdir()] == ["film.mp4"]


def test_without_the_library_an_mp4_is_refused_with_its_name(tmp_path, monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("imageio"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install 'saddlepoint\[video\]'$") as error:
        check_film(tmp_path / "film.mp4", 20)
    assert "\n" not in str(error.value)
    check_film(tmp_path / "film.gif", 20)


@pytest.mark.parametrize(
    ("name", "fps"), [("a.gif", 60), ("a.gif", 0), ("a.gif", float("nan")), ("a.mp4", 1000), ("a.avi", 20), ("a", 20)]
)
def test_what_cannot_be_shown_is_refused(tmp_path, name, fps) -> None:
    with pytest.raises(UserError):
        check_film(tmp_path / name, fps)


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch) -> None:
    library = pytest.importorskip("imageio_ffmpeg")

    def broken(path, *_, **__):
        Path(path).write_bytes(b"half")
        yield
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(library, "write_frames", broken)
    with pytest.raises(OSError, match="No space"):
        save_film(frames_of(_ways(1, 1)), tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []
