"""Two tasks that the package does not know, each of two files here, do all that a run does: nothing else knows of them.

trio     three networks, two players of other names, an objective with f4
guided   a draw that calls a network, an update of its own, K logits and features, labels in part, weights on scores
"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import saddlepoint as sp
from saddlepoint.command.main import main
from saddlepoint.recipes.kinds import KINDS
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.state import State
from tests.recipes.kinds.guided_kind import GuidedKind
from tests.recipes.kinds.trio_kind import TrioKind

NEW = {kind.name: kind for kind in (TrioKind(), GuidedKind())}
RECIPES = {
    "trio": """
name: trio
summary: codes and images judged together
data: {source: digits}
task: {kind: trio, pull: {schedule: linear, start: 1.0, end: 0.1, over: 6}}
objective: f1=log(D); f2=log(1-D); f3=log(D); f4=log(1-D); link=sigmoid
penalties: {r1: 0.1, lecam: 0.1}
critic: {optimizer: rmsprop, rate: 1.0e-3}
artist: {optimizer: adam, rate: 2.0e-3, beta1: 0.5}
average: {half_life: 100}
""",
    "guided": """
name: guided
summary: an imitator without a gradient
data: {source: digits}
task: {kind: guided, naming: 0.5}
objective: non_saturating
judge: {optimizer: adam, rate: 1.0e-3}
imitator: {optimizer: sgd, rate: 1.0e-4}
""",
}
LENGTH = """
training: {steps: 6, batch: 8, threads: 1}
watch: {log_every: 1, sample_every: 3, samples: 4, checkpoint_every: 2, keep: 9}
"""


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    KINDS.update(NEW)
    yield
    for name in NEW:
        del KINDS[name]


class Killed(Observer):
    """Ends the process, as nothing inside it can hear of, at a step."""

    def step(self, state: State, record: Record) -> None:
        if record.step == 5:
            os.kill(os.getpid(), signal.SIGKILL)


def written(folder: Path, name: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(RECIPES[name] + LENGTH)
    return path


def checkpoint(run: Path, step: int) -> dict[str, torch.Tensor]:
    files = sorted((run / "checkpoints" / f"{step:08d}").glob("*.safetensors"))
    return {f"{file.stem}/{key}": value for file in files for key, value in load_file(file).items()}


@pytest.mark.parametrize("name", NEW)
def test_a_new_task_does_all_that_a_run_does(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = written(tmp_path, name)
    whole = sp.train(recipe, out=tmp_path / "whole", show=False)
    assert whole.step == 6 and (whole.path / "samples" / "00000003.png").stat().st_size > 100

    # Killed and resumed, to the bit.
    child = os.fork()
    if child == 0:
        sp.train(recipe, out=tmp_path / "killed", show=False, observers=[Killed()])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    resumed = sp.resume(tmp_path / "killed", show=False)
    one, other = checkpoint(whole.path, 6), checkpoint(resumed.path, 6)
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
    clocks = ("images_per_s", "seconds")
    logs = [[{k: v for k, v in line.items() if k not in clocks} for line in run.log()] for run in (whole, resumed)]
    assert logs[0] == logs[1] and [line["step"] for line in logs[0]] == [1, 2, 3, 4, 5, 6]
    moved = {key for key, value in checkpoint(whole.path, 2).items() if not torch.equal(value, one[key])}
    assert {key.split("/")[1] for key in moved if key.startswith("networks/")} == set(NETWORKS[name])

    # Sampled, from Python and by the command; reported; measured.
    gan = sp.load(whole)
    images = gan.sample(5, seed=1)
    assert images.shape == (5, 1, 8, 8) and torch.equal(images, gan.sample(20, seed=1)[:5])
    assert main(["sample", str(whole.path), "--count", "4", "--json"]) == 0
    assert Path(json.loads(capsys.readouterr().out)["out"]).is_file()
    page = whole.report.read_text()
    assert all(player in page for player in NEW[name].options.known_players)
    (record,) = sp.evaluate(whole, metrics=["frechet_distance"], count=100)
    assert record["value"] > 0 and record["provenance"]["baseline"]["value"] is not None


NETWORKS = {"trio": ("critic", "decoder", "encoder"), "guided": ("judge", "policy")}


@pytest.mark.parametrize("name", NEW)
def test_its_keys_are_a_persons_to_set(name: str, tmp_path: Path) -> None:
    recipe = written(tmp_path, name)
    first, second = NEW[name].options.known_players
    run = sp.train(recipe, out=tmp_path / "run", steps=1, set={f"{first}.rate": 0.0, "task.latent": 2}, show=False)
    (line,) = run.log()
    assert line["settings"][f"{first}.rate"] == 0 and f"{second}.rate" in line["settings"]
    assert sp.load(run).latent == 2
    with pytest.raises(sp.UserError, match=rf"generator in a recipe of the task {name}.*{first}, {second}"):
        sp.train(recipe, out=tmp_path / "no", set={"generator.rate": 1e-3}, show=False)
    with pytest.raises(sp.UserError, match=rf"networks.pair = 'dcgan' for the task {name}.*none"):
        sp.train(recipe, out=tmp_path / "no", set={"networks.pair": "dcgan"}, show=False)


def test_what_has_no_label_is_shown_all_the_same(tmp_path: Path) -> None:
    run = sp.train(written(tmp_path, "guided"), out=tmp_path / "run", show=False)
    shares = [line["outputs"]["labelled"] for line in run.log()]
    assert 0 < sum(shares) / len(shares) < 1
    assert all({"f1", "f2", "naming"} <= line["losses"]["judge"].keys() for line in run.log())
