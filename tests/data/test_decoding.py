"""Images decoded ahead: in order, within bounded memory, and without threads where the system allows none."""

import threading
import tracemalloc
import zipfile
from functools import partial

import numpy as np
import pytest

from saddlepoint.data import check_data, decoding, open_data
from saddlepoint.data.decoding import decode_in_order
from saddlepoint.data.source import Decoded, UnreadableError
from tests.data.examples import encoded, pixels, refusal

MEBIBYTE = 2**20


@pytest.fixture
def two_workers(monkeypatch):
    monkeypatch.setattr(decoding.os, "cpu_count", lambda: 2)


def peak(call) -> int:
    """The most bytes that were held at a time during a call."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("beginning", [b"", b"\x89PNG\r\n\x1a\n"], ids=["zeros", "zeros after the beginning of a PNG"])
def test_entries_that_unpack_to_much_are_not_held(tmp_path, two_workers, beginning):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(30):
            archive.writestr(f"{index}.png", beginning + bytes(4 * MEBIBYTE))
    assert (tmp_path / "x.zip").stat().st_size < MEBIBYTE
    reports = []
    # Two at a time, each in pieces and as a whole; all thirty would be 120.
    assert peak(lambda: reports.append(check_data(tmp_path / "x.zip"))) < 32 * MEBIBYTE
    assert len(reports[0]["problems"]) == 30
    assert "30 of 30 files" in refusal(lambda: open_data(tmp_path / "x.zip"))


def test_large_images_are_decoded_a_few_ahead(two_workers, monkeypatch):
    monkeypatch.setattr(decoding, "_BYTES_AHEAD", 8 * MEBIBYTE)
    image = encoded(np.zeros((4, 1024, 1024), np.uint8))

    def count() -> int:
        return sum(isinstance(result, Decoded) for result in decode_in_order(iter([lambda: image] * 40)))

    # Four mebibytes each: two ahead, two at work with what decoding takes, one taken.
    assert peak(lambda: count()) < 40 * MEBIBYTE
    assert count() == 40


def test_a_reason_keeps_nothing_alive():
    (reason,) = decode_in_order(iter([lambda: b"no image"]))
    assert isinstance(reason, UnreadableError) and "no image" in str(reason)
    assert reason.__traceback__ is None and reason.__cause__ is None and reason.__context__ is None


@pytest.mark.parametrize("started", [0, 1])
def test_without_threads_it_is_done_here(monkeypatch, two_workers, started):
    images = pixels(20)
    start, begun = threading.Thread.start, []

    def refuse(thread: threading.Thread) -> None:
        begun.append(thread)
        if len(begun) > started:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    loaders = [partial(encoded, image) for image in images[:7]]
    loaders += [partial(bytes, 0), *(partial(encoded, image) for image in images[8:])]
    results = list(decode_in_order(iter(loaders)))
    assert len(begun) > started
    for index, result in enumerate(results):
        if index == 7:
            assert isinstance(result, UnreadableError)
        else:
            assert isinstance(result, Decoded)
            np.testing.assert_array_equal(result.pixels, images[index])
