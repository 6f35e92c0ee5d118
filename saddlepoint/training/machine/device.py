"""The machine a run is on: device, threads; and what the manifest says of it, because bits depend on it."""

import os
import platform
import sys
from typing import Any, Literal

import numpy as np
import torch

from saddlepoint.errors import UserError

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def device_named(name: str) -> torch.device:
    """The device of that name; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        UserError: this machine or this build of torch has no such device.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(candidate for candidate in ("cuda", "mps", "cpu") if available[candidate])
    if name not in available:
        raise UserError(f"device {name!r}", f"auto, {', '.join(available)}", "choose one of these with --device")
    if not available[name]:
        present = ", ".join(candidate for candidate, there in available.items() if there)
        raise UserError(f"device {name!r}, which torch does not find here", f"one of {present}", "use --device auto")
    return torch.device(name)


def set_threads(threads: int | None) -> int:
    """Sets torch's threads if a number is given; returns how many it uses."""
    if threads is not None:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def describe(device: torch.device) -> dict[str, Any]:
    """What the numbers of a run depend on beside its recipe and data."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    }


def versions() -> dict[str, str]:
    """Versions that the bits of a run depend on."""
    return {"python": platform.python_version(), "torch": str(torch.__version__), "numpy": np.__version__}


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What has changed between two descriptions, for a person: only if nothing has does a resumed run keep its bits."""
    return [f"{key} {before[key]} -> {now[key]}" for key in now if key in before and before[key] != now[key]]


def _processor() -> str:
    if sys.platform.startswith("linux"):
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
