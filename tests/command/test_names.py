"""Names from elsewhere, of files, folders, classes and entries of archives: shown, never obeyed, whatever they hold."""

import json
import os
import re
import zipfile
from pathlib import Path

import pytest

from saddlepoint.command.main import main
from saddlepoint.recipes.text import read_recipe
from tests.data.examples import encoded, pixels

HOSTILE = "a\nsaddlepoint: done\x1b[31m\x9b2J"
# What a terminal would obey, and what cannot be written at all.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
NO_TEXT = os.fsdecode(b"\xff\xfe")


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """All that was written; fails if a terminal would obey any of it."""
    captured = capsys.readouterr()
    text = captured.out + captured.err
    assert not OBEYED.search(text), repr(text)
    assert not [line for line in text.splitlines() if line.startswith("saddlepoint: done")], text
    text.encode()
    return text


def folder(root: Path, name: str = HOSTILE) -> Path:
    """Two classes of a hostile name; two equal images."""
    images = pixels(8, 1, 16, 16)
    images[4] = images[0]
    for index, image in enumerate(images):
        place = root / f"{name}{index % 2}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}{index}.png").write_bytes(encoded(image))
    return root


@pytest.mark.parametrize("name", [HOSTILE, NO_TEXT], ids=["controls", "no text"])
def test_a_check_shows_them_in_every_line(name, tmp_path, capsys):
    place = folder(tmp_path / name, name)
    assert main(["data", "check", str(place)]) == 0
    text = shown(capsys)
    assert "classes: " in text and "equal: " in text
    (place / f"{name}0" / f"{name}.png").write_bytes(b"no image")
    assert main(["data", "check", str(place)]) == 2
    assert "problem: " in shown(capsys)
    assert main(["data", "check", str(place), "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


def test_a_check_of_an_archive_shows_them(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("good.png", encoded(pixels(1)[0]))
        for name in (HOSTILE, f"../{HOSTILE}", f"{HOSTILE}.png", ".", "./", "\u202e\u2028"):
            archive.writestr(name, b"no image")
    assert main(["data", "check", str(tmp_path / "x.zip")]) == 2
    text = shown(capsys)
    assert text.count("problem: ") == 5 and "an entry without a name" in text
    assert main(["train", "images", "--data", str(tmp_path / "x.zip"), "--out", str(tmp_path / "run")]) == 2
    shown(capsys)


@pytest.mark.parametrize("name", [HOSTILE, NO_TEXT], ids=["controls", "no text"])
def test_training_shows_and_records_them(name, tmp_path, capsys):
    place, run = folder(tmp_path / name, name), tmp_path / "run"
    (place / f"{name}0" / "bad.png").write_bytes(b"no image")
    options = ["--set", "training.batch=2", "--set", "data.skip_unreadable=true", "--set", "training.threads=1"]
    assert main(["train", "images", "--data", str(place), "--out", str(run), "--steps", "1", *options]) == 0
    shown(capsys)
    recipe, recorded = read_recipe(run / "recipe.yaml")
    assert recipe.data.source == str(place) == recorded["found"]["source"]
    assert list(recorded["found"]["classes"]) == [f"{name}0", f"{name}1"]
    assert main(["resume", str(run), "--steps", "2"]) == 0
    shown(capsys)


def test_a_hundred_bad_files_are_counted_and_not_listed(tmp_path, capsys):
    place = folder(tmp_path / "x", "a")
    for index in range(100):
        (place / f"{index:03d}.png").write_bytes(b"number %d" % index)
    for index in range(30):
        (place / f"cut{index}.png").write_bytes(encoded(pixels(1)[0])[:-9])
    assert main(["data", "check", str(place)]) == 2
    lines = [line for line in shown(capsys).splitlines() if line.startswith("problem: ")]
    assert len(lines) == 2 * 21 and [line for line in lines if "80 more" in line] and "10 more" in lines[-1]
    assert main(["data", "check", str(place), "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 130


def test_no_home_is_said_on_one_line(tmp_path, capsys, monkeypatch):
    def unknown(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    monkeypatch.setattr(Path, "expanduser", lambda path: unknown() if str(path).startswith("~") else path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert main(["data", "check", "~/faces"]) == 2
    assert "where no home directory is known" in shown(capsys)
    assert main(["data", "check", str(folder(tmp_path / "x", "a"))]) == 0
