"""The doctor: a sound installation is called sound, and each thing that is wrong yields a line with what to do."""

import copy
import json
import shutil
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from saddlepoint.doctor.examination import examine, examine_packages, judge, render
from saddlepoint.doctor.speed import compiler, compiler_error, speed_hints

SOUND = {
    "machine": {
        "system": "Linux",
        "processor": "a processor",
        "cores": 2,
        "usable_cores": 2,
        "load": 0.0,
        "instruction_sets": ["AVX2"],
        "memory_total": 8_000_000_000,
        "memory_available": 4_000_000_000,
        "disk_free": 9_000_000_000,
        "nvidia_driver": False,
    },
    "python": {"version": "3.11.7", "required": ">=3.11"},
    "packages": [
        {
            "name": "torch",
            "requirement": "torch>=2.6",
            "extra": None,
            "installed": "2.13.0",
            "state": "ok",
            "error": None,
        }
    ],
    "torch": {"version": "2.13.0", "build": "CPU", "threads": 2, "instruction_set": "AVX2", "torchvision_error": None},
    "devices": [{"name": "cpu", "description": "the processor", "error": None}],
    "speed": {
        "device": "cpu",
        "bfloat16": {"fast": False, "ratio": 0.4},
        "threads": 2,
        "allocator": "glibc, which keeps the memory that is freed",
        "large_pages_unused": False,
        "compiler": {"command": "g++", "error": None},
        "triton": False,
    },
    "folder": {"path": "runs", "error": None},
}


def _facts(**changes) -> dict:
    """The sound facts with some leaves changed: machine__load=3.0."""
    facts = copy.deepcopy(SOUND)
    for name, value in changes.items():
        section, _, leaf = name.partition("__")
        if leaf:
            facts[section][leaf] = value
        else:
            facts[section] = value
    return facts


def _package(state: str, extra: str | None = None) -> list[dict]:
    row = {
        "name": "scipy",
        "requirement": "scipy>=1.12",
        "extra": extra,
        "installed": "1.0",
        "error": "ImportError: no",
    }
    return [row | {"state": state}]


def _installed(**versions):
    def version(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    return version


def test_sound_facts_need_no_advice():
    assert judge(_facts()) == ([], [])


@pytest.mark.parametrize(
    ("change", "says", "cure"),
    [
        ({"packages": _package("missing")}, "scipy is not installed", "-m pip install 'scipy>=1.12'"),
        ({"packages": _package("outdated")}, "scipy 1.0 does not fit scipy>=1.12", "-m pip install 'scipy>=1.12'"),
        ({"packages": _package("broken")}, "does not import (ImportError: no)", "--force-reinstall 'scipy>=1.12'"),
        ({"python__required": None}, "saddlepoint is not installed", "-m pip install -e ."),
        ({"python__version": "3.10.1"}, "Python 3.10.1 does not fit >=3.11", "make an environment"),
        ({"devices": [{"name": "cuda:0", "error": "no kernel"}]}, "cuda:0 fails in a training step", "--device cpu"),
        ({"devices": [{"name": "cpu", "error": "off"}]}, "cpu fails in a training step (off)", "reinstall torch"),
        ({"folder__error": "PermissionError: no"}, "cannot write in runs (PermissionError: no)", "--out"),
    ],
)
def test_what_prevents_training_is_a_problem(change, says, cure):
    (problem,), hints = judge(_facts(**change))
    assert says in problem
    assert cure in problem
    assert hints == []


@pytest.mark.parametrize(
    ("change", "says", "cure"),
    [
        ({"packages": _package("missing", extra="data")}, "only for the extra 'data'", "-m pip install 'scipy>=1.12'"),
        ({"machine__memory_available": 10**8}, "only 0.1 GB of memory", "batch"),
        ({"machine__disk_free": 10**8}, "only 0.1 GB of disk", "--out"),
        ({"machine__load": 3.0}, "the load is 3.0 on 2 cores", "OMP_NUM_THREADS=1"),
        ({"machine__nvidia_driver": True}, "this torch is a CPU build", "CUDA build"),
        (
            {"torch__torchvision_error": "RuntimeError: nms"},
            "torchvision does not import",
            "-m pip uninstall torchvision",
        ),
        ({"machine__instruction_sets": ["AMX BF16"]}, "has AMX BF16, but a product", "newer torch"),
        ({"speed__large_pages_unused": True}, "large pages", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1"),
        ({"speed__compiler": {"command": "g++", "error": "not found"}}, "g++ does not work (not found)", "CXX"),
        ({"speed__device": "cuda"}, "triton is not installed", "-m pip install triton"),
    ],
)
def test_what_is_worth_knowing_is_a_hint(change, says, cure):
    problems, (hint,) = judge(_facts(**change))
    assert problems == []
    assert says in hint
    assert cure in hint


def test_more_faults_give_more_lines():
    facts = _facts(packages=_package("missing") + _package("broken"), machine__disk_free=0, folder__error="no")
    problems, hints = judge(facts)
    assert (len(problems), len(hints)) == (3, 1)


def test_packages_are_compared_with_their_ranges_and_imported():
    requirements = ["numpy>=1.26", "Pillow>=10", "scipy>=99", "absent-package", 'datasets>=2; extra == "data"']
    rows = examine_packages(requirements, _installed(numpy="2.0", Pillow="10.1", scipy="1.9"))
    assert {row["name"]: (row["state"], row["extra"]) for row in rows} == {
        "numpy": ("ok", None),
        "Pillow": ("ok", None),
        "scipy": ("outdated", None),
        "absent-package": ("missing", None),
        "datasets": ("missing", "data"),
    }


def test_a_package_that_is_there_but_does_not_import_is_broken():
    (row,) = examine_packages(["no-such-module>=1"], _installed(**{"no-such-module": "1.0"}))
    assert row["state"] == "broken"
    assert "ModuleNotFoundError" in row["error"]


@pytest.mark.parametrize("requirement", ['ruff>=0.9; extra == "dev"', 'tomli; python_version < "3.11"'])
def test_what_does_not_apply_is_left_out(requirement):
    assert examine_packages([requirement], _installed()) == []


def test_examine_tries_the_real_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = json.loads(json.dumps(examine()))
    assert found["devices"][0] == {"name": "cpu", "description": "the processor", "error": None}
    assert found["folder"] == {"path": str(tmp_path), "error": None}
    assert found["machine"]["memory_total"] > found["machine"]["memory_available"] > 0
    assert found["ok"] == (found["problems"] == [])
    assert found["advice"][: len(found["problems"])] == found["problems"]
    assert list(tmp_path.iterdir()) == []
    assert found["speed"]["bfloat16"]["ratio"] > 0
    assert found["speed"]["threads"] >= 1
    text = render(found)
    for name in ("trains on", "precision", "threads", "allocator", "compiler"):
        assert f"\n{name:<13} " in text


def test_a_compiler_is_tried():
    assert compiler_error("no-such-compiler") == "not found"
    # It is there and ends well, but what it makes is no module.
    assert compiler_error("true") is not None


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ here")
def test_a_working_compiler_works(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    assert compiler() == "g++" or sys.platform != "linux"
    assert compiler_error("g++") is None


def test_a_compiler_that_fails_says_why(tmp_path):
    failing = tmp_path / "compiler"
    failing.write_text("#!/bin/sh\necho 'trial.cpp:2: fatal error: Python.h: No such file' >&2\nexit 1\n")
    failing.chmod(0o755)
    assert compiler_error(str(failing)) == "trial.cpp:2: fatal error: Python.h: No such file"


@pytest.mark.parametrize(("platform", "cure"), [("darwin", "xcode-select --install"), ("win32", "Visual Studio")])
def test_how_a_compiler_is_had_depends_on_the_system(monkeypatch, platform, cure):
    monkeypatch.setattr(sys, "platform", platform)
    found = SOUND["speed"] | {"compiler": {"command": "c", "error": "not found"}}
    (hint,) = speed_hints(found, [])
    assert cure in hint


def test_a_folder_that_cannot_be_written_to_is_a_problem(monkeypatch):
    def refuse(*arguments):
        raise PermissionError("read-only")

    monkeypatch.setattr("saddlepoint.files.write_whole", refuse)
    found = examine()
    assert not found["ok"]
    assert any("cannot write in" in line and "read-only" in line for line in found["problems"])


def test_a_torch_that_does_not_import_is_reported_and_not_tried(monkeypatch):
    torch = {
        "name": "torch",
        "requirement": "torch>=2.6",
        "extra": None,
        "installed": "2.7",
        "error": "OSError: c10",
    }
    monkeypatch.setattr(
        "saddlepoint.doctor.examination.examine_packages", lambda requirements: [torch | {"state": "broken"}]
    )
    found = examine()
    assert not found["ok"]
    assert (found["torch"], found["devices"], found["speed"]) == (None, [], None)
    assert any("torch 2.7 does not import (OSError: c10)" in line for line in found["problems"])
    assert "torch 2.7 does not import" in render(found)


def test_render_shows_problems_before_hints():
    facts = _facts(packages=_package("missing"), machine__disk_free=0)
    problems, hints = judge(facts)
    text = render({"ok": False, "problems": problems, "advice": problems + hints, **facts})
    assert text.index("PROBLEM  scipy") < text.index("note     only 0.0 GB of disk")
    assert text.endswith("see the problems above")
    assert render({"ok": True, "problems": [], "advice": [], **_facts()}).endswith("everything works")


def test_render_works_without_torch():
    facts = _facts(torch=None, devices=[], speed=None, packages=_package("missing"), machine__memory_available=None)
    problems, hints = judge(facts)
    assert "memory        unknown" in render({"ok": False, "problems": problems, "advice": problems + hints, **facts})
