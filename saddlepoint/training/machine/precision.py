"""In which precision losses are computed: bfloat16 where the machine is faster in it and the work is large enough.

Weights, gradients and optimizers stay float32 either way; autocast rounds what goes into matrix products. A processor
computes bfloat16 products natively if it has AMX or AVX512-BF16; others imitate them, slower than float32. What the
processor says of itself is therefore also measured once.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Literal

import torch

Precision = Literal["float32", "bfloat16"]
# Products of this size tell native from imitated arithmetic: 2 and more against less than 1.
_PROBED, _REPETITIONS = 768, 10
_NATIVE = 1.1


def precision_context(precision: Precision, device: torch.device) -> Callable[[], AbstractContextManager]:
    """Makes the context that losses are computed in; weights, gradients and optimizers stay float32."""
    if precision == "float32":
        return nullcontext
    return lambda: torch.autocast(device.type, dtype=torch.bfloat16)


@lru_cache
def fast_bfloat16(device: torch.device) -> bool:
    """Whether matrix products in bfloat16 are native on this device, by what it says and by one measurement."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()):
        return False
    return bfloat16_ratio(device) > _NATIVE


@lru_cache
def bfloat16_ratio(device: torch.device) -> float:
    """How many times faster a matrix product is in bfloat16 than in float32 on this device, the best of a few."""
    kinds = (torch.float32, torch.bfloat16)
    factors = {kind: torch.ones(_PROBED, _PROBED, dtype=kind, device=device) for kind in kinds}
    best = dict.fromkeys(kinds, float("inf"))
    # In turns, so that what else the machine does falls on both.
    for _ in range(_REPETITIONS):
        for kind, factor in factors.items():
            began = time.perf_counter()
            product = factor @ factor
            # Reading a number waits for a device that works on its own.
            product[0, 0].item()
            best[kind] = min(best[kind], time.perf_counter() - began)
    return best[torch.float32] / best[torch.bfloat16]
