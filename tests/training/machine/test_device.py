"""Devices by name, threads, and what a run remembers of the machine."""

import json

import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.training.machine.device import (
    describe,
    device_named,
    differences,
    set_threads,
    versions,
)

CPU = torch.device("cpu")


def test_the_processor_is_always_there() -> None:
    assert device_named("cpu") == CPU


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (False, True, "mps"), (True, False, "cuda"), (False, False, "cpu")],
)
def test_auto_takes_the_fastest_that_is_there(cuda: bool, mps: bool, expected: str, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device_named("auto").type == expected


def test_an_unknown_and_an_absent_device_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match="device 'abacus'; expected auto, cpu, cuda, mps"):
        device_named("abacus")
    with pytest.raises(UserError, match="device 'cuda', which torch does not find here; expected one of cpu"):
        device_named("cuda")


def test_threads_are_set_where_a_number_is_given() -> None:
    before = torch.get_num_threads()
    try:
        assert set_threads(2) == torch.get_num_threads() == 2
        assert set_threads(None) == 2
    finally:
        torch.set_num_threads(before)


def test_the_description_survives_json_and_names_what_bits_depend_on() -> None:
    described = describe(CPU)
    assert json.loads(json.dumps(described)) == described
    assert described["threads"] == torch.get_num_threads() and described["device"] == "cpu"
    assert described["instruction_set"] == torch.backends.cpu.get_cpu_capability()
    assert all(value not in (None, "") for value in described.values())
    assert versions()["torch"] == torch.__version__ and set(versions()) == {"python", "torch", "numpy"}


def test_only_what_has_changed_is_said() -> None:
    before = describe(CPU)
    assert differences(before, describe(CPU)) == []
    assert differences({**before, "threads": 64}, before) == [f"threads 64 -> {before['threads']}"]
    assert differences({}, before) == [], "what an older version did not record is no change"
    assert differences({"gone": 1, **before}, before) == []
