"""The wheel is complete: built, installed into a fresh environment away from the checkout, it answers.

Dependencies are those already installed: their folder is put behind the fresh environment's own, so nothing is fetched.
"""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.laws.members import PACKAGE, ROOT


def _run(*command: str | Path, cwd: Path) -> str:
    # Neither a variable of the caller nor the working directory may lead to the checkout.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The scripts' folder of an environment that holds the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    places = {
        name: sysconfig.get_path(name, "venv", {"base": str(folder), "platbase": str(folder)})
        for name in ("purelib", "scripts")
    }
    python = Path(places["scripts"]) / ("python.exe" if os.name == "nt" else "python")
    _run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        wheel,
        cwd=folder,
    )
    # Lines of a .pth file go to the end of the path, and .pth files inside them are not read: a checkout that is
    # installed for editing there stays out of sight.
    theirs = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (Path(places["purelib"]) / "dependencies.pth").write_text("\n".join(theirs), encoding="utf-8")
    return Path(places["scripts"])


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert ours <= inside
    assert "saddlepoint/report/page.html.jinja" in inside


def test_nothing_but_the_package_is_in_the_wheel(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    information = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    assert {name.split("/")[0] for name in names} == {"saddlepoint", information}
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_installed_command_answers_away_from_the_checkout(environment, tmp_path):
    (python,) = environment.glob("python.exe" if os.name == "nt" else "python")
    (command,) = environment.glob("saddlepoint.exe" if os.name == "nt" else "saddlepoint")
    home = Path(_run(python, "-c", "import saddlepoint; print(saddlepoint.__file__)", cwd=tmp_path).strip()).resolve()
    assert home.is_relative_to(environment.resolve().parent)
    assert not home.is_relative_to(ROOT)
    assert "digits" in _run(command, "recipes", cwd=tmp_path)
