"""What holds for every test: one thread, no network, no display, no curves, and hypothesis without chance.

The environment is set before torch is imported, and child processes inherit it.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import torch

from saddlepoint.report import figures

torch.set_num_threads(1)

hypothesis.settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("deterministic")

_connect = socket.socket.connect


def _connect_within_this_machine(self: socket.socket, address: Any) -> None:
    """A test that reaches for the network fails at that line, also where a network happens to be there."""
    if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
        raise OSError(f"tests do not use the network, but one connects to {address[0]}")
    _connect(self, address)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


socket.socket.connect = _connect_within_this_machine


@pytest.fixture(scope="session", autouse=True)
def pages_without_curves() -> Iterator[None]:
    """A run ends with its page, whose curves take longer to draw than most runs of tests; `tests/report` draws them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "_draw", lambda *given: "")
        yield
