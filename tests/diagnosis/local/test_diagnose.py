"""`diagnose`: the stable answer, its text, the page, on a healthy small run; logs alone; what is refused."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

import saddlepoint as sp
from saddlepoint.api.diagnosis import diagnose
from saddlepoint.command.main import main
from saddlepoint.diagnosis.local.diagnosis import Diagnosis
from saddlepoint.diagnosis.local.measure import Measured, Standing
from saddlepoint.diagnosis.local.rest import Rest
from saddlepoint.diagnosis.local.spectrum import Pair
from saddlepoint.diagnosis.local.verdict import Remedy, Seen, Way, judge
from saddlepoint.recipes.tasks import open_recipe_data
from saddlepoint.report.diagnosis_page import render_diagnosis, write_diagnosis
from saddlepoint.runs.loading import say_left_out
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.runs.standing import standing
from saddlepoint.training.records.checkpoint import newest_valid
from saddlepoint.training.records.folder import RunFolder

KEYS = {
    *("near_equilibrium", "h", "c", "k", "rest", "damping", "step_times_fastest", "rotation_share", "kernel"),
    *("prediction_error", "prediction", "decomposition_error", "parts", "duality_gap"),
    *("verdict", "because", "remedies", "reasons"),
}
SETTINGS = {
    "training.device": "cpu",
    "networks.width": 16,
    "networks.depth": 2,
    "objective": "non_saturating",
    "penalties.r1": 0.3,
    "penalties.r2": None,
    "watch.samples": 16,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A healthy run of 8 Gaussians."""
    out = tmp_path_factory.mktemp("runs") / "toy"
    return sp.train("toy", out=out, steps=500, set=SETTINGS, show=False).path


@pytest.fixture(scope="module")
def diagnosis(run: Path) -> Diagnosis:
    return diagnose(run)


def test_the_answer_has_the_stable_keys_and_every_number(diagnosis: Diagnosis) -> None:
    answer = json.loads(json.dumps(diagnosis.to_json(), allow_nan=False))
    assert answer.keys() == KEYS and answer["reasons"] == {}
    assert answer["rest"] == pytest.approx({"h": -0.5, "c": -0.5, "k": 0.5})
    assert answer["kernel"].keys() == {"discriminator_rank", "generator_rank"}
    assert answer["verdict"] == "converging" and answer["because"] == "none" and answer["remedies"] == []


def test_a_healthy_run_is_near_its_equilibrium_and_the_theory_explains_it(diagnosis: Diagnosis) -> None:
    answer = diagnosis.to_json()
    assert answer["near_equilibrium"]
    assert answer["decomposition_error"]["per_sample"] < 0.05 < answer["decomposition_error"]["rest_point"] < 0.25
    assert answer["damping"] > 0.2 and answer["step_times_fastest"] < 1.8
    # Adam's beta2 of 0.9 moves weights of no gradient as far as all others: such a step is not small.
    prediction = diagnosis.found.prediction
    assert prediction is not None and prediction.error is not None and prediction.bare_error is not None
    assert prediction.error < 0.2 < prediction.bare_error
    predicted, measured = diagnosis.found.predicted_pair, diagnosis.found.pair
    assert predicted is not None and measured is not None
    assert predicted.value == pytest.approx(measured.value, rel=0.05)


def test_the_text_says_it(diagnosis: Diagnosis) -> None:
    text = str(diagnosis)
    assert text.startswith("converging: ") and "Near its equilibrium" in text and "patterns apart quickly" in text


def test_the_page_shows_its_pictures_and_runs_nothing(diagnosis: Diagnosis, tmp_path: Path) -> None:
    page = write_diagnosis(diagnosis, tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3 and "data:image/png" in page and "Step 500" in page
    assert page == render_diagnosis(diagnosis), "the same diagnosis gives the same bytes"
    assert not re.search(r"<script|(?:src|href)=[\"']https?:", page) and "default-src 'none'" in page
    with pytest.raises(sp.UserError, match="which exists"):
        write_diagnosis(diagnosis, tmp_path / "page.html")


def test_the_verb_answers_in_json(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", str(run), "--json", "--probe", "16", "--out", str(tmp_path / "page.html")]) == 0
    assert json.loads(capsys.readouterr().out).keys() == KEYS
    assert (tmp_path / "page.html").is_file()


def test_what_there_was_no_time_for_is_null_with_its_reason(run: Path) -> None:
    answer = diagnose(run, seconds=1e-3).to_json()
    assert answer["h"] is not None and answer["damping"] is None and answer["verdict"] == "unclear"
    assert "--seconds" in answer["reasons"]["damping"] and "--seconds" in answer["reasons"]["duality_gap"]


def test_without_weights_the_logs_are_read(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(run, bare, ignore=shutil.ignore_patterns("checkpoints"))
    answer = diagnose(bare).to_json()
    assert answer["verdict"] == "unclear" and answer["damping"] is None
    assert answer["reasons"].keys() >= {"h", "rest.h", "kernel.discriminator_rank", "decomposition_error.per_sample"}
    assert set(answer["reasons"].values()) == {"the folder holds no checkpoint"}
    (bare / "findings.jsonl").write_text('{"finding": "cycling", "state": "open", "step": 9}\n', encoding="utf-8")
    assert main(["diagnose", str(bare)]) == 0
    text = capsys.readouterr().out
    assert "going round in circles" in text and "the logs alone" in text and "resume" in text


def test_a_run_with_a_correction_or_a_box_says_what_is_not_linearised(tmp_path: Path) -> None:
    small = {"training.device": "cpu", "networks.width": 4, "networks.latent": 4, "training.batch": 8}
    changes = {**small, "dynamics.correction": "extragradient", "training.share_forwards": False}
    run = sp.train("digits", out=tmp_path / "run", steps=1, set=changes, show=False)
    stands = at_rest(run.path)
    assert stands.unlike is not None and "extragradient" in stands.unlike
    assert {len(group) for group in stands.groups} == {1} and stands.state.step == 1
    assert all(parameter.dtype == torch.float64 for step in stands.steps.values() for parameter in step.parameters)
    answer = diagnose(run, probe=4).to_json()
    assert answer["step_times_fastest"] is None and "extragradient" in answer["reasons"]["step_times_fastest"]
    assert answer["rotation_share"] is not None and "whole batch" in answer["reasons"]["kernel.generator_rank"]


def at_rest(path: Path) -> Standing:
    folder = RunFolder.existing(path)
    recipe, recorded = read_recorded(folder)
    checkpoint = newest_valid(folder.checkpoints, left_out=say_left_out)
    data = open_recipe_data(recipe)
    return standing(recipe, recorded, checkpoint, data=data, device=torch.device("cpu"))


def test_a_game_that_is_no_duel_is_refused(tmp_path: Path) -> None:
    run = sp.train("classifier", data="digits", out=tmp_path / "c", steps=1, set={"training.device": "cpu"}, show=False)
    with pytest.raises(sp.UserError, match="task classification"):
        diagnose(run)
    with pytest.raises(sp.UserError, match="mps"):
        diagnose(run, device="mps")


def found(value: complex | None = -1 + 1j, **changes) -> Measured:
    pairs = [] if value is None else [Pair(value=value, vector=None, residual=0.0)]  # type: ignore[arg-type]
    here = Rest(h=-0.5, c=-0.5, k=0.5, verdict="stable")
    options = {"rest": here, "here": here, "near": True, "told_apart": 0.7, "fastest": 0.5, "scale": 2.6}
    pair = pairs[0] if pairs and pairs[0].turns else None
    return Measured(step=9, count=8, weights=(1, 1), leading=pairs, pair=pair, **{**options, **changes})


CENTRE = Rest(h=0.0, c=-1.0, k=1.0, verdict="centre")


@pytest.mark.parametrize(
    ("measured", "seen", "verdict", "because"),
    [
        (found(), Seen(), "converging", "none"),
        (found(near=False), Seen(), "unclear", "none"),
        (found(-1 + 30j), Seen(), "undamped", "kernel"),
        (found(-1 + 30j, rest=CENTRE, near=None), Seen(), "undamped", "loss"),
        (found(-1 + 30j, told_apart=0.99), Seen(), "undamped", "support"),
        (found(fastest=1.9), Seen(findings=("cycling",)), "cycling", "step"),
        (found(fastest=1.8), Seen(), "undamped", "step"),
        (found(fastest=2.1, near=False), Seen(), "undamped", "step"),
        (found(fastest=2.2, adaptive=True), Seen(), "converging", "none"),
        (found(fastest=2.7, adaptive=True), Seen(), "undamped", "step"),
        (found(told_apart=0.99), Seen(), "unclear", "none"),
        (found(fastest=4.4, near=False), Seen(), "diverging", "step"),
        (found(here=Rest(h=0, c=0, k=1e-3), told_apart=1.0), Seen(), "stuck", "loss"),
        (found(), Seen(finite=False), "diverging", "none"),
        (found(None, here=None, rest=None, near=None), Seen(), "unclear", "none"),
    ],
)
def test_verdicts(measured: Measured, seen: Seen, verdict: str, because: str) -> None:
    judged = judge(measured, seen, {"penalties.r1": 0.1, "discriminator.rate": 0.1})
    assert (judged.verdict, judged.because) == (verdict, because)
    assert bool(judged.remedies) == (verdict not in ("converging", "unclear"))


def test_remedies_are_scaled_and_can_be_pasted() -> None:
    judged = judge(found(fastest=1.9), Seen(findings=("cycling",)), {"penalties.r1": 0.2, "discriminator.rate": 0.1})
    first, second = judged.remedies
    assert first.changes == {"penalties.r1": 0.6, "penalties.r2": 0.6} and second.changes == {
        "discriminator.rate": 0.01
    }
    going = Way(run=Path("a b"), recipe="digits", step=5, written=True)
    assert going.command(second) == "saddlepoint ask 'a b' discriminator.rate=0.01"
    ended = Way(run=Path("a"), recipe="digits", step=5, written=False)
    assert ended.command(second) == "saddlepoint resume a --steps 10 --set discriminator.rate=0.01"


def test_a_discriminator_with_batch_statistics_is_to_be_built_without() -> None:
    way = Way(run=Path("a"), recipe="digits", step=5, written=False)
    cycling = Seen(findings=("cycling",))
    (first,) = judge(found(), cycling, {}, batch_norm="networks.normalisation").remedies
    assert way.command(first) == "saddlepoint train digits --set networks.normalisation=none"
    (first,) = judge(found(), cycling, {}, batch_norm="").remedies
    assert isinstance(first, Remedy) and way.command(first) is None
