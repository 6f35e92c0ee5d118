"""Which precision losses are computed in, and how the machine is asked."""

import pytest
import torch

from saddlepoint.training.machine import precision as module
from saddlepoint.training.machine.precision import bfloat16_ratio, fast_bfloat16, precision_context

CPU = torch.device("cpu")


@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_losses_are_computed_in_the_precision_that_was_asked_for(precision, dtype: torch.dtype) -> None:
    layer = torch.nn.Linear(3, 2)
    context = precision_context(precision, CPU)
    for _ in range(2):  # it can be entered again and again
        with context():
            made = layer(torch.ones(1, 3))
        assert made.dtype == dtype
    made.float().sum().backward()
    assert layer.weight.grad is not None and layer.weight.grad.dtype == torch.float32
    assert layer(torch.ones(1, 3)).dtype == torch.float32


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch):
    """What a processor says of itself, and what is measured on it."""

    def set_to(native: bool, ratio: float) -> None:
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        monkeypatch.setattr(module, "bfloat16_ratio", lambda device: ratio)
        fast_bfloat16.cache_clear()

    yield set_to
    fast_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("native", "ratio", "fast"), [(True, 2.1, True), (True, 0.8, False), (False, 2.1, False), (True, 1.0, False)]
)
def test_a_processor_must_say_it_and_show_it(says, native: bool, ratio: float, fast: bool) -> None:
    says(native, ratio)
    assert fast_bfloat16(CPU) is fast


def test_the_ratio_is_measured() -> None:
    bfloat16_ratio.cache_clear()
    assert 0.01 < bfloat16_ratio(CPU) < 100


def test_other_devices_are_not_asked() -> None:
    assert not fast_bfloat16(torch.device("mps"))
