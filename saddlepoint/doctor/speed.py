"""What decides how fast a training goes here: device, precision, threads, allocator, compiler; and what would help.

As in `examination.py` facts are gathered by trying, and what is said of them is a function of the facts.
"""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# How a compiler is had, by the program that installs packages.
_INSTALLS = {
    "apt-get": "sudo apt-get install g++ python3-dev",
    "dnf": "sudo dnf install gcc-c++ python3-devel",
    "pacman": "sudo pacman -S gcc",
    "zypper": "sudo zypper install gcc-c++ python3-devel",
    "apk": "sudo apk add g++ python3-dev",
}
# As torch's compiled code does, it needs the C++ library and Python's headers, and is loaded as a module.
_TRIAL = """
#include <Python.h>
#include <vector>
static PyObject* size(PyObject*, PyObject*) { return PyLong_FromSize_t(std::vector<int>(3).size()); }
static PyMethodDef methods[] = {{"size", size, METH_NOARGS, ""}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "trial", "", -1, methods, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_trial() { return PyModule_Create(&module); }
"""
_PATIENCE = 60.0
_LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_TUNABLE = "glibc.malloc.hugetlb"
# Below this a processor that has bfloat16 units does not use them.
_USED = 1.3


def speed() -> dict[str, Any]:
    """Facts: the device that auto takes; bfloat16 (fast; how many times float32's speed); threads; the allocator, and
    whether it could have large pages; the compiler (command, error: None if it works); triton."""
    import torch

    from saddlepoint.training.machine.allocator import allocator, keep_memory
    from saddlepoint.training.machine.device import device_named
    from saddlepoint.training.machine.precision import bfloat16_ratio, fast_bfloat16

    device = device_named("auto")
    command = compiler()
    return {
        "device": device.type,
        "bfloat16": {"fast": fast_bfloat16(device), "ratio": round(bfloat16_ratio(device), 2)},
        "threads": torch.get_num_threads(),
        "allocator": keep_memory(),
        "large_pages_unused": allocator() == "glibc" and _large_pages_unused(),
        "compiler": {"command": command, "error": compiler_error(command)},
        "triton": importlib.util.find_spec("triton") is not None,
    }


def compiler() -> str:
    """The C++ compiler that torch would call."""
    return os.environ.get("CXX") or {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")


def compiler_error(command: str) -> str | None:
    """Compiles and loads a small module; what went wrong, on one line."""
    if shutil.which(command) is None:
        return "not found"
    with tempfile.TemporaryDirectory(prefix="saddlepoint-doctor-") as name:
        folder = Path(name)
        source, built = folder / "trial.cpp", folder / f"trial{sysconfig.get_config_var('EXT_SUFFIX') or '.so'}"
        source.write_text(_TRIAL, encoding="utf-8")
        headers = sysconfig.get_paths()["include"]
        if sys.platform == "win32":
            libraries = Path(sys.base_prefix) / "libs"
            options = ["/nologo", "/LD", "/EHsc", f"/I{headers}", f"/Fe{built}", str(source)]
            options += ["/link", f"/LIBPATH:{libraries}"]
        else:
            undefined = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
            options = [
                "-std=c++17",
                "-O1",
                "-shared",
                "-fPIC",
                *undefined,
                f"-I{headers}",
                str(source),
                "-o",
                str(built),
            ]
        # Loaded in a process of its own, where it can do no harm.
        load = f"import sys; sys.path.insert(0, {name!r}); import trial; assert trial.size() == 3"
        for call in ([command, *options], [sys.executable, "-c", load]):
            try:
                done = subprocess.run(call, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE)
            except (OSError, subprocess.TimeoutExpired) as error:
                return f"{type(error).__name__}: {error}"[:300]
            if done.returncode:
                said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
                return next((line for line in said if "error" in line.lower()), [*said, "it fails"][0])[:300]
    return None


def speed_rows(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a person is shown, by name."""
    bfloat16, compiler = found["bfloat16"], found["compiler"]
    yield "trains on", found["device"]
    chosen = "bfloat16 for all but small nets" if bfloat16["fast"] else "float32"
    yield "precision", f"{chosen}; a product in bfloat16 has {bfloat16['ratio']:.1f} times the speed of float32"
    yield "threads", str(found["threads"])
    yield "allocator", found["allocator"]
    yield "compiler", f"{compiler['command']}: {compiler['error'] or 'works'}"


def speed_hints(found: dict[str, Any], instruction_sets: list[str]) -> Iterator[str]:
    """What would make a training faster."""
    bfloat16, compiler = found["bfloat16"], found["compiler"]
    native = [name for name in instruction_sets if name in ("AMX BF16", "AVX-512 BF16")]
    if found["device"] == "cpu" and native and bfloat16["ratio"] < _USED:
        yield (
            f"the processor has {' and '.join(native)}, but a product in bfloat16 has only {bfloat16['ratio']:.1f} "
            "times the speed of float32; end what else runs here, or install a newer torch, and ask again"
        )
    if found["large_pages_unused"] and found["device"] == "cpu":
        yield f"large pages may make a training up to 5 % faster: set GLIBC_TUNABLES={_TUNABLE}=1 before it begins"
    if compiler["error"] is not None:
        yield (
            f"{compiler['command']} does not work ({compiler['error']}); training.compile=true needs a C++ compiler: "
            f"{_installation()}, or name another one in the variable CXX"
        )
    if found["device"] == "cuda" and not found["triton"]:
        install = shlex.join([sys.executable, "-m", "pip", "install", "triton"])
        yield f"triton is not installed, which training.compile=true needs on a GPU; run: {install}"


def _installation() -> str:
    if sys.platform == "darwin":
        return "run xcode-select --install"
    if sys.platform == "win32":
        return "install the Build Tools for Visual Studio with C++ and start from their command prompt"
    known = next((line for program, line in _INSTALLS.items() if shutil.which(program)), None)
    return f"run {known}" if known else "install g++"


def _large_pages_unused() -> bool:
    """Whether glibc's heap could have large pages by one variable, and does not."""
    try:
        offered = "[madvise]" in _LARGE_PAGES.read_text(encoding="utf-8")
    except OSError:
        return False
    # The tunable came with glibc 2.35.
    version = (os.confstr("CS_GNU_LIBC_VERSION") or "glibc 0").split()[-1]
    new = tuple(int(part) for part in version.split(".")[:2]) >= (2, 35)
    return offered and new and _TUNABLE not in os.environ.get("GLIBC_TUNABLES", "")
