"""What is passed from Python: numbers of numpy and torch, paths, objectives are taken, the rest refused on a line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import saddlepoint as sp
from saddlepoint.arguments import place, plain, real_number, whole_number, whole_numbers
from saddlepoint.recipes.text import read_recipe
from saddlepoint.training.observers import Observer
from tests.data.examples import refusal
from tests.tasks.examples import packed

QUICK: dict[str, Any] = {"training.batch": 4, "watch.samples": 2, "training.threads": 1, "networks.width": 4}
OWN_TRIPLE = "f1=-(1-D)**2; f2=-D**2; f3=-(1-D)**2"


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), torch.tensor(3), torch.tensor([3])])
def test_whole_numbers_of_every_kind(value: Any) -> None:
    number = whole_number("n", value, least=3)
    assert type(number) is int and number == 3
    assert whole_numbers("n", [value, value]) == [3, 3] and type(plain("n", value)) is int


@pytest.mark.parametrize(
    "value", [None, True, np.bool_(True), 3.0, 0.5, np.float32(3), "3", b"3", [3], torch.ones(2, dtype=torch.int64), 2]
)
def test_what_is_no_whole_number(value: Any) -> None:
    assert "n=" in refusal(lambda: whole_number("n", value, least=3))


@pytest.mark.parametrize("value", [5, "012", b"012", None, {0: 1}, [0, 0.5], ["0"]])
def test_what_are_no_whole_numbers(value: Any) -> None:
    assert refusal(lambda: whole_numbers("seeds", value)).startswith("got seeds")


def test_numbers_of_every_kind() -> None:
    assert [real_number("n", value) for value in (1, 0.5, np.float32(0.5), torch.tensor(0.5))] == [1, 0.5, 0.5, 0.5]
    for value in (None, True, "0.5", float("nan"), torch.ones(2), []):
        assert "a number" in refusal(lambda value=value: real_number("n", value))


def test_paths_of_every_kind() -> None:
    assert place("out", "a/b") == place("out", Path("a") / "b") == Path("a/b")
    for value in (b"a", 5, None, ["a"]):
        assert "a path as text" in refusal(lambda value=value: place("out", value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.bool_(True), True),
        (np.array([[2]]), 2),
        (np.str_("a"), "a"),
        (torch.tensor(True), True),
        (Path("a") / "b", "a/b"),
        ({"a": (np.int64(1), None)}, {"a": [1, None]}),
    ],
)
def test_a_settings_value_becomes_plain(value: Any, expected: Any) -> None:
    assert plain("key", value) == expected and type(plain("key", value)) in (type(expected), type(value))


@pytest.mark.parametrize("value", [object(), 1j, b"x", np.arange(2), torch.zeros(3), {1, 2}, [object()], len])
def test_what_no_setting_can_be(value: Any) -> None:
    assert refusal(lambda: plain("training.batch", value)).startswith("got training.batch")


def test_train_takes_what_python_has(tmp_path: Path) -> None:
    run = sp.train(
        "digits",
        out=tmp_path / "run",
        steps=np.int64(1),  # type: ignore[arg-type]
        seed=torch.tensor(3),  # type: ignore[arg-type]
        objective=sp.objective("hinge"),
        set={
            **QUICK,
            "training.batch": np.int64(4),
            "penalties.r1": np.float32(0.5),
            "penalties.r2": None,
            "discriminator.rate": torch.tensor([0.25]),
            "data.cache": tmp_path / "cache",
        },
        show=False,
    )
    recipe, _ = read_recipe(run.path / "recipe.yaml")
    assert (recipe.objective, recipe.seed, recipe.training.batch, recipe.training.steps) == ("hinge", 3, 4, 1)
    assert (recipe.penalties.r1, recipe.penalties.r2) == (0.5, None)
    assert recipe.data.cache == str(tmp_path / "cache")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> sp.Run:
    # An own triple, given as an object: it is recorded in text.
    triple = sp.objective(OWN_TRIPLE)
    folder = tmp_path_factory.mktemp("arguments") / "run"
    run = sp.train("digits", out=folder, steps=1, set={**QUICK, "objective": triple}, show=False)
    recipe, _ = read_recipe(run.path / "recipe.yaml")
    assert recipe.objective is not None and sp.objective(recipe.objective) == triple
    return run


TRAIN: list[tuple[dict[str, Any], str]] = [
    ({"out": b"run"}, "out=b'run' (bytes)"),
    ({"out": 5}, "out=5 (int)"),
    ({"weights_from": b"run"}, "weights_from=b'run' (bytes)"),
    ({"objective": len}, "objective=<built-in function len>"),
    ({"objective": 5}, "objective = 5"),
    ({"set": "training.batch=8"}, "set='training.batch=8' (str)"),
    ({"set": {"training.batch": object()}}, "training.batch=<object"),
    ({"set": {"training.batch": np.arange(3)}}, "training.batch=array([0, 1, 2])"),
    ({"set": [("training.batch", 8)]}, "a list of texts KEY=VALUE"),
    ({"set": {"penalties.r1": "null"}}, "penalties.r1 = 'null'"),
    ({"steps": 0.5}, "training.steps = 0.5"),
    ({"seed": "x"}, "seed = 'x'"),
    ({"latent": 16}, "latent=16 (int) without networks"),
    ({"generator": torch.nn.Linear(2, 2)}, "only one network"),
    ({"observers": [print]}, "observers=[<built-in function print>]"),
    ({"command": None}, "command=None (NoneType)"),
    ({"observers": Observer()}, "a list of objects"),
    ({"data": 5}, "the int, which has no items that can be counted"),
    ({"device": 0}, "training.device = 0"),
]


@pytest.mark.parametrize(("given", "said"), TRAIN, ids=[f"{next(iter(given))}-{said}" for given, said in TRAIN])
def test_train_refuses_on_one_line(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    everything = {"out": tmp_path / "run", "steps": 1, "show": False, **given}
    assert said in refusal(lambda: sp.train("digits", **everything))
    assert not [*tmp_path.iterdir()]


def test_training_wants_gradients_and_float32(tmp_path: Path) -> None:
    with torch.no_grad():
        assert "inside torch.no_grad()" in refusal(lambda: sp.train("digits", out=tmp_path / "run"))
    torch.set_default_dtype(torch.float64)
    try:
        assert "torch.float64; expected float32" in refusal(lambda: sp.train("digits", out=tmp_path / "run"))
    finally:
        torch.set_default_dtype(torch.float32)
    assert not [*tmp_path.iterdir()]


GAN: list[tuple[Callable[[Any], Any], str]] = [
    (lambda gan: gan.sample("x"), "count='x' (str)"),
    (lambda gan: gan.sample(2.0), "count=2.0 (float)"),
    (lambda gan: gan.sample(True), "count=True (bool)"),
    (lambda gan: gan.sample(0), "count 0"),
    (lambda gan: gan.sample(1, seed=None), "seed=None"),
    (lambda gan: gan.sample(1, seed=0.5), "seed=0.5 (float)"),
    (lambda gan: gan.sample(1, truncation="x"), "truncation='x' (str)"),
    (lambda gan: gan.sample(1, label=object()), "label <object"),
    (lambda gan: gan.sample_seeds(5), "seeds=5 (int)"),
    (lambda gan: gan.sample_seeds("01"), "seeds='01' (str)"),
    (lambda gan: gan.sample_seeds([]), "no seeds"),
    (lambda gan: gan.sample_seeds([0, 0.5]), "seeds[1]=0.5 (float)"),
    (lambda gan: gan.interpolate(0, "x"), "end='x' (str)"),
    (lambda gan: gan.interpolate(0, 1, 2.5), "count=2.5 (float)"),
    (lambda gan: gan.loop(None), "seeds=None"),
    (lambda gan: gan.loop([0, 1], None), "count=None"),
    (lambda gan: gan.standing_statistics("x"), "batches='x' (str)"),
    (lambda gan: gan.made_of([[0.0] * 64]), "latents: [[0.0"),
    (lambda gan: gan.made_of(torch.zeros(2, 3)), "latents: torch.float32 of shape (2, 3)"),
]


def test_a_generator_refuses_on_one_line_and_takes_numpys_numbers(trained: sp.Run) -> None:
    gan = sp.load(trained)
    for call, said in GAN:
        assert said in refusal(lambda call=call: call(gan)), said
    same = gan.sample(np.int64(3), seed=np.int32(2))
    assert torch.equal(same, gan.sample(3, seed=2))
    assert torch.equal(gan.sample_seeds(np.arange(2)), gan.sample_seeds([0, 1]))
    assert torch.equal(gan.interpolate(np.int64(0), 1, 3), gan.interpolate(0, 1, 3))


# Without their types, so that they can be called wrongly.
LOAD: Any = sp.load
RESUME: Any = sp.resume


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda run: LOAD(5), "run=5 (int)"),
        (lambda run: LOAD(b"run"), "run=b'run' (bytes)"),
        (lambda run: LOAD(run, step=0.5), "step=0.5 (float)"),
        (lambda run: LOAD(run, latent=16), "without generator="),
        (lambda run: RESUME(None), "run=None"),
        (lambda run: RESUME(run, steps="x"), "steps='x' (str)"),
        (lambda run: RESUME(run, steps=0), "--steps 0"),
        (lambda run: RESUME(run, steps=2, observers=[5]), "observers=[5] (list)"),
    ],
)
def test_load_and_resume_refuse_on_one_line(call: Callable[[sp.Run], Any], said: str, trained: sp.Run) -> None:
    assert said in refusal(lambda: call(trained))


def test_networks_beside_a_task_are_refused(tmp_path: Path) -> None:
    from tests.tasks.examples import generation

    task = generation("hinge", data=packed())
    given = {"generator": task.generator, "discriminator": task.discriminator, "latent": 5, "out": tmp_path / "run"}
    assert "networks beside a task" in refusal(lambda: sp.train(task, **given))
