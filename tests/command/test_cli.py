"""The command line as a person uses it: every verb, its answer on standard output, its JSON, its exit code."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from saddlepoint.command.main import main

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["--set", "training.batch=4", "--set", "watch.samples=4", "--set", "watch.log_every=1"]


def answer(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0):
    """The JSON that a command prints."""
    capsys.readouterr()
    assert main([*(str(argument) for argument in arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "digits"
    assert main(["train", "digits", "--out", str(path), "--steps", "3", *QUICK]) == 0
    return path


def test_recipes(capsys) -> None:
    rows = answer(capsys, "recipes")
    names = [row["name"] for row in rows]
    assert set(names) >= {
        "digits",
        "mnist",
        "mnist-intro",
        "mnist-2014",
        "mnist-conditional",
        "images",
        "toy",
        "shapes",
    }
    assert all(set(row) == {"name", "summary", "task"} for row in rows)
    assert answer(capsys, "recipes", "digits")["objective"] == "paired_logistic"


def test_training_ends_by_saying_where_things_are(capsys, tmp_path) -> None:
    found = answer(capsys, "train", "digits", "--out", tmp_path / "run", "--steps", 2, *QUICK)
    assert found["step"] == 2 and found["stopped"] is None
    assert Path(found["samples"]).is_file() and Path(found["report"]).is_file()
    assert list((tmp_path / "run" / "checkpoints").glob("00000002/networks.safetensors"))
    assert list((tmp_path / "run" / "tensorboard").iterdir())


def test_a_run_that_is_stopped_early_says_how_to_go_on_and_then_is_the_run_that_was_not(capsys, tmp_path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    answer(capsys, "train", "digits", "--out", whole, "--steps", 60, *QUICK)
    assert main(["train", "digits", "--out", str(parts), "--steps", "60", "--stop-at", "30", *QUICK]) == 0
    said = capsys.readouterr().out
    assert "step 30" in said and f"saddlepoint resume {parts}" in said and (parts / "report.html").is_file()
    recipes = [(run / "recipe.yaml").read_text().split("command:")[0] for run in (whole, parts)]
    assert recipes[0] == recipes[1] and "steps: 60" in recipes[0] and "over: 60.0" in recipes[0]
    assert answer(capsys, "resume", parts)["stopped"] is None
    files = sorted(path.relative_to(whole) for path in whole.glob("checkpoints/*60/*.safetensors"))
    assert len(files) > 1
    for file in [*files, Path("samples/00000060.png")]:
        assert (whole / file).read_bytes() == (parts / file).read_bytes(), file


def test_the_default_folder_is_the_next_free_one(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [answer(capsys, "train", "digits", "--steps", 1, *QUICK)["run"] for _ in range(2)]
    assert found == ["runs/digits", "runs/digits-2"]


def test_samples_as_picture_array_and_folder(capsys, run, tmp_path) -> None:
    found = answer(capsys, "sample", run, "--count", 5, "--seed", 2, "--out", tmp_path / "a.npz")
    assert found["shape"] == [1, 8, 8]
    with np.load(tmp_path / "a.npz") as file:
        images = file["images"]
    assert images.shape == (5, 1, 8, 8) and images.dtype == np.float32 and 0 <= images.min() <= images.max() <= 1
    assert answer(capsys, "sample", run, "--seeds", "0-3,9", "--out", tmp_path / "folder")["count"] == 5
    pictures = sorted((tmp_path / "folder").iterdir())
    assert len(pictures) == 5 and Image.open(pictures[0]).size == (8, 8)
    assert main(["sample", str(run)]) == 0
    assert Path(capsys.readouterr().out.strip()).parent == run / "drawn"


def test_interpolation(capsys, run, tmp_path) -> None:
    found = answer(capsys, "interpolate", run, "--seeds", "1,2,3", "--count", 4, "--out", tmp_path / "way.npz")
    assert found["count"] == 8
    assert answer(capsys, "interpolate", run, "--spherical", "--out", tmp_path / "way.png")["count"] == 32


@pytest.fixture(scope="module")
def normal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose prior is normal, so that it can be truncated."""
    path = tmp_path_factory.mktemp("runs") / "normal"
    assert main(["train", "digits", "--out", str(path), "--steps", "1", *QUICK, "--set", "latent_prior=normal"]) == 0
    return path


def _images(path: Path) -> np.ndarray:
    with np.load(path) as file:
        return file["images"]


def test_truncated_samples(capsys, normal, tmp_path) -> None:
    given = {"whole": "inf", "half": "0.5"}
    for name, value in given.items():
        answer(capsys, "sample", normal, "--count", 3, "--truncation", value, "--out", tmp_path / f"{name}.npz")
    answer(capsys, "sample", normal, "--count", 3, "--out", tmp_path / "plain.npz")
    whole, half, plain = (_images(tmp_path / f"{name}.npz") for name in ("whole", "half", "plain"))
    assert np.array_equal(whole, plain) and not np.array_equal(half, plain)
    standing = tmp_path / "standing.npz"
    answer(capsys, "sample", normal, "--count", 3, "--truncation", 0.5, "--standing", 2, "--out", standing)
    assert not np.array_equal(_images(standing), half)
    assert main(["sample", str(normal), "--truncation", "0"]) == 2
    assert "truncation 0; expected more than 0" in capsys.readouterr().err
    found = answer(capsys, "sample", normal, "--seeds", "1-2", "--truncation", 0.5)
    assert Path(found["out"]).name == "seeds1-2-truncated0.5.png"


def test_nearest_training_images_beside_samples(capsys, run, tmp_path) -> None:
    found = answer(capsys, "sample", run, "--count", 5, "--neighbours", 2, "--out", tmp_path / "near.npz")
    distances = np.array(found["neighbours"]["distances"])
    assert distances.shape == (5, 2) and (distances[:, 0] <= distances[:, 1]).all()
    assert 0 < found["neighbours"]["held_out"] < found["neighbours"]["median"], "after three steps: noise"
    with np.load(tmp_path / "near.npz") as file:
        apart = ((file["images"][:, None] - file["neighbours"]) ** 2).sum(axis=(2, 3, 4)) ** 0.5
        np.testing.assert_allclose(apart, distances, rtol=1e-5)
    assert main(["sample", str(run), "--count", "3", "--neighbours", "1", "--out", str(tmp_path / "a.png")]) == 0
    assert re.search(r"nearest training image: [\d.]+ of samples, [\d.]+ of held-out", capsys.readouterr().out)
    assert Image.open(tmp_path / "a.png").mode == "RGB"
    answer(capsys, "sample", run, "--count", 3, "--neighbours", 1, "--out", tmp_path / "strips")
    assert len(list((tmp_path / "strips").iterdir())) == 3


def test_neighbours_are_looked_for_in_the_training_data_only(capsys, run, tmp_path) -> None:
    other = _folder(tmp_path / "other", _pictures("L", (8, 8)))
    assert main(["sample", str(run), "--neighbours", "1", "--data", str(other), "--out", str(tmp_path / "a.png")]) == 2
    assert "the data that the run was trained on" in capsys.readouterr().err
    assert main(["sample", str(run), "--data", "digits"]) == 2
    assert "--data without --neighbours" in capsys.readouterr().err


def test_a_film_goes_through_the_seeds_and_back(capsys, run, tmp_path) -> None:
    path = tmp_path / "film.gif"
    found = answer(capsys, "interpolate", run, "--seeds", "1,2,3", "--count", 4, "--out", path)
    assert found["frames"] == 12 and found["fps"] == 20 and found["shape"] == [1, 8, 8]
    with Image.open(path) as film:
        assert getattr(film, "n_frames", 1) == 12 and film.size == (52, 52) and film.info["loop"] == 0
        first = np.asarray(film.convert("L"))
    answer(capsys, "sample", run, "--seeds", "1", "--out", tmp_path / "one.png")
    assert np.array_equal(first, np.asarray(Image.open(tmp_path / "one.png")))
    again = ["interpolate", str(run), "--seeds", "1,2,3", "--count", "4", "--out", str(tmp_path / "again.gif")]
    assert main(again) == 0
    assert path.read_bytes() == (tmp_path / "again.gif").read_bytes()
    four = tmp_path / "four.gif"
    found = answer(capsys, "interpolate", run, "--seeds", "0-7", "--grid", 4, "--count", 3, "--fps", 10, "--out", four)
    assert found["frames"] == 6 and found["count"] == 24
    with Image.open(four) as film:
        assert film.size == (102, 102) and film.info["duration"] == 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "a.png", "--fps", "10"], "--fps for a.png"),
        (["--out", "a.npz", "--grid", "2"], "--grid for a.npz"),
        (["--out", "a.gif", "--grid", "2"], "5 seeds for --grid 2"),
        (["--out", "a.gif", "--fps", "90"], "90 frames a second"),
        (["--out", "a.gif", "--count", "0"], "count 0"),
        (["--out", "a.avi"], "FILE.png, FILE.npz"),
    ],
)
def test_films_that_cannot_be_are_refused(capsys, run, tmp_path, monkeypatch, arguments, message) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["interpolate", str(run), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_report_on_request(capsys, run) -> None:
    (run / "report.html").unlink()
    assert Path(answer(capsys, "report", run)["report"]).is_file()


def test_doctor(capsys) -> None:
    assert answer(capsys, "doctor")["ok"] is True


def test_evaluate_appends_to_the_runs_metrics(capsys, run) -> None:
    (result,) = answer(capsys, "evaluate", run, "--metrics", "parzen")
    assert set(result) == {"metric", "value", "interval", "provenance"}
    assert result["interval"][0] < result["value"] < result["interval"][1]
    assert json.loads((run / "metrics.jsonl").read_text().splitlines()[-1]) == result


def test_an_objective_of_ones_own(capsys, tmp_path) -> None:
    text = "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid"
    mine, named = tmp_path / "mine", tmp_path / "named"
    answer(capsys, "train", "digits", "--out", mine, "--steps", 3, "--objective", text, *QUICK)
    answer(capsys, "train", "digits", "--out", named, "--steps", 3, "--objective", "non_saturating", *QUICK)
    first, second = ((path / "log.jsonl").read_text().splitlines()[-1] for path in (mine, named))
    # The same formula is the same game, to the bit.
    assert json.loads(first)["losses"] == json.loads(second)["losses"]


# Whatever the data looks like, samples have its exact shape


def _pictures(mode: str, size: tuple[int, int], count: int = 6) -> list[bytes]:
    random = np.random.default_rng(0)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    encoded = []
    for _ in range(count):
        buffer = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (size[1], size[0], *channels), dtype=np.uint8), mode).save(
            buffer, "PNG"
        )
        encoded.append(buffer.getvalue())
    return encoded


def _folder(path: Path, pictures: list[bytes]) -> Path:
    for index, picture in enumerate(pictures):
        place = path / ("even" if index % 2 == 0 else "odd") / f"{index}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(picture)
    return path


def _zip(path: Path, pictures: list[bytes]) -> Path:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as file:
        for index, picture in enumerate(pictures):
            file.writestr(f"{index}.png", picture)
    return path.with_suffix(".zip")


def _parquet(path: Path, pictures: list[bytes]) -> Path:
    table = pa.table({"image": [{"bytes": picture, "path": None} for picture in pictures], "label": [0, 1] * 3})
    pyarrow.parquet.write_table(table, path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def _npz(path: Path, pictures: list[bytes]) -> Path:
    images = np.stack([np.asarray(Image.open(io.BytesIO(picture))) for picture in pictures])
    np.savez(path.with_suffix(".npz"), images=images)
    return path.with_suffix(".npz")


@pytest.mark.parametrize(
    ("mode", "size", "store", "shape"),
    [
        ("L", (92, 112), _parquet, [1, 112, 92]),
        ("RGBA", (17, 23), _folder, [4, 23, 17]),
        ("RGB", (321, 481), _zip, [3, 481, 321]),
        ("L", (28, 28), _npz, [1, 28, 28]),
    ],
)
def test_samples_have_the_datas_exact_shape(capsys, tmp_path, mode, size, store, shape) -> None:
    data = store(tmp_path / "data", _pictures(mode, size))
    run = tmp_path / "run"
    small = ["--set", "networks={pair: dcgan, width: 4, latent: 8, normalisation: none}", "--set", "training.batch=2"]
    answer(capsys, "train", "images", "--data", data, "--out", run, "--steps", 1, "--set", "watch.samples=1", *small)
    assert answer(capsys, "sample", run, "--count", 1, "--out", tmp_path / "one.npz")["shape"] == shape
    answer(capsys, "sample", run, "--count", 1, "--out", tmp_path / "one")
    assert Image.open(next((tmp_path / "one").iterdir())).size == size


# Signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_saves_and_says_how_to_resume(tmp_path, number) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "saddlepoint", "train", "digits", "--out", str(run), "--steps", "100000", *QUICK]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 120
    while not (run / "log.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"saddlepoint resume {run}" in out
    (saved,) = (path for path in (run / "checkpoints").iterdir() if path.name.isdigit())
    last = json.loads((run / "log.jsonl").read_text().splitlines()[-1])["step"]
    assert int(saved.name) == last, "the step that was under way is finished, logged and saved"
    assert (run / "report.html").is_file()
    assert main(["resume", str(run), "--steps", str(last + 2)]) == 0


def test_a_cure_says_which_verb_has_its_option(capsys, run, tmp_path) -> None:
    """Data whose cure is a setting can be met by every verb that reads data; only `train` can set it."""
    _folder(tmp_path / "mixed", _pictures("L", (8, 8)) + _pictures("RGB", (8, 8), count=1))
    for arguments in (["train", "mnist", "--data"], ["evaluate", "--samples", str(tmp_path / "mixed"), "--data"]):
        assert main([*arguments, str(tmp_path / "mixed")]) == 2
        said = capsys.readouterr().err
        assert "--set data.channels" in said
        assert ("--set belongs to `saddlepoint train`" in said) == (arguments[0] != "train")
