"""What memory cannot hold is refused before it is made, with what it takes and what the machine has."""

import time

import psutil
import pytest

from saddlepoint.data import TOY_SETS, open_data, open_pairs
from saddlepoint.process.room import in_words
from tests.data.examples import pixels, refusal, write_folder

TOTAL = in_words(psutil.virtual_memory().total)


@pytest.mark.parametrize("name", ["shapes", *TOY_SETS])
def test_a_count_beyond_memory(name):
    started = time.monotonic()
    line = refusal(lambda: open_data(name, count=10**12))
    assert f"data.count=1,000,000,000,000 of {name}" in line and TOTAL in line and "TiB" in line
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("size", [(10**9, 10**9), (100_000, 100_000), (1, 89_478_486)])
def test_a_size_above_the_limit_of_one_image(tmp_path, size):
    write_folder(tmp_path / "x" / "A", pixels(2))
    for call in (lambda: open_data("shapes", size=size), lambda: open_pairs(tmp_path, size=size)):
        line = refusal(call)
        assert f"data.size={size[0]}x{size[1]}" in line and "at most 89,478,485 pixels" in line


def test_large_shapes_are_drawn_one_at_a_time():
    assert open_data("shapes", size=(2048, 1024), count=3).shape == (3, 2048, 1024)
