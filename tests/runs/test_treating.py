"""A run that is treated keeps what helps, undoes what does not, and ends the same however often it is killed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import yaml

from benchmarks.hostile.same_run import differences
from saddlepoint.diagnosis import remedies
from saddlepoint.diagnosis.remedies import HELPED, LEFT, NOT_TREATED, TREATED, UNDONE, Remedy
from saddlepoint.diagnosis.rules import RULES, Alternative, Condition
from saddlepoint.diagnosis.spacing import Spacing
from saddlepoint.errors import RunStopped
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import override
from saddlepoint.runs import diagnosing
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.session import resume, start
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.checkpoint import read, steps_saved
from saddlepoint.training.requests import Rebuild, RunRequest, SetSettings
from tests.runs.test_diagnosing import findings, recipe
from tests.runs.test_runs import events
from tests.runs.test_segments import Asks, Breaks, killed

# A probe every second step, which sees large steps of G: a smaller rate cures that, and nothing else does.
LARGE = Condition("upd_G", ">", 3e-4)
# Operations between two kills; with 1, every moment is met.
STRIDE = 21
SMALL, USELESS, USELESS_TOO = "generator.rate=1e-5", "penalties.lecam=0.1", "discriminator.rate=5e-4"
BASE = recipe(
    *("toy", "networks.width=8", "training.batch=16", "training.steps=64", "watch.diagnosis=treat", "data.count=512"),
    *("watch.checkpoint_every=10", "watch.log_every=10", "watch.keep=2", "generator.rate=1e-3"),
)


@contextmanager
def curable(remedy: Mapping[str, list[str]], finding: str = "cycling") -> Iterator[None]:
    """Inside, a finding is large steps, and these are tried against it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnosing, "SPACING", Spacing(often=2, early=10_000))
        for name in RULES:
            patch.setitem(RULES, name, ())
        patch.setitem(RULES, finding, (Alternative(all_of=(LARGE,), gated=False, after=0),))
        for name, changes in remedy.items():
            listed = [Remedy(ask="set", changes=(change,)) for change in changes]
            patch.setitem(remedies._REMEDIES, name, lambda _, listed=listed: listed or [Remedy(ask="look")])
        yield


def played(out: Path, chosen: Recipe = BASE, *observers: Observer, show: bool = False) -> Path:
    start(chosen, out, from_python=FromPython(), show=show, observers=observers)
    return out


def told(out: Path, *kinds: str) -> list[dict]:
    return [event for event in events(out) if event["event"] in (kinds or (TREATED, HELPED, UNDONE, LEFT, NOT_TREATED))]


def steps_of(out: Path) -> list[tuple[str, int, int]]:
    """What was done: kind, number, step."""
    return [(event["event"], event.get("number", 0), event["step"]) for event in told(out)]


# What is done


def test_what_helps_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with curable({"cycling": [SMALL, USELESS]}):
        out = played(tmp_path / "run", show=True)
    assert steps_of(out) == [(TREATED, 1, 6), (HELPED, 1, 22)]
    treated, helped = told(out)
    assert (treated["finding"], treated["since"], treated["remedy"]) == ("cycling", 2, [SMALL])
    assert treated["back_to"] is None and treated["branch"] == helped["branch"] == 0
    assert treated["before"]["upd_G"] > 3e-4 > helped["after"]["upd_G"] and helped["before"] == treated["before"]
    assert yaml.safe_load((out / "recipe.yaml").read_text())["generator"]["rate"] == 1e-5
    assert [(line["state"], line["step"]) for line in findings(out)] == [("open", 6), ("withdrawn", 16)]
    said = capsys.readouterr().err
    assert "treatment 1 of at most 3, for: the run goes round in circles" in said and "Try:" not in said
    assert "treatment 1 has helped, and is kept: at step 22" in said


def test_what_does_not_help_is_undone_and_the_next_is_tried(tmp_path: Path) -> None:
    with curable({"cycling": [USELESS, SMALL]}):
        out = played(tmp_path / "run")
    assert steps_of(out) == [(TREATED, 1, 6), (UNDONE, 1, 22), (TREATED, 2, 22), (HELPED, 2, 22)]
    (undone,) = told(out, UNDONE)
    assert (undone["back_to"], undone["branch"]) == (6, 0) and told(out, HELPED)[0]["branch"] == 1
    now = yaml.safe_load((out / "recipe.yaml").read_text())
    assert now["penalties"]["lecam"] is None and now["generator"]["rate"] == 1e-5


def test_three_are_the_most_and_then_a_person_is_advised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    useless = [USELESS, USELESS_TOO, "penalties.lecam=0.2", SMALL]
    with curable({"cycling": useless}):
        out = played(tmp_path / "run", show=True)
    assert [(kind, number) for kind, number, _ in steps_of(out)] == [
        *((TREATED, 1), (UNDONE, 1), (TREATED, 2), (UNDONE, 2), (TREATED, 3), (UNDONE, 3), (NOT_TREATED, 0))
    ]
    now, before = yaml.safe_load((out / "recipe.yaml").read_text()), BASE.model_dump(mode="json")
    assert {key: now[key] for key in ("penalties", "generator", "discriminator")} == {
        key: before[key] for key in ("penalties", "generator", "discriminator")
    }
    assert "no more treatments" in capsys.readouterr().err and "generator.rate" not in str(events(out)[-1])
    assert steps_saved(out / "checkpoints")[-1] == 64


def test_a_setting_that_a_request_held_is_held_again(tmp_path: Path) -> None:
    """Undone, the run has the rate that a person asked for before, and not the recipe's."""
    asked = Asks({1: SetSettings(values={"discriminator.rate": 2e-4})})
    with curable({"cycling": [USELESS_TOO]}):
        out = played(tmp_path / "run", BASE, asked)
    assert [kind for kind, *_ in steps_of(out)][:2] == [TREATED, UNDONE]
    assert read(out / "checkpoints" / "00000064").manifest["overrides"] == {"discriminator.rate": 2e-4}


def broken(at: int = 31) -> Asks:
    return Asks({at: SetSettings(values={"generator.rate": 2e-3})})


WELL_AT_FIRST = override(BASE, [SMALL])


def test_where_a_checkpoint_is_from_before_it_goes_back_to_it(tmp_path: Path) -> None:
    """A person's own request broke the run: what it was asked for is undone with what came of it."""
    with curable({"cycling": [USELESS]}):
        out = played(tmp_path / "run", WELL_AT_FIRST, broken())
    treated, helped = told(out)
    assert (treated["event"], treated["since"], treated["back_to"]) == (TREATED, 36, 30)
    # Its rate is again what it was, which is all that was wrong.
    assert helped["event"] == HELPED and helped["step"] == 46
    assert read(out / "checkpoints" / "00000060").manifest["overrides"] == {}


def test_what_a_person_asks_for_is_obeyed_and_left_alone(tmp_path: Path) -> None:
    asked: dict[int, RunRequest] = {11: Rebuild(changes=("penalties.r1=0.3",))}
    with curable({"cycling": [USELESS, SMALL]}):
        out = played(tmp_path / "run", BASE, Asks(asked))
    # Its eight looks are given to what the person has asked for, and then the next remedy is tried on top of it.
    assert steps_of(out) == [(TREATED, 1, 6), (LEFT, 1, 12), (TREATED, 2, 26), (HELPED, 2, 42)]
    now = yaml.safe_load((out / "recipe.yaml").read_text())
    assert now["penalties"]["r1"] == 0.3 and now["generator"]["rate"] == 1e-5


@pytest.mark.parametrize("finding", ["labels_ignored", "batch_norm_leak", "collapse"])
def test_what_cannot_be_cured_is_said_once(finding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with curable({finding: []}, finding):
        out = played(tmp_path / "run", show=True)
    (event,) = told(out)
    assert (event["event"], event["finding"]) == (NOT_TREATED, finding) and event["reason"]
    assert capsys.readouterr().err.count("not treated:") == 1


def test_large_steps_alone_are_advice(tmp_path: Path) -> None:
    with curable({}, "rate_too_large"):
        out = played(tmp_path / "run")
    assert told(out) == [] and [line["finding"] for line in findings(out)] == ["rate_too_large"]


# A game that has diverged


class BreaksOften(Breaks):
    """Makes a weight infinite after a step, on each branch until one."""

    def step(self, state, record) -> None:
        if record.step == self.at and state.branch < 2:
            with torch.no_grad():
                self.game.steps["generator"].parameters[0].fill_(float("nan"))


def test_a_failure_is_answered_with_smaller_steps(tmp_path: Path) -> None:
    with curable({}, "rate_too_large"):
        out = played(tmp_path / "run", BASE, Breaks(51, None))
    treated, helped = told(out)
    assert (treated["event"], treated["step"], treated["back_to"]) == (TREATED, 51, 40)
    assert "not finite" in treated["failed"] and treated["remedy"] == [
        "discriminator.rate=0.0001",
        "generator.rate=0.0001",
    ]
    assert helped["event"] == HELPED and steps_saved(out / "checkpoints")[-1] == 64
    assert {line["finding"] for line in findings(out)} == {"rate_too_large"}


def test_a_failure_that_comes_again_is_answered_again(tmp_path: Path) -> None:
    with curable({}, "rate_too_large"):
        out = played(tmp_path / "run", BASE, BreaksOften(51, None))
    assert [kind for kind, *_ in steps_of(out)] == [TREATED, UNDONE, TREATED, HELPED]
    assert "not finite" in told(out, UNDONE)[0]["failed"]


def test_without_a_checkpoint_it_ends_and_says_why(tmp_path: Path) -> None:
    with curable({}, "rate_too_large"), pytest.raises(RunStopped, match="not finite"):
        played(tmp_path / "run", BASE, Breaks(5, None))
    (event,) = told(tmp_path / "run")
    assert (event["event"], event["finding"]) == (NOT_TREATED, "nan_ahead")


# It goes on


def test_killed_between_any_two_writes_it_is_treated_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shorter = override(BASE, ["training.steps=40"])
    with curable({"cycling": [USELESS, SMALL]}):
        whole = played(tmp_path / "whole", shorter)
        moments = 0
        for operation in range(8, 1000, STRIDE):
            out = tmp_path / str(operation)
            if not killed(monkeypatch, operation, lambda out=out: played(out, shorter)):
                break
            if not (out / "recipe.yaml").is_file():
                continue
            moments += 1
            resume(out, from_python=FromPython(), show=False)
            assert differences(whole, out) == [], f"killed at operation {operation}"
            assert steps_of(out) == steps_of(whole), f"killed at operation {operation}"
            for name in ("findings.jsonl", "probes.jsonl"):
                assert (whole / name).read_bytes() == (out / name).read_bytes(), f"killed at operation {operation}"
    assert moments > 3
