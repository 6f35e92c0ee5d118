"""A run that is diagnosed is the run that it would have been, and is told the same however often it is interrupted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from benchmarks.hostile.same_run import differences
from saddlepoint.diagnosis.probe import Probe
from saddlepoint.diagnosis.rules import FINDINGS, RULES, Alternative, Condition
from saddlepoint.diagnosis.spacing import Spacing
from saddlepoint.errors import RunStopped, UserError
from saddlepoint.files import read_lines
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import override, recipe_from, to_yaml
from saddlepoint.runs import diagnosing
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.session import resume, start
from saddlepoint.training.observers import Observer
from saddlepoint.training.requests import Rebuild, RollBack, SetSettings
from tests.runs.test_runs import RECIPE as TOO_SMALL
from tests.runs.test_runs import begin, events
from tests.runs.test_segments import Asks

DIGITS = [
    *("networks.pair=mlp", "networks.width=16", "networks.latent=8", "training.batch=16", "average=null"),
    *("generator.rate=1e-3", "discriminator.rate=1e-3", "watch.samples=4", "watch.sample_every=1000"),
]
POINTS = ["networks.width=32", "training.batch=32", "average=null", "watch.samples=4", "watch.sample_every=1000"]
NO_PENALTY = ["penalties.r1=null", "penalties.r2=null"]


def recipe(name: str, *changes: str) -> Recipe:
    return override(RECIPES[name], [*(DIGITS if name == "digits" else POINTS), *changes])


def played(out: Path, chosen: Recipe, **options: Any) -> list[dict]:
    start(chosen, out, from_python=FromPython(), **{"show": False, **options})
    return findings(out)


def findings(out: Path) -> list[dict]:
    return [dict(line.value) for line in read_lines(out / "findings.jsonl") if line.value is not None]


def probes(out: Path) -> list[dict]:
    return [dict(line.value) for line in read_lines(out / "probes.jsonl") if line.value is not None]


# What is found


PLANTED = {
    "vanishing_generator_gradient": (
        *("digits", "objective=minimax", *NO_PENALTY, "training.batch=8"),
        *("discriminator.rate=2e-2", "generator.rate=2e-4"),
    ),
    "collapse": (
        *("digits", "objective=minimax", *NO_PENALTY, "generator.rate=4e-3", "discriminator.rate=5e-4"),
        *("generator.beta1=0.5", "discriminator.beta1=0.5"),
    ),
    "cycling": ("toy", "objective=non_saturating", *NO_PENALTY, "generator.beta1=0.9", "discriminator.beta1=0.9"),
}
DO = {
    "vanishing_generator_gradient": "saddlepoint ask RUN penalties.r1=0.6 penalties.r2=0.6 --forget",
    "collapse": "saddlepoint ask RUN penalties.r1=0.6 penalties.r2=0.6 objective=non_saturating"
    " discriminator.rate=0.001 generator.rate=0.001 discriminator.beta1=0 generator.beta1=0 --forget",
    "cycling": "saddlepoint ask RUN penalties.r1=0.2 penalties.r2=0.2 discriminator.beta1=0 generator.beta1=0 --forget",
}


@pytest.mark.parametrize("finding", PLANTED)
def test_a_planted_failure_is_named(finding: str, tmp_path: Path) -> None:
    name, *changes = PLANTED[finding]
    found = played(tmp_path / "run", recipe(name, "training.steps=275", *changes))
    assert finding in [line["finding"] for line in found]
    line = next(line for line in found if line["finding"] == finding)
    assert (line["state"], line["since"], line["step"]) == ("open", 225, 275) and line["words"]
    assert line["evidence"].keys() == line["healthy"].keys() != set()
    assert line["do"] == DO[finding]


@pytest.mark.parametrize("name", ["digits", "toy"])
def test_a_healthy_run_is_told_nothing(name: str, tmp_path: Path) -> None:
    assert played(tmp_path / "run", recipe(name, "training.steps=325")) == []
    steps = [probe["step"] for probe in probes(tmp_path / "run")]
    assert steps == list(range(25, 326, 25))


# It only looks


@pytest.mark.parametrize(
    "changes",
    [
        (
            "networks.pair=dcgan",
            "networks.width=4",
            "networks.normalisation=batch",
            "networks.dropout=0.3",
            *NO_PENALTY,
        ),
        ("networks.pair=resnet", "networks.width=4", "networks.discriminator_width=4", "training.batch=4"),
        ("task.conditional=true", "penalties.lecam=0.1", "average.half_life=100"),
    ],
    ids=["batch normalisation and dropout", "spectral norm", "conditional"],
)
def test_a_run_without_it_is_the_same_to_the_bit(changes, tmp_path: Path) -> None:
    base = recipe("digits", "training.steps=30", "watch.checkpoint_every=15", "watch.log_every=10", *changes)
    for name in ("off", "advise"):
        played(tmp_path / name, override(base, [f"watch.diagnosis={name}"]))
    assert len(probes(tmp_path / "advise")) == 1 and not (tmp_path / "off" / "probes.jsonl").exists()
    for path in (tmp_path / "advise" / "checkpoints").glob("*/watched.safetensors"):
        path.unlink()
    assert differences(tmp_path / "off", tmp_path / "advise") == []


def test_it_is_off_or_advises_and_off_survives_yaml() -> None:
    off = override(RECIPES["digits"], ["watch.diagnosis=off"])
    assert off.watch.diagnosis == "off" and RECIPES["digits"].watch.diagnosis == "advise"
    assert recipe_from({**off.model_dump(mode="json")}, "a test") == off and "diagnosis: 'off'" in to_yaml(off, {})
    with pytest.raises(UserError, match="treat"):
        override(RECIPES["digits"], ["watch.diagnosis=cure"])


# It goes on


class Dies(Observer):
    """Ends the process after a step, as a kill would."""

    def __init__(self, at: int):
        self.at = at

    def step(self, state, record) -> None:
        if record.step == self.at:
            raise KeyboardInterrupt


FAILING = recipe("digits", "training.steps=60", "watch.checkpoint_every=20", "networks.latent=1", "training.batch=8")


@contextmanager
def probed_often() -> Iterator[None]:
    """Inside, a probe every four steps, and a rule for runs so young: a narrow latent is seen at the third probe."""
    soon = Alternative(all_of=(Condition("x_nn", "<", 0.5),), gated=False, after=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnosing, "SPACING", Spacing(often=4))
        patch.setitem(RULES, "collapse", (soon,))
        yield


@pytest.fixture
def often() -> Iterator[None]:
    with probed_often():
        yield


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    with probed_often():
        assert "collapse" in [line["finding"] for line in played(out, FAILING)]
    return out


def same_diagnosis(one: Path, two: Path) -> None:
    for name in ("probes.jsonl", "findings.jsonl"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert differences(one, two, stopped=True) == []


@pytest.mark.parametrize("at", [3, 23, 24, 57])
def test_killed_and_gone_on_with_it_is_told_the_same(often, left_alone: Path, at: int, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        played(tmp_path / "killed", FAILING, observers=[Dies(at)])
    # What a kill leaves: no checkpoint of the moment, and a torn line.
    last = max((tmp_path / "killed" / "checkpoints").glob("0*"))
    for path in last.iterdir():
        path.unlink()
    last.rmdir()
    with (tmp_path / "killed" / "findings.jsonl").open("a") as file:
        file.write('{"finding": "coll')
    resume(tmp_path / "killed", from_python=FromPython(), show=False)
    same_diagnosis(left_alone, tmp_path / "killed")


def test_rolled_back_and_rebuilt_it_remembers_what_is_left_of_the_run(often, tmp_path: Path) -> None:
    asked = {
        15: SetSettings(values={"generator.rate": 5e-4}),
        42: Rebuild(changes=("objective=hinge",)),
        55: RollBack(to=40),
    }
    played(tmp_path / "run", FAILING, observers=[Asks(asked)])
    steps = [probe["step"] for probe in probes(tmp_path / "run")]
    assert steps == list(range(4, 61, 4))
    aside = [json.loads(line)["step"] for line in (tmp_path / "run" / "probes.jsonl.branch-0").read_text().splitlines()]
    assert aside == [44, 48, 52]
    # What was found before the checkpoint stays found, once.
    assert [line["finding"] for line in findings(tmp_path / "run")].count("collapse") == 1


def test_switched_on_later_it_begins_anew(tmp_path: Path) -> None:
    out = tmp_path / "run"
    played(out, recipe("digits", "training.steps=60", "watch.diagnosis=off"))
    resume(out, steps=110, changes=["watch.diagnosis=advise"], from_python=FromPython(), show=False)
    first, second = probes(out)
    assert (first["step"], second["step"]) == (75, 100)
    assert "drift" not in first["signals"] and "drift" in second["signals"] and "upd_G" in first["signals"]


# What is said


def test_the_person_is_told_the_cause_and_a_command_with_the_run(often, tmp_path: Path, capsys) -> None:
    out = tmp_path / "a run"
    found = played(out, FAILING, show=True)
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("diagnosis at step")]
    first = min((line for line in found), key=lambda line: (line["step"], FINDINGS.index(line["finding"])))
    assert f"since step {first['since']}" in said[0] and first["words"] in said[0]
    assert said[0].endswith(first["do"].replace("RUN", f"'{out}'"))
    told = [(event["finding"], event["step"]) for event in events(out) if event["event"] == "finding"]
    assert told == [(line["finding"], line["step"]) for line in found if line["state"] == "open"]


def test_scalars_stand_beside_those_of_the_log(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    played(tmp_path / "run", recipe("digits", "training.steps=50"))
    scalars = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    scalars.Reload()
    tags = scalars.Tags()["scalars"]
    assert {"diagnosis/auc_rf", "diagnosis/x_nn", "findings/collapse", "losses/generator/total"} <= set(tags)
    assert [event.step for event in scalars.Scalars("diagnosis/auc_rf")] == [25, 50]


@pytest.mark.parametrize("show", [True, False])
def test_where_findings_have_no_meaning_it_says_so_once(show: bool, tmp_path: Path, capsys) -> None:
    begin(tmp_path / "few")
    capsys.readouterr()
    start(
        override(RECIPES["classifier"], ["data.source=digits", "training.steps=2", "networks.width=4"]),
        tmp_path / "run",
        from_python=FromPython(),
        show=show,
    )
    why = "findings are about one generator of latents and one discriminator; this is classification"
    said = capsys.readouterr().err.count(f"not diagnosed: {why}")
    assert said == (1 if show else 0) and not (tmp_path / "run" / "probes.jsonl").exists()
    assert TOO_SMALL.watch.diagnosis == "advise" and not (tmp_path / "few" / "probes.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [("pix2pix", "translation"), ("cyclegan", "translation without pairs"), ("srgan-x4", "super-resolution")],
)
def test_other_games_are_said_to_be_others(name: str, words: str) -> None:
    why = kind_of(RECIPES[name]).probed(RECIPES[name], None, None)
    assert isinstance(why, str) and why.endswith(f"one discriminator; this is {words}")


def test_a_game_that_explodes_between_two_probes_leaves_a_finding(tmp_path: Path) -> None:
    steps = [f"{name}.{key}" for name in ("discriminator", "generator") for key in ("optimizer=sgd", "rate=1e9")]
    explodes = recipe("digits", "training.steps=50", "objective=wasserstein", *NO_PENALTY, *steps)
    with pytest.raises(RunStopped):
        played(tmp_path / "run", explodes)
    (line,) = findings(tmp_path / "run")
    assert (line["finding"], line["state"], line["evidence"]) == ("nan_ahead", "open", {})
    assert line["do"] == "saddlepoint resume RUN --set discriminator.rate=1e+08 --set generator.rate=1e+08"


def test_networks_that_cannot_be_probed_do_not_end_the_run(tmp_path: Path, monkeypatch, capsys) -> None:
    def refuses(*arguments: Any, **named: Any) -> None:
        raise ValueError("batches of 16 only")

    monkeypatch.setattr(Probe, "read", refuses)
    assert played(tmp_path / "run", recipe("digits", "training.steps=60"), show=True) == []
    (event,) = [event for event in events(tmp_path / "run") if event["event"] == "not diagnosed"]
    assert event["step"] == 25 and "batches of 16 only" in event["reason"]
    assert capsys.readouterr().err.count("not diagnosed from step 25 on") == 1


def test_a_person_s_own_networks_are_diagnosed(tmp_path: Path) -> None:
    import saddlepoint as sp

    torch.manual_seed(0)
    trained = sp.train(
        data="digits",
        generator=nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
        discriminator=nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 1)),
        latent=4,
        set=["training.batch=16"],
        steps=50,
        out=tmp_path / "run",
        show=False,
    )
    assert trained.step == 50 and [probe["step"] for probe in probes(tmp_path / "run")] == [25, 50]
