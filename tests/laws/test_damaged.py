"""A damaged newest checkpoint is passed over by nothing without a word: every verb that is given a run says or refuses.

The verbs are read from the parser, so that a new one has to say here what it does.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import saddlepoint as sp
from saddlepoint.command.main import main
from saddlepoint.command.parser import build_parser
from saddlepoint.errors import UserError
from saddlepoint.runs.content import open_reference
from saddlepoint.runs.features import features_for

QUICK = {"training.threads": 1, "training.batch": 8, "watch.checkpoint_every": 2, "watch.samples": 4}
# What is said of a checkpoint whose last byte was flipped.
DAMAGE = "00000004 whose file networks.safetensors has changed"

# What each verb does that is given a run: says it and goes on from the older one; refuses; or reads no checkpoint.
SAYS: dict[str, list[str]] = {
    "sample": ["sample", "RUN", "--count", "2", "--out", "OUT.png", "--json"],
    "interpolate": ["interpolate", "RUN", "--seeds", "0,1", "--out", "OUT.png", "--json"],
    "figure1": ["figure1", "RUN", "--out", "OUT.png", "--json"],
    "resume": ["resume", "RUN", "--json"],
}
REFUSES: dict[str, list[str]] = {
    "evaluate": ["evaluate", "RUN"],
    "diagnose": ["diagnose", "RUN"],
    "train": ["train", "figure1", "--from", "RUN", "--out", "OUT", "--steps", "1"],
}
READS_NONE = {"report", "compare", "ask"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    sp.train("figure1", out=out, steps=4, set=QUICK, show=False)
    return out


@pytest.fixture
def damaged(whole: Path, tmp_path: Path) -> Path:
    return _damaged(whole, tmp_path / "run")


def _damaged(whole: Path, out: Path) -> Path:
    shutil.copytree(whole, out)
    file = out / "checkpoints" / "00000004" / "networks.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    return out


def given_a_run() -> set[str]:
    """The verbs that take a run, by what the parser says of their arguments."""
    (verbs,) = (each for each in build_parser()._actions if isinstance(each, argparse._SubParsersAction))
    return {
        name
        for name, parser in verbs.choices.items()
        if any(action.metavar == "RUN" or action.dest in ("run", "runs") for action in parser._actions)
    }


def command(words: list[str], run: Path, out: Path) -> list[str]:
    return [word.replace("RUN", str(run)).replace("OUT", str(out)) for word in words]


def test_every_verb_that_is_given_a_run_has_decided() -> None:
    assert given_a_run() == {*SAYS, *REFUSES} | READS_NONE


@pytest.mark.parametrize("verb", SAYS)
def test_what_goes_on_says_which_is_left_out_and_from_which_step(
    verb: str, damaged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(SAYS[verb], damaged, tmp_path / "out")) == 0
    said = capsys.readouterr()
    (line,) = (line for line in said.err.splitlines() if line.startswith("left out: "))
    assert DAMAGE in line and "2" in line.partition("changed")[2]
    answer = json.loads(said.out)
    assert answer.get("step", answer.get("steps")) == {"figure1": [2], "resume": 4}.get(verb, 2)


@pytest.mark.parametrize("verb", REFUSES)
def test_what_says_something_of_the_run_refuses_with_a_cure(
    verb: str, damaged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = damaged / "metrics.jsonl"
    assert main(command(REFUSES[verb], damaged, tmp_path / "out")) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and DAMAGE in said and f"saddlepoint resume {damaged}" in said
    assert not metrics.exists() and not (tmp_path / "out").exists()
    if verb == "evaluate":
        assert "--step 2" in said
        cured = [
            "evaluate",
            str(damaged),
            "--step",
            "2",
            "--metrics",
            "sliced_wasserstein",
            "--samples-count",
            "20",
            "--json",
        ]
        code = main(cured)
        said = capsys.readouterr()
        assert code == 0, said.err
        assert json.loads(said.out)[0]["provenance"]["step"] == 2
    else:
        assert main(["resume", str(damaged)]) == 0
        assert main(command(REFUSES[verb], damaged, tmp_path / "out")) == 0


def features(run: Path) -> object:
    return features_for(f"classifier:{run}", (1, 8, 8), torch.device("cpu"))


def content(run: Path) -> object:
    return open_reference("task.content", f"classifier:{run}", channels=1, device=torch.device("cpu"))


@pytest.mark.parametrize("use", [features, content], ids=lambda use: use.__name__)
def test_what_is_measured_in_a_run_is_refused_too(
    use: Callable[[Path], object], classifier: Path, tmp_path: Path
) -> None:
    damaged = _damaged(classifier, tmp_path / "run")
    with pytest.raises(UserError, match=DAMAGE):
        use(damaged)
    shutil.rmtree(damaged / "checkpoints" / "00000004")
    use(damaged)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "classifier"
    sp.train("classifier", data="digits", out=out, steps=4, set={**QUICK, "training.device": "cpu"}, show=False)
    return out


def test_from_python_it_is_said_as_well(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sp.load(damaged).step == 2
    assert DAMAGE in capsys.readouterr().err
    with pytest.raises(UserError, match=r"00000004 .*choose another step: 2"):
        sp.load(damaged, step=4)
