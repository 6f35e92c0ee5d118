"""Hugging Face data sets by name: the real loading code on a local repository, with the network cut off."""

import socket
import sys

import numpy as np
import pytest

from saddlepoint.data import open_data
from tests.data.examples import pixels, refusal, write_folder, write_parquet

IMAGES = pixels(10)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Offline by the library's own switches, and by force: a connection would fail the test."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    import datasets.config
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    def refuse(*_):
        pytest.fail("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_a_repository_of_parquet_files(tmp_path):
    repository = tmp_path / "repository"
    labels = np.arange(10) % 2
    for name, part in (("train", slice(0, 7)), ("test", slice(7, 10))):
        write_parquet(
            repository / "data" / f"{name}-00000-of-00001.parquet", IMAGES[part], labels[part], ("cat", "dog")
        )
    packed = open_data(f"hf:{repository}", cache=tmp_path / "cache")
    np.testing.assert_array_equal(packed.items, IMAGES)
    assert packed.classes == ("cat", "dog") and packed.labels is not None
    np.testing.assert_array_equal(packed.labels, labels)
    assert packed.splits["test"].tolist() == [7, 8, 9] and packed.source == f"hf:{repository}"
    # The same data without the library, but in the order of the files' paths.
    plain = open_data(repository)
    assert plain.classes == packed.classes and sorted(map(bytes, plain.items)) == sorted(map(bytes, packed.items))


def test_a_repository_of_image_files(tmp_path):
    for part, images in (("train", IMAGES[:8]), ("test", IMAGES[8:])):
        write_folder(tmp_path / "repository" / part, images, ("cat", "dog"))
    packed = open_data(f"hf:{tmp_path / 'repository'}", cache=tmp_path / "cache")
    assert packed.classes == ("cat", "dog") and len(packed.splits["test"]) == 2
    assert sorted(map(bytes, packed.items)) == sorted(map(bytes, IMAGES))


def test_a_data_set_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = refusal(lambda: open_data("nobody/no-such-data-set", cache=tmp_path / "cache"))
    assert "nobody/no-such-data-set, which cannot be loaded" in line and "a local folder or file" in line
    # A misspelt path under a folder that exists is a misspelt path.
    (tmp_path / "pictures").mkdir()
    assert "which does not exist" in refusal(lambda: open_data("pictures/cats"))


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert "pip install 'saddlepoint[data]'" in refusal(lambda: open_data("hf:owner/name"))
