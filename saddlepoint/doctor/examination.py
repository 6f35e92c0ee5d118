"""Is this machine fit, and is the installation whole? Facts are gathered first; the verdict is a function of the facts.

What can be tried is tried: every package is imported, every device takes a training step whose result is known, and a
file is written as a run writes it. Torch itself may be what is missing, so nothing is imported before it is examined.
"""

import importlib
import importlib.util
import platform
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from saddlepoint.doctor.machine import GIGABYTE, gigabytes, machine, try_folder
from saddlepoint.doctor.speed import speed, speed_hints, speed_rows

# Where the name to import differs from the name to install, which stands here in its normal form.
_IMPORT_NAMES = {"scikit-learn": "sklearn", "pyyaml": "yaml", "pillow": "PIL", "python-flint": "flint"}
# Extras that are no business of somebody who only trains.
_DEVELOPERS = ("dev",)


def examine() -> dict[str, Any]:
    """Examines the machine, the installation and the current folder.

    Returns:
        A JSON object: `ok`; `problems`, which make it false, and `advice`, which begins with them, each a line with
        what to do; and the facts `machine` (memory, disk in bytes), `python`, `packages`, `torch`, `devices`, `speed`,
        `folder`.
    """
    required, requirements = _own_requirements()
    packages = examine_packages(requirements)
    torch_works = any(row["name"] == "torch" and row["state"] == "ok" for row in packages)
    facts: dict[str, Any] = {
        "machine": machine(),
        "python": {"version": platform.python_version(), "required": required},
        "packages": packages,
        "torch": _torch() if torch_works else None,
        "devices": _devices() if torch_works else [],
        "speed": speed() if torch_works else None,
        "folder": {"path": str(Path.cwd()), "error": _error(try_folder, Path.cwd())},
    }
    problems, hints = judge(facts)
    return {"ok": not problems, "problems": problems, "advice": problems + hints, **facts}


def examine_packages(
    requirements: Iterable[str], installed: Callable[[str], str] = metadata.version
) -> list[dict[str, Any]]:
    """One row for each requirement that holds on this platform.

    Args:
        requirements: as in a package's metadata, with markers for extras.
        installed: the installed version of a package by name; raises PackageNotFoundError.

    Returns:
        Rows of name, requirement, extra (None: always needed), installed (None: not there), state and error; the state
        is ok, missing, outdated or broken (it is there, but does not import; error says why).
    """
    rows = []
    for text in requirements:
        requirement = Requirement(text)
        extra = _extra(requirement)
        if extra in _DEVELOPERS or (requirement.marker and not requirement.marker.evaluate({"extra": extra or ""})):
            continue
        row = {"name": requirement.name, "requirement": f"{requirement.name}{requirement.specifier}", "extra": extra}
        try:
            version = installed(requirement.name)
        except metadata.PackageNotFoundError:
            rows.append(row | {"installed": None, "state": "missing", "error": None})
            continue
        fits = requirement.specifier.contains(version, prereleases=True)
        error = _error(importlib.import_module, _import_name(requirement)) if fits else None
        state = "outdated" if not fits else "broken" if error else "ok"
        rows.append(row | {"installed": version, "state": state, "error": error})
    return rows


def judge(facts: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The verdict on gathered facts: what prevents training, and what is only worth knowing. Each line says what to do.

    More that is wrong never makes the verdict better: no problem is taken back for another's sake.
    """
    return list(_problems(facts)), list(_hints(facts))


def render(found: dict[str, Any]) -> str:
    """The answer of `examine` for a person."""
    here, torch, python = found["machine"], found["torch"], found["python"]
    rows = [
        ("system", here["system"]),
        ("processor", f"{here['processor']}, {here['usable_cores']} of {here['cores']} cores usable"),
        ("instructions", ", ".join(here["instruction_sets"]) or "not known on this system"),
        ("memory", f"{gigabytes(here['memory_available'])} available of {gigabytes(here['memory_total'])}"),
        ("disk", f"{gigabytes(here['disk_free'])} free in {found['folder']['path']}"),
        ("Python", python["version"]),
    ]
    if torch:
        rows.append(("torch", f"{torch['version']} ({torch['build']} build)"))
    rows += [("device", f"{row['name']}: {row['description']}: {row['error'] or 'works'}") for row in found["devices"]]
    rows += speed_rows(found["speed"]) if found["speed"] else []
    count = sum(row["state"] == "ok" for row in found["packages"])
    rows.append(("packages", f"{count} of {len(found['packages'])} there, in range, and importable"))
    lines = [f"{name:<13} {text}" for name, text in rows]
    lines += [f"PROBLEM  {line}" for line in found["problems"]]
    lines += [f"note     {line}" for line in found["advice"] if line not in found["problems"]]
    lines.append("everything works" if found["ok"] else "not fit for training yet: see the problems above")
    return "\n".join(lines)


def _problems(facts: dict[str, Any]) -> Iterator[str]:
    python, packages = facts["python"], facts["packages"]
    if python["required"] is None:
        yield f"saddlepoint is not installed in this Python; in its checkout run: {_pip('install', '-e', '.')}"
    elif not SpecifierSet(python["required"]).contains(python["version"], prereleases=True):
        yield f"Python {python['version']} does not fit {python['required']}; make an environment with one that does"
    for row in packages:
        if row["extra"] is None and row["state"] != "ok":
            yield _package_line(row)
    for row in facts["devices"]:
        if row["error"]:
            instead = (
                "reinstall torch"
                if row["name"] == "cpu"
                else "train with --device cpu, or install a torch built for it"
            )
            yield f"{row['name']} fails in a training step ({row['error']}); {instead}"
    if facts["folder"]["error"]:
        yield f"cannot write in {facts['folder']['path']} ({facts['folder']['error']}); go elsewhere, or use --out"


def _hints(facts: dict[str, Any]) -> Iterator[str]:
    here, torch = facts["machine"], facts["torch"]
    for row in facts["packages"]:
        if row["extra"] is not None and row["state"] != "ok":
            yield f"{_package_line(row)} (only for the extra {row['extra']!r})"
    if here["memory_available"] is not None and here["memory_available"] < GIGABYTE:
        yield f"only {gigabytes(here['memory_available'])} of memory is free; close programs, or lower the batch"
    if here["disk_free"] < GIGABYTE:
        yield f"only {gigabytes(here['disk_free'])} of disk is free; checkpoints need room, so choose another --out"
    # One thread's worth of load is no company: it may be this command itself.
    if torch and here["load"] is not None and here["load"] + torch["threads"] > here["usable_cores"] + 1:
        yield (
            f"the load is {here['load']:.1f} on {here['usable_cores']} cores, torch wants {torch['threads']}; "
            "threads that wait for each other slow small models down: set OMP_NUM_THREADS=1"
        )
    if torch and torch["build"] == "CPU" and here["nvidia_driver"]:
        yield "there is an NVIDIA driver, but this torch is a CPU build; install a CUDA build to use the GPU"
    if torch and torch["torchvision_error"]:
        yield (
            f"torchvision does not import ({torch['torchvision_error']}); Saddlepoint does not need it, but some "
            f"packages try it: install the one built for this torch, or run: {_pip('uninstall', 'torchvision')}"
        )
    if facts["speed"]:
        yield from speed_hints(facts["speed"], here["instruction_sets"])


def _package_line(row: dict[str, Any]) -> str:
    what = {
        "missing": f"{row['name']} is not installed",
        "outdated": f"{row['name']} {row['installed']} does not fit {row['requirement']}",
        "broken": f"{row['name']} {row['installed']} does not import ({row['error']})",
    }[row["state"]]
    again = ("--force-reinstall",) if row["state"] == "broken" else ()
    return f"{what}; run: {_pip('install', *again, row['requirement'])}"


def _pip(*arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "pip", *arguments])


def _import_name(requirement: Requirement) -> str:
    return _IMPORT_NAMES.get(canonicalize_name(requirement.name), requirement.name.replace("-", "_"))


def _own_requirements() -> tuple[str | None, list[str]]:
    try:
        own = metadata.metadata("saddlepoint")
    except metadata.PackageNotFoundError:
        return None, ["torch"]
    return own["Requires-Python"], metadata.requires("saddlepoint") or []


def _extra(requirement: Requirement) -> str | None:
    """The extra that a requirement belongs to, found by asking its marker."""
    if requirement.marker is None or "extra" not in str(requirement.marker):
        return None
    names = str(requirement.marker).replace("'", '"').split('"')[1::2]
    return next((name for name in names if requirement.marker.evaluate({"extra": name})), None)


def _torch() -> dict[str, Any]:
    import torch

    builds = {"CUDA": torch.version.cuda, "ROCm": torch.version.hip}
    return {
        "version": str(torch.__version__),
        "build": next((f"{name} {version}" for name, version in builds.items() if version), "CPU"),
        "threads": torch.get_num_threads(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "torchvision_error": _torchvision_error(),
    }


def _torchvision_error() -> str | None:
    """Why torchvision, if it is there, does not import; tried in a process of its own, where it can do no harm."""
    if importlib.util.find_spec("torchvision") is None:
        return None
    done = subprocess.run([sys.executable, "-c", "import torchvision"], capture_output=True, text=True)
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1] if done.returncode else None


def _devices() -> list[dict[str, Any]]:
    import torch

    from saddlepoint.training.machine.trial import try_device

    names = {"cpu": "the processor"}
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        properties = torch.cuda.get_device_properties(index)
        names[f"cuda:{index}"] = f"{properties.name}, {gigabytes(properties.total_memory)}"
    if torch.backends.mps.is_available():
        names["mps"] = "the GPU of this Mac"
    return [{"name": name, "description": text, "error": _error(try_device, name)} for name, text in names.items()]


def _error(action: Callable[..., Any], *arguments: Any) -> str | None:
    """Tries; what went wrong, on one line."""
    try:
        action(*arguments)
    except Exception as error:  # whatever a broken package or driver raises is the finding
        return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    return None
