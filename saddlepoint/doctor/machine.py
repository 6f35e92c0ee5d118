"""Facts about the machine, gathered without torch: it may be what is missing."""

import os
import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

# As the processor's flags are called on Linux, and as people call them.
_INSTRUCTION_SETS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512 BF16",
    "amx_bf16": "AMX BF16",
    "asimd": "NEON",
    "sve": "SVE",
}
GIGABYTE = 1e9


def machine() -> dict[str, Any]:
    """System, processor, cores, load, instruction sets; memory and disk in bytes. What cannot be known is None."""
    try:
        import psutil

        memory = psutil.virtual_memory()
    except ImportError:  # among the missing packages then
        memory = None
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _cpuinfo("model name") or platform.processor() or "unknown",
        "cores": os.cpu_count(),
        "usable_cores": usable,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "instruction_sets": [
            name
            for flag, name in _INSTRUCTION_SETS.items()
            if flag in (_cpuinfo("flags") or _cpuinfo("Features") or "").split()
        ],
        "memory_total": memory.total if memory else None,
        "memory_available": memory.available if memory else None,
        "disk_free": shutil.disk_usage(Path.cwd()).free,
        "nvidia_driver": shutil.which("nvidia-smi") is not None,
    }


def gigabytes(count: int | None) -> str:
    """Bytes for a person."""
    return "unknown" if count is None else f"{count / GIGABYTE:.1f} GB"


def try_folder(folder: Path) -> None:
    """Writes there and reads back, by the function that a run uses."""
    from saddlepoint.files import write_whole

    content = b"saddlepoint"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".saddlepoint-doctor-") as name:
        file = Path(name, "file")
        write_whole(file, content)
        if file.read_bytes() != content:
            raise OSError("what was written is not what is read")


def _cpuinfo(key: str) -> str | None:
    """What Linux says of the first processor; None on another system."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key), None)
