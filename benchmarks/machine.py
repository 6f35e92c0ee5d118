"""What the figures are relative to: the machine, and its matrix product, measured in the same run.

    python -m benchmarks.machine [--device cpu|cuda]        prints a JSON object

The peak is that of torch's product of two N x N matrices, N = 4096, in float32 and in bfloat16: the median of 5 after a
warm-up, in 1e9 operations a second, a product being 2 N^3 of them.
"""

import argparse
import json
import time
from statistics import median
from typing import Any

import psutil
import torch

from saddlepoint.training.machine.device import describe, versions

SIZE = 4096
ROUNDS = 5


def product_speed(device: torch.device, kind: torch.dtype, size: int = SIZE) -> float:
    """1e9 operations a second of a product of two matrices."""
    one, other = (torch.rand(size, size, device=device).to(kind) for _ in range(2))
    # A GPU's product is over before a clock has ticked.
    repeats = 50 if device.type == "cuda" else 1
    seconds = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        for _ in range(repeats):
            torch.mm(one, other)
        synchronise(device)
        seconds.append((time.perf_counter() - began) / repeats)
    return 2 * size**3 / median(seconds[1:]) / 1e9


def synchronise(device: torch.device) -> None:
    """Waits until the device has done what it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measured(device: torch.device, size: int = SIZE) -> dict[str, Any]:
    """The machine and its peaks."""
    return {
        **describe(device),
        **versions(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average": psutil.getloadavg(),
        "product_size": size,
        "float32_gflops": product_speed(device, torch.float32, size),
        "bfloat16_gflops": product_speed(device, torch.bfloat16, size),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.machine")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--size", type=int, default=SIZE)
    given = parser.parse_args()
    print(json.dumps(measured(torch.device(given.device), given.size)))
