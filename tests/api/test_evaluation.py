"""evaluate and compare: what stands in a record, what real data scores, and what may not be lined up."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint as sp
from saddlepoint.api import evaluation
from saddlepoint.command.main import main
from saddlepoint.errors import UserError
from saddlepoint.measuring.alike import row
from saddlepoint.measuring.catalogue import DEFAULT, METRICS
from saddlepoint.metrics.frechet import frechet_of_moments
from saddlepoint.metrics.moments import moments
from saddlepoint.metrics.neighbours import neighbours


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two short runs of digits, one by class, one of a classifier."""
    root = tmp_path_factory.mktemp("runs")
    small = {"training.device": "cpu", "networks.width": 8}
    sp.train("digits", out=root / "one", steps=30, seed=0, set=small, show=False)
    sp.train("digits", out=root / "two", steps=30, seed=1, set=small, show=False)
    labelled = {**small, "task.conditional": True}
    sp.train("digits", out=root / "labelled", steps=30, set=labelled, show=False)
    sp.train("classifier", data="digits", out=root / "classifier", steps=60, set={"training.device": "cpu"}, show=False)
    return {path.name: path for path in root.iterdir()}


def lines(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_usual_metrics_stand_in_the_runs_file_with_all_that_they_depend_on(runs, capsys) -> None:
    assert main(["evaluate", str(runs["one"]), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [result["metric"] for result in results] == list(DEFAULT)
    assert lines(runs["one"])[-len(DEFAULT) :] == results
    data = sp.open_data("digits")
    for result in results:
        found = result["provenance"]
        assert found["reference"]["split"] == "train" and found["reference"]["fingerprint"] == data.fingerprint
        assert found["samples"] == found["reference_samples"] == len(data.splits["train"]) // 2
        assert found["features"]["name"] == "pixels" and found["features"]["resize"] == "none"
        assert found["seed"] == 0 and found["step"] == 30 and found["trained_on"] == data.fingerprint
        assert found["command"].startswith("saddlepoint evaluate ") and found["version"] and found["precision"]
        assert found["baseline"]["same_counts"] and found["baseline"]["samples"] == found["samples"]
    values = {result["metric"]: result for result in results}
    assert values["frechet_distance"]["value"] > values["frechet_distance"]["provenance"]["baseline"]["value"]
    assert values["coverage"]["provenance"]["baseline"]["value"] > 0.9 > values["coverage"]["value"]


def test_the_numbers_are_those_of_the_metrics_on_the_samples_of_the_seed(runs) -> None:
    distance, precision = sp.evaluate(runs["one"], metrics=["frechet_distance", "precision"], count=300, seed=3)
    data = sp.open_data("digits")
    chosen = data.splits["train"][np.random.default_rng(0).permutation(len(data.splits["train"]))]
    real, other = (data.items[rows].reshape(300, -1) / np.float32(255) for rows in (chosen[:300], chosen[300:600]))
    made = sp.load(runs["one"], device="cpu").sample(300, seed=3).flatten(1)
    assert distance["value"] == pytest.approx(frechet_of_moments(moments(made), moments(real)), rel=1e-9)
    baseline = distance["provenance"]["baseline"]["value"]
    assert baseline == pytest.approx(frechet_of_moments(moments(other), moments(real)), rel=1e-9)
    assert precision["value"] == neighbours(made, real, provenance={})["precision"].value


def test_a_classifiers_run_gives_features_and_says_its_accuracy(runs) -> None:
    (accuracy,) = sp.evaluate(runs["classifier"])
    assert accuracy["metric"] == "accuracy" and accuracy["value"] > 0.8
    assert accuracy["provenance"]["reference"]["split"] == "held_out"
    names = ["frechet_distance", "inception_score", "mode_count", "reverse_kl"]
    results = sp.evaluate(runs["one"], metrics=names, features=f"classifier:{runs['classifier']}", count=200)
    (checkpoint,) = (runs["classifier"] / "checkpoints").iterdir()
    weights = set(json.loads((checkpoint / "manifest.json").read_text())["files"].values())
    for result in results:
        assert result["provenance"]["features"]["sha256"] in weights
        assert result["provenance"]["features"]["run"] == "classifier"
    score = next(result for result in results if result["metric"] == "inception_score")
    assert 1 <= score["value"] < score["provenance"]["baseline"]["value"] <= 10


def test_what_needs_labels_has_them_from_a_conditional_run(runs) -> None:
    names = ["frechet_distance_by_class", "classification_accuracy_score", "memorisation", "birthday_support"]
    results = sp.evaluate(runs["labelled"], metrics=names)
    assert [result["metric"] for result in results] == ["frechet_distance_class_mean", *names[1:]]
    found = results[0]["provenance"]
    assert len(found["by_class"]) == 10 and found["labels"] == "as often as in training"
    copied = results[2]["provenance"]
    data = sp.open_data("digits")
    assert copied["training_images"] == len(data.splits["train"])
    halves = copied["baseline"]["samples"] + copied["baseline"]["reference_samples"]
    assert halves == copied["held_out_images"] == len(data.splits["held_out"])


def test_points_are_their_own_features_and_are_judged_by_their_density(tmp_path) -> None:
    run = sp.train(
        "toy", data="8-gaussians", out=tmp_path / "run", steps=5,
        set={"training.device": "cpu", "data.count": 400}, show=False,
    )  # fmt: skip
    results = {result["metric"]: result for result in sp.evaluate(run.path)}
    assert {"frechet_distance", "sliced_wasserstein_1", "toy_log_density", "toy_modes_hit"} <= results.keys()
    assert results["frechet_distance"]["provenance"]["features"]["name"] == "points"
    assert results["toy_modes_hit"]["provenance"]["baseline"]["value"] == 8


def test_samples_from_anywhere(tmp_path, capsys) -> None:
    data = sp.open_data("digits")
    for name, rows in (("made", range(60)), ("real", range(60, 200))):
        (tmp_path / name).mkdir()
        for index in rows:
            Image.fromarray(data.items[index, 0]).save(tmp_path / name / f"{index}.png")
    made, real = tmp_path / "made", tmp_path / "real"
    assert main(["evaluate", "--samples", str(made), "--data", str(real), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [result["metric"] for result in results] == list(DEFAULT)
    assert all(result["provenance"]["samples"] == 60 for result in results)
    arrays = sp.evaluate((data.items[:60], data.items[60:200]), metrics=["frechet_distance"], count=60)
    assert 0 < arrays[0]["value"] == pytest.approx(results[0]["value"], rel=0.5)
    same = sp.evaluate((data.items[:60], data.items[:60].astype(np.float32) / 255), metrics=["precision"], count=60)
    assert same[0]["value"] == 1.0


def test_pairs_are_found_by_name(tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 16, 20, 3), dtype=np.uint8)
    for name, change in (("made", 10), ("real", 0)):
        (tmp_path / name).mkdir()
        for index, image in enumerate(pixels):
            # Sizes of their own, as photographs have.
            image = np.clip(image[: 12 + index].astype(int) + change, 0, 255).astype(np.uint8)
            Image.fromarray(image).save(tmp_path / name / f"{index}.png")
    psnr, ssim = sp.evaluate((tmp_path / "made", tmp_path / "real"), metrics=["psnr", "ssim"])
    # An error of 10 everywhere, but where 255 clips it.
    assert 20 * np.log10(255 / 10) < psnr["value"] < 20 * np.log10(255 / 10) + 0.3 and 0.9 < ssim["value"] < 1
    assert psnr["provenance"]["baseline"] == {"value": None, "why": "pairs are compared, not sets"}
    (tmp_path / "made" / "0.png").unlink()
    with pytest.raises(UserError, match="1 name on one side only, such as 0"):
        sp.evaluate((tmp_path / "made", tmp_path / "real"), metrics=["psnr"])


def test_runs_are_lined_up_only_where_they_were_measured_alike(runs, tmp_path, capsys) -> None:
    one, two = (tmp_path / name for name in ("one", "two"))
    for run in (one, two):
        run.mkdir()
        (run / "recipe.yaml").write_bytes((runs[run.name] / "recipe.yaml").read_bytes())
    names = ["frechet_distance", "memorisation", "parzen", "different_bins", "sliced_wasserstein", "birthday_support"]

    def measured(run: Path, **options: object) -> None:
        with (run / "metrics.jsonl").open("a") as file:
            for result in sp.evaluate(runs[run.name], metrics=names, **options):  # pyright: ignore
                file.write(json.dumps(result) + "\n")

    # Another seed, other weights, another step: that is what is compared.
    measured(one, count=200)
    measured(two, count=200, seed=5)
    assert main(["compare", str(one), str(two), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["rows"]) == len(names)
    (verdict,) = answer["verdicts"]
    assert verdict["metric"] == "frechet_distance" and verdict["runs"] == [str(one), str(two)]
    assert list(verdict["says"]) == ["pixels"] and verdict["says"]["pixels"] == verdict["better"]
    assert all(row["comparable"] and row["differs"] == {} and len(row["results"]) == 2 for row in answer["rows"])
    assert main(["compare", str(one), str(two)]) == 0
    assert "frechet_distance (pixels)" in capsys.readouterr().out
    # Another reference and other counts: it is said, and exit code 2 says it to scripts.
    measured(two, count=80, reference="held_out")
    assert main(["compare", str(one), str(two), "--metrics", "frechet_distance"]) == 2
    said = capsys.readouterr()
    assert "reference.split: train against held_out" in said.out and "samples: 200 against 80" in said.out
    assert said.err.count("\n") == 1 and "frechet_distance cannot be compared" in said.err
    # Features make another row, which is not measured in the other run; what has no features was measured alike.
    measured(two, count=200, features=f"classifier:{runs['classifier']}")
    assert main(["compare", str(one), str(two), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    kinds = {(row["metric"], row["features"]): row["comparable"] for row in rows}
    assert kinds["memorisation", "pixels"] is kinds["memorisation", "classifier"] is False
    assert {name for (name, _), comparable in kinds.items() if comparable} == {
        "parzen_log_likelihood",
        "sliced_wasserstein_1",
    }


def test_what_was_measured_may_differ_and_how_it_was_measured_may_not() -> None:
    base = {"seed": 0, "step": 1, "version": 1, "features": {"name": "inception", "sha256": "a", "resize": "bilinear"}}

    def compared(**other: object) -> dict:
        records = ({"metric": "m", "provenance": base}, {"metric": "m", "provenance": {**base, **other}})
        return dict(row("m", "inception", records).differs)

    assert (
        compared()
        == compared(
            labels="as often as in training", seed=1, step=2, trained_on="x", command="y", baseline={"value": 1}
        )
        == {}
    )
    features = {"name": "inception", "sha256": "b", "resize": "bicubic"}
    assert compared(features=features) == {"features.sha256": ("a", "b"), "features.resize": ("bilinear", "bicubic")}
    assert compared(version=2) == {"version": (1, 2)}
    # What nobody has thought of is a setting, on whichever side it stands.
    assert compared(unheard_of=3) == {"unheard_of": (None, 3)}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate"], ["neither a run nor --samples"]),
        (["evaluate", "{one}", "--samples", "x"], ["one of them"]),
        (["evaluate", "--samples", "x"], ["--samples without --data", "add --data"]),
        (["evaluate", "{one}", "--metrics", "fid"], ["metric 'fid'", "frechet_distance"]),
        (["evaluate", "{one}", "--metrics", "mode_count"], ["name no classes", "classifier:RUN"]),
        (["evaluate", "{one}", "--metrics", "frechet_distance_by_class"], ["without labels", "conditional"]),
        (["evaluate", "{one}", "--metrics", "toy_modes_hit"], ["without known modes"]),
        (["evaluate", "{one}", "--metrics", "psnr"], ["without partners", "--samples FOLDER"]),
        (["evaluate", "{one}", "--metrics", "wasserstein_1"], ["more than one dimension", "sliced_wasserstein"]),
        (["evaluate", "{one}", "--features", "nothing"], ["features 'nothing'", "pixels"]),
        (["evaluate", "{one}", "--features", "classifier:{two}"], ["task generation", "recipe classifier"]),
        (["evaluate", "{one}", "--features", "classifier:nowhere"], ["nowhere"]),
        (["evaluate", "{one}", "--features", "inception:missing.pth"], ["missing.pth"]),
        (["evaluate", "{one}", "--reference", "test"], ["test with 0 items", "held_out"]),
        (["evaluate", "{one}", "--samples-count", "1"], ["1 samples"]),
        (["evaluate", "{one}", "--step", "7"], ["step 7", "30"]),
        (["evaluate", "{one}", "--data", "shapes"], ["shape", "(1, 8, 8)"]),
        (["evaluate", "{classifier}", "--metrics", "recall"], ["makes nothing"]),
        (["evaluate", "--samples", "digits", "--data", "shapes"], ["one shape"]),
        (["evaluate", "--samples", "digits", "--data", "digits", "--step", "3"], ["step=3"]),
        (["compare", "{one}"], ["one run", "two or more"]),
        (["compare", "{one}", "nowhere"], ["nowhere"]),
        (["compare", "{one}", "{bare}"], ["no metrics", "saddlepoint evaluate"]),
        (["compare", "{one}", "{two}", "--metrics", "psnr"], ["psnr"]),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else None,
)
def test_a_mistake_is_said_on_one_line_with_its_cure(arguments, words, runs, tmp_path, capsys) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "recipe.yaml").write_bytes((runs["one"] / "recipe.yaml").read_bytes())
    for name in ("one", "two"):
        with (runs[name] / "metrics.jsonl").open("a") as file:
            file.write('{"metric": "m", "value": 1, "interval": [0, 2], "provenance": {}}\n')
    places = {**runs, "bare": tmp_path / "bare"}
    given = [argument.format(**places) for argument in arguments]
    assert main(given) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1, said
    for word in words:
        assert word in said.err, said.err


def test_every_metric_is_reached_by_a_test_or_needs_what_no_test_data_has() -> None:
    text = Path(__file__).read_text()
    points = {"wasserstein_1", "toy_log_density", "toy_high_quality_share", "toy_modes_hit", "toy_modes_reverse_kl"}
    missing = [name for name in METRICS if f'"{name}"' not in text and name not in {*DEFAULT, *points}]
    assert missing == []


def test_the_remaining_metrics_on_arrays(runs) -> None:
    data = sp.open_data("digits")
    names = ["frechet_distance_infinity", "bin_divergence", "sliced_wasserstein"]
    results = sp.evaluate((data.items[:400], data.items[400:]), metrics=names, count=400)
    assert all(np.isfinite(result["value"]) for result in results)
    line = torch.randn(500, 1, generator=torch.Generator().manual_seed(0))
    (moved,) = sp.evaluate((line + 2, line), metrics=["wasserstein_1"], count=500)
    assert moved["value"] == pytest.approx(2, abs=0.05)


def test_pairs_by_the_other_measures(runs, tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    for name in ("made", "real"):
        (tmp_path / name).mkdir()
        for index, image in enumerate(pixels):
            Image.fromarray(image).save(tmp_path / name / f"{index}.png")
    (wide,) = sp.evaluate((tmp_path / "made", tmp_path / "real"), metrics=["ssim_srgan"])
    assert wide["value"] == pytest.approx(1)
    with pytest.raises(UserError, match=r"shape \(1, 8, 8\)"):
        sp.evaluate(
            (tmp_path / "made", tmp_path / "real"),
            metrics=["perceptual_distance"],
            features=f"classifier:{runs['classifier']}",
        )


def test_a_covariance_that_would_take_an_hour_is_refused_with_a_way_out() -> None:
    wide = np.zeros((8200, 1, 91, 91), np.uint8)
    with pytest.raises(UserError, match=r"covariance of 8200 vectors of 8281 numbers.*--samples-count"):
        sp.evaluate((wide, wide), metrics=["frechet_distance"], features="pixels", count=8200)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on twenty images."""
    root = tmp_path_factory.mktemp("few")
    (root / "images").mkdir()
    for index in range(20):
        Image.fromarray(sp.open_data("digits").items[index, 0]).save(root / "images" / f"{index}.png")
    small = {"training.device": "cpu", "networks.width": 8, "training.batch": 4, "data.hold_out": 0.15}
    return sp.train("digits", data=str(root / "images"), out=root / "run", steps=2, set=small, show=False).path


def test_a_run_on_few_images_is_told_what_its_numbers_mean(few, capsys) -> None:
    assert main(["evaluate", str(few), "--metrics", "memorisation,frechet_distance,precision"]) == 0
    said = capsys.readouterr().out
    assert "no baseline for memorisation: too little real data" in said and "hold out more in training" in said
    assert "got one of" not in said
    for words in ("0.5 is no sign of copying", "says nothing yet", "too few for a covariance", "next to nothing"):
        assert words in said, said


def test_a_run_on_few_images_says_so_when_it_begins(tmp_path, capsys) -> None:
    data = sp.open_data("digits")
    small = {"training.device": "cpu", "networks.width": 8, "training.batch": 4, "data.hold_out": 0}
    for count, words in ((20, "data: a generator learns 20 training images by heart"), (60, "")):
        run = tmp_path / str(count)
        sp.train("digits", data=data.items[:count], out=run, steps=1, set=small)
        said = capsys.readouterr().err
        assert (words in said) if words else "by heart" not in said
        assert not words or f"saddlepoint sample {run} --neighbours 2" in said


def test_results_that_the_disk_does_not_take_are_answered_all_the_same(few, monkeypatch, capsys) -> None:
    def full(path: Path, value: dict) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(evaluation, "append_line", full)
    assert main(["evaluate", str(few), "--metrics", "precision,recall", "--json"]) == 0
    said = capsys.readouterr()
    assert [result["metric"] for result in json.loads(said.out)] == ["precision", "recall"]
    assert said.err.count("only answered here") == 1 and "No space left" in said.err
