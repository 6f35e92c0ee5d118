"""What bad input gets: one line with what was given, what was expected, what to do; exit code 2 or 3; no traceback."""

import gzip
import json
import os
import resource
import struct
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from filelock import FileLock
from PIL import Image

from saddlepoint.command.main import main
from saddlepoint.training.records.checkpoint import steps_saved

QUICK = [
    "--steps",
    "4",
    "--set",
    "training.batch=4",
    "--set",
    "watch.checkpoint_every=2",
    "--set",
    "watch.samples=4",
    "--set",
    "watch.log_every=1",
]


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str], *words: str, code: int = 2) -> str:
    """Runs the command, which must fail with the code, on one line that has these words."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == code
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("saddlepoint")]
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0], (word, lines[0])
    return lines[0]


def train(tmp_path: Path, *more: str) -> list[str]:
    return ["train", "images", "--out", str(tmp_path / "run"), *QUICK, *more]


def folder_of_images(path: Path, count: int = 6, size: tuple[int, int] = (16, 16)) -> Path:
    path.mkdir()
    random = np.random.default_rng(0)
    for index in range(count):
        Image.fromarray(random.integers(0, 256, (size[1], size[0]), dtype=np.uint8)).save(path / f"{index}.png")
    return path


def finished_run(tmp_path: Path) -> Path:
    run = tmp_path / "run"
    assert main(["train", "digits", "--out", str(run), *QUICK]) == 0
    return run


# Data


def test_no_data_at_all(tmp_path, capsys) -> None:
    refused(capsys, train(tmp_path), "without data", "--data PATH")
    assert not (tmp_path / "run").exists()


def test_a_missing_folder(tmp_path, capsys) -> None:
    refused(capsys, train(tmp_path, "--data", str(tmp_path / "nowhere")), "nowhere", "expected")


def test_an_empty_folder(tmp_path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    refused(capsys, train(tmp_path, "--data", str(tmp_path / "empty")), "empty", "expected")


def test_a_truncated_picture_is_named(tmp_path, capsys) -> None:
    data = folder_of_images(tmp_path / "data")
    broken = data / "3.png"
    broken.write_bytes(broken.read_bytes()[:60])
    refused(capsys, train(tmp_path, "--data", str(data)), "3.png", "skip_unreadable")
    assert main(train(tmp_path, "--data", str(data), "--set", "data.skip_unreadable=true")) == 0
    assert "data: 1 file left out, because unreadable: 3.png: truncated" in capsys.readouterr().err


def test_an_oversized_picture_is_named(tmp_path, capsys) -> None:
    data = folder_of_images(tmp_path / "data")
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    pixels = zlib.compress(bytes(30_001) * 100)
    whole = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    (data / "huge.png").write_bytes(whole)
    refused(capsys, train(tmp_path, "--data", str(data)), "huge.png")


def test_a_text_that_calls_itself_a_picture_is_named(tmp_path, capsys) -> None:
    data = folder_of_images(tmp_path / "data")
    (data / "letter.jpg").write_text("Dear madam,")
    refused(capsys, train(tmp_path, "--data", str(data)), "letter.jpg")


def test_mixed_sizes_are_named_with_the_cure(tmp_path, capsys) -> None:
    data = folder_of_images(tmp_path / "data")
    Image.new("L", (20, 12)).save(data / "other.png")
    mixed = train(tmp_path, "--data", str(data), "--set", "data.size=native")
    refused(capsys, mixed, "other.png", "--set data.size=")
    assert main(train(tmp_path, "--data", str(data), "--set", "data.size=[16, 16]")) == 0


def idx(path: Path, magic: int, *numbers: int, content: bytes) -> None:
    path.write_bytes(gzip.compress(struct.pack(f">{1 + len(numbers)}I", magic, *numbers) + content))


@pytest.mark.parametrize(("magic", "missing"), [(2052, 0), (2051, 5)])
def test_idx_files_of_a_wrong_magic_or_length(tmp_path, capsys, magic: int, missing: int) -> None:
    data = tmp_path / "idx"
    data.mkdir()
    for part in ("train", "t10k"):
        idx(data / f"{part}-images-idx3-ubyte.gz", magic, 6, 8, 8, content=bytes(6 * 64 - missing))
        idx(data / f"{part}-labels-idx1-ubyte.gz", 2049, 6, content=bytes([0, 1, 2, 0, 1, 2]))
    arguments = ["train", "mnist", "--data", str(data), "--out", str(tmp_path / "run"), *QUICK]
    refused(capsys, arguments, "-images-idx3-ubyte.gz")


def test_a_parquet_file_without_an_image_column(tmp_path, capsys) -> None:
    pyarrow.parquet.write_table(pa.table({"caption": ["a", "b"]}), tmp_path / "data.parquet")
    refused(capsys, train(tmp_path, "--data", str(tmp_path / "data.parquet")), "caption", "image")


def test_labels_outside_the_range(tmp_path, capsys) -> None:
    import io

    buffer = io.BytesIO()
    Image.new("L", (16, 16)).save(buffer, "PNG")
    image = {"bytes": buffer.getvalue(), "path": None}
    features = {
        "info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}
    }
    table = pa.table({"image": [image] * 4, "label": [0, 1, 7, 0]})
    table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    pyarrow.parquet.write_table(table, tmp_path / "data.parquet")
    refused(capsys, train(tmp_path, "--data", str(tmp_path / "data.parquet")), "7", "label")


def test_data_check_names_every_problem(tmp_path, capsys) -> None:
    data = folder_of_images(tmp_path / "data")
    (data / "letter.jpg").write_text("Dear madam,")
    (data / "4.png").write_bytes((data / "4.png").read_bytes()[:50])
    assert main(["data", "check", str(data), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert sorted(Path(problem["path"]).name for problem in found["problems"]) == ["4.png", "letter.jpg"]


# What is said on the command line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "digits", "--steps", "-1"], ["--steps -1", "1 or more"]),
        (["train", "digits", "--steps", "many"], ["--steps", "many"]),
        (["train", "digits", "--steps", "60", "--stop-at", "60"], ["--stop-at 60 of 60 steps", "from 1 to 59"]),
        (["train", "digits", "--stop-at", "0"], ["--stop-at 0 of 2000 steps", "from 1 to 1999"]),
        (["train", "digits", "--steps", "1", "--stop-at", "1"], ["--stop-at 1 of 1 steps", "more than one step"]),
        (["train", "digitz"], ["digitz", "digits", "saddlepoint recipes"]),
        (["train", "digits", "--objective", "f1=log(D); f2=log(1-D); f3=log(D)"], ["log(D)", "link=sigmoid"]),
        (["train", "digits", "--objective", "f1=log(D; f2=D; f3=D"], ["column"]),
        (["train", "digits", "--objective", "hing"], ["hing", "hinge"]),
        (["train", "digits", "--objective", "f1=__import__('os').system('x'); f2=D; f3=D"], ["column"]),
        (["train", "digits", "--set", "training.bach=3"], ["training.bach", "training.batch"]),
        (["train", "digits", "--set", "networks.widht=3"], ["networks.widht", "networks.width"]),
        (["train", "digits", "--set", "generator.rte=3"], ["generator.rte", "generator.rate"]),
        (["train", "digits", "--set", "training.batch=lots"], ["training.batch", "lots"]),
        (["train", "digits", "--set", "training.batch"], ["KEY=VALUE"]),
        (
            ["train", "digits", "--set", "networks.normalisation=batch"],
            ["batch normalisation", "penalties r1 and r2", "set networks.normalisation=none"],
        ),
        (
            ["train", "digits", "--set", "objective=average_logistic", "--set", "training.accumulate=2"],
            ["accumulate=1"],
        ),
        (["train", "digits", "--device", "abacus"], ["abacus"]),
        (["train", "digits", "--from", "nowhere"], ["nowhere"]),
        (["trian", "digits"], ["trian"]),
        (["resume", "nowhere"], ["nowhere", "recipe.yaml"]),
        (["sample", "nowhere"], ["nowhere"]),
        (["train", "nowhere.yaml"], ["nowhere.yaml"]),
    ],
)
def test_a_mistake_is_one_line(tmp_path, capsys, monkeypatch, arguments, words) -> None:
    monkeypatch.chdir(tmp_path)
    more = ["--out", "run"] if arguments[0] == "train" else []
    refused(capsys, [*arguments, *more], *words)
    assert not (tmp_path / "run" / "recipe.yaml").exists()


def test_a_recipe_file_with_a_misspelt_key(tmp_path, capsys) -> None:
    assert main(["recipes", "digits"]) == 0
    text = capsys.readouterr().out
    (tmp_path / "mine.yaml").write_text(text.replace("checkpoint_every", "chekpoint_every"))
    words = ["mine.yaml", "watch.chekpoint_every", "watch.checkpoint_every"]
    refused(capsys, ["train", str(tmp_path / "mine.yaml"), "--out", str(tmp_path / "run")], *words)


def test_an_out_that_holds_another_run(tmp_path, capsys) -> None:
    run = finished_run(tmp_path)
    before = (run / "recipe.yaml").read_bytes()
    refused(capsys, ["train", "digits", "--out", str(run), *QUICK], "holds a run", "saddlepoint resume")
    assert (run / "recipe.yaml").read_bytes() == before


def test_an_out_that_holds_somebodys_files(tmp_path, capsys) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("years of work")
    refused(capsys, ["train", "digits", "--out", str(tmp_path / "run"), *QUICK], "other files")
    assert (tmp_path / "run" / "thesis.tex").read_text() == "years of work"


def test_an_out_that_cannot_be_made(tmp_path, capsys) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused(capsys, ["train", "digits", "--out", str(tmp_path / "file" / "run"), *QUICK], "file", "choose")
    refused(capsys, ["train", "digits", "--out", str(tmp_path / ("x" * 300)), *QUICK], "xxx", "choose")


def test_a_run_that_another_process_is_writing(tmp_path, capsys) -> None:
    run = finished_run(tmp_path)
    with FileLock(run / ".lock"):
        refused(capsys, ["resume", str(run), "--steps", "6"], "another process is writing")
    (tmp_path / "new").mkdir()
    with FileLock(tmp_path / "new" / ".lock"):
        refused(capsys, ["train", "digits", "--out", str(tmp_path / "new"), *QUICK], "another process is writing")


def test_a_run_that_is_done(tmp_path, capsys) -> None:
    run = finished_run(tmp_path)
    refused(capsys, ["resume", str(run)], "4 of 4 steps", "--steps")
    refused(capsys, ["resume", str(run), "--steps", "-3"], "--steps -3")


def test_data_that_has_changed(tmp_path, capsys) -> None:
    data = folder_of_images(tmp_path / "data")
    assert main(train(tmp_path, "--data", str(data))) == 0
    Image.new("L", (16, 16)).save(data / "new.png")
    refused(capsys, ["resume", str(tmp_path / "run"), "--steps", "8"], "fingerprint", "--from")


def test_sample_does_not_overwrite(tmp_path, capsys) -> None:
    run = finished_run(tmp_path)
    out = tmp_path / "mine.png"
    out.write_text("precious")
    refused(capsys, ["sample", str(run), "--out", str(out)], "mine.png", "choose another")
    assert out.read_text() == "precious"
    refused(capsys, ["sample", str(run), "--label", "3"], "no label")
    refused(capsys, ["sample", str(run), "--seeds", "a-b"], "0-31")
    refused(capsys, ["sample", str(run), "--count", "0"], "1 or more")


# Checkpoints


def test_a_flipped_byte_sends_the_run_back_to_the_previous_checkpoint(tmp_path, capsys) -> None:
    run = finished_run(tmp_path)
    victim = run / "checkpoints" / "00000004" / "networks.safetensors"
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(bytes(content))
    capsys.readouterr()
    assert main(["resume", str(run), "--steps", "6"]) == 0
    said = capsys.readouterr().err
    assert "00000004" in said and "networks.safetensors" in said and "going on from step 2" in said
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert any(event["event"] == "checkpoint left out" for event in events)
    assert (run / "checkpoints" / "00000004.damaged").is_dir(), "what was damaged is kept for a look"
    assert steps_saved(run / "checkpoints")[-1] == 6


def test_a_checkpoint_of_a_newer_format(tmp_path, capsys) -> None:
    run = finished_run(tmp_path)
    manifest = run / "checkpoints" / "00000004" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 99}))
    refused(capsys, ["resume", str(run), "--steps", "6"], "format 99", "newer saddlepoint")


def test_no_checkpoint_that_is_whole(tmp_path, capsys) -> None:
    run = finished_run(tmp_path)
    for manifest in (run / "checkpoints").glob("*/manifest.json"):
        manifest.write_text("{")
    refused(capsys, ["resume", str(run), "--steps", "6"], "damaged", "valid checkpoint")


# Runs that cannot go on


def test_a_full_disk_while_saving_leaves_the_older_checkpoints_intact(tmp_path) -> None:
    # A real refusal of the file system: from step 3 on, the process may write no file of more than 64 KiB.
    run = tmp_path / "run"
    program = textwrap.dedent(
        f"""
        import resource, sys
        import saddlepoint as sp
        from saddlepoint.training.observers import Observer

        class Full(Observer):
            def step(self, state, record):
                if record.step == 3:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

        settings = {{"training.batch": 4, "watch.checkpoint_every": 2, "watch.log_every": 1, "watch.samples": 4}}
        try:
            sp.train("digits", out={str(run)!r}, steps=8, set=settings, observers=[Full()], show=False)
        except sp.RunStopped as error:
            print(error)
            sys.exit(3)
        """
    )
    assert hasattr(resource, "RLIMIT_FSIZE")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=_environment())
    assert done.returncode == 3, done.stderr
    assert "step 4 could not be saved" in done.stdout and "00000002" in done.stdout and "resume" in done.stdout
    assert steps_saved(run / "checkpoints") == [2]
    assert not list((run / "checkpoints").glob(".*"))
    again = subprocess.run(
        [sys.executable, "-m", "saddlepoint", "resume", str(run)], capture_output=True, text=True, env=_environment()
    )
    assert again.returncode == 0, again.stderr
    assert steps_saved(run / "checkpoints")[-1] == 8


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_term(tmp_path, capsys) -> None:
    # exp of a raw output that grows without bound: the exact value leaves float32.
    out = tmp_path / "run"
    arguments = ["train", "digits", "--out", str(out), "--steps", "200", *QUICK[2:], "--objective", "fgan_pearson"]
    explosive = ["--set", "generator.rate=1.0e+6", "--set", "discriminator.rate=1.0e+6", "--set", "penalties.r1=null"]
    line = refused(capsys, [*arguments, *explosive, "--set", "penalties.r2=null"], "not finite at step", "term", code=3)
    assert "discriminator" in line or "generator" in line
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "could not go on"
    assert (out / "report.html").is_file()


def test_a_batch_that_memory_cannot_hold_is_said_before_the_first_step(tmp_path, capsys) -> None:
    from saddlepoint.recipes.catalogue import recipe_named
    from saddlepoint.runs.advice import as_stop
    from saddlepoint.training.machine.memory import Estimate
    from saddlepoint.training.records.folder import RunFolder

    memory = Estimate(fixed=1000, per_sample=100, samples=64, available=4000)
    assert not memory.fits and memory.fitting_batch == 30
    stop = as_stop(MemoryError(), RunFolder(tmp_path), 0, memory, recipe_named("digits"), in_parts=True)
    assert stop is not None and "a batch of 20 would fit" in str(stop) and "training.accumulate=4" in str(stop)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
