"""Pictures are embedded as they are where they fit, smaller where they do not, and unreadable ones are named."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from saddlepoint.report.embed import embed, spread


def noise(mode: str, side: int) -> Image.Image:
    channels = len(mode)
    values = np.random.default_rng(0).integers(0, 256, (side, side, channels), dtype=np.uint8)
    return Image.fromarray(values[..., 0] if channels == 1 else values)


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


def test_a_small_picture_is_embedded_byte_for_byte(tmp_path):
    noise("RGB", 20).save(tmp_path / "a.png")
    embedded = embed(tmp_path / "a.png", 100_000)
    assert embedded.uri == "data:image/png;base64," + base64.b64encode((tmp_path / "a.png").read_bytes()).decode()
    assert (embedded.width, embedded.height, embedded.reduced) == (20, 20, False)


@pytest.mark.parametrize(("mode", "kind"), [("L", "jpeg"), ("RGB", "jpeg"), ("RGBA", "png")])
def test_a_large_picture_is_made_to_fit(tmp_path, mode, kind):
    noise(mode, 900).save(tmp_path / "a.png")
    embedded = embed(tmp_path / "a.png", 300_000)
    assert embedded.reduced and (embedded.width, embedded.height) == (900, 900)
    assert embedded.uri.startswith(f"data:image/{kind};base64,") and len(embedded.uri) * 3 / 4 <= 300_100
    shown = opened(embedded.uri)
    # No smaller than it has to be: noise packs badly, and still there is room for this.
    assert shown.mode == mode and shown.width == shown.height >= 220


def test_it_never_shrinks_a_picture_beyond_recognition(tmp_path):
    noise("RGB", 400).save(tmp_path / "a.png")
    assert opened(embed(tmp_path / "a.png", 10).uri).size == (200, 200)


def test_other_kinds_of_png_are_shown_too(tmp_path):
    noise("RGB", 300).quantize(200).save(tmp_path / "a.png")
    assert embed(tmp_path / "a.png", 20_000).reduced


def test_what_is_no_picture_is_named(tmp_path):
    whole = io.BytesIO()
    noise("L", 50).save(whole, "PNG")
    for content in (b"", b"text", whole.getvalue()[:200]):
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.png is not a readable picture"):
            embed(tmp_path / "a.png", 1000)


def test_a_picture_that_unpacks_to_gigabytes_is_refused(tmp_path, monkeypatch):
    Image.new("L", (200, 200)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30_000)
    with pytest.raises(ValueError, match="not a readable picture"):
        embed(tmp_path / "a.png", 10_000)


@pytest.mark.parametrize(("length", "count"), [(0, 3), (1, 3), (3, 3), (4, 3), (1000, 24), (25, 24)])
def test_a_spread_has_both_ends_and_even_gaps(length, count):
    chosen = spread(list(range(length)), count)
    assert len(chosen) == min(length, count) and chosen == sorted(set(chosen))
    if length > count:
        gaps = np.diff(chosen)
        assert chosen[0] == 0 and chosen[-1] == length - 1 and gaps.max() - gaps.min() <= 1
