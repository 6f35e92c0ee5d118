"""Calls of the package's functions with arguments that are not what they should be, for `misuse.py`."""

import io
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.hostile.misuse_networks import Call, Expected, Surroundings


def _digits(at: Surroundings, **given: Any) -> object:
    import saddlepoint as sp

    arguments: dict[str, Any] = {"out": at.place / "new", "steps": 1, "show": False}
    small: dict[str, Any] = {"training.batch": 4, "training.threads": 1, "watch.samples": 4}
    changes = given.get("set", {})
    given = {**given, "set": {**small, **changes} if isinstance(changes, dict) else changes}
    return sp.train(given.pop("what", "digits"), **{**arguments, **given})


def _train(name: str, expected: Expected = Expected.REFUSED, **given: Any) -> Call:
    return Call(name=f"train: {name}", do=lambda at: _digits(at, **given), expected=expected)


def _set(value: Any, expected: Expected = Expected.REFUSED, key: str = "training.batch") -> Call:
    # An object's own text is its address.
    text = "" if type(value) is object else str(value)[:20]
    name = f"train: set {key} to {type(value).__module__}.{type(value).__name__} {text}"
    return Call(name=name, do=lambda at: _digits(at, set={key: value}), expected=expected)


def _gan(name: str, do: Callable[[Any], object], expected: Expected = Expected.REFUSED) -> Call:
    def call(at: Surroundings) -> object:
        import saddlepoint as sp

        return do(sp.load(at.run))

    return Call(name=f"gan: {name}", do=call, expected=expected)


def _package(name: str, do: Callable[[Any, Surroundings], object], expected: Expected = Expected.REFUSED) -> Call:
    def call(at: Surroundings) -> object:
        import saddlepoint as sp

        return do(sp, at)

    return Call(name=name, do=call, expected=expected)


def _objective(name: str) -> Any:
    import saddlepoint as sp

    return sp.objective(name)


CALLS: tuple[Call, ...] = (
    _train("as it should be", Expected.DONE),
    _set(np.int64(8), Expected.DONE),
    _set(np.int32(8), Expected.DONE),
    _set(np.float32(8.0), Expected.DONE),
    _set(torch.tensor(8), Expected.EITHER),
    _set(np.array(8), Expected.EITHER),
    _set(np.array([8, 8])),
    _set(Fraction(8, 1), Expected.EITHER),
    _set(Decimal(8), Expected.EITHER),
    _set(True),
    _set(8.5),
    _set(math.nan),
    _set(math.inf),
    _set("8 ", Expected.EITHER),
    _set(b"8"),
    _set(object()),
    _set({8}),
    _set(range(8)),
    _set(len),
    _set(10**400),
    _set(Path("x"), key="data.source"),
    _set(np.bool_(True), Expected.DONE, key="training.share_forwards"),
    _set(np.float64(0.5), Expected.DONE, key="penalties.r1"),
    _set((8, 8), Expected.EITHER, key="data.size"),
    _set(1, key="no.such.key"),
    _set(1, key=""),
    Call(name="train: set with a key that is no text", do=lambda at: _digits(at, set={3: 4})),
    _train("set is a number", set=3),
    _train("set is a text", set="training.batch=8"),
    _train("set is a list of numbers", set=[3]),
    _train("set is a list of bytes", set=[b"training.batch=8"]),
    _train("an objective's object", Expected.DONE, objective=_objective("hinge")),
    _train("an objective's class", objective=int),
    _train("an objective of bytes", objective=b"hinge"),
    _train("an objective that is empty", objective=""),
    _train("steps 0", steps=0),
    _train("steps -1", steps=-1),
    _train("steps 1.5", steps=1.5),
    _train("steps 'x'", steps="x"),
    _train("steps of numpy", Expected.DONE, steps=np.int64(1)),
    _train("seed 0.5", seed=0.5),
    _train("seed -1", Expected.EITHER, seed=-1),
    _train("seed of numpy", Expected.DONE, seed=np.int64(3)),
    _train("seed 2**200", Expected.EITHER, seed=2**200),
    _train("device 'tpu'", device="tpu"),
    _train("device cuda:99", device="cuda:99"),
    _train("a torch device", Expected.EITHER, device=torch.device("cpu")),
    _train("out of bytes", out=b"new"),
    _train("out with a NUL", out="a\0b"),
    _train("out is a number", out=3),
    _train("out is empty", Expected.EITHER, out=""),
    _train("weights_from nowhere", weights_from="nowhere"),
    _train("weights_from is a number", weights_from=3),
    _train("data is a number", data=3),
    _train("data is a list of tensors", data=[torch.zeros(1, 8, 8)] * 40, expected=Expected.EITHER),
    _train("data is a tensor", data=torch.zeros(40, 1, 8, 8), expected=Expected.EITHER),
    _train("data is an array", data=np.zeros((40, 8, 8), np.uint8), expected=Expected.EITHER),
    _train("data is a generator", data=(torch.zeros(1, 8, 8) for _ in range(40))),
    _train("data is a file", data=io.BytesIO(b"x")),
    _train("data is a class", data=dict),
    _train("a recipe of no name", what=""),
    _train("a recipe that is a number", what=3),
    _train("a recipe that is None", what=None),
    _train("a recipe that is a mapping", what={"name": "digits"}),
    _train("a recipe that is a folder", what=Path(".")),
    _train("an observer that is none", observers=[3]),
    _train("observers None", observers=None),
    _train("command None", command=None, expected=Expected.EITHER),
    _gan("sample(4)", lambda gan: gan.sample(4), Expected.DONE),
    _gan("sample('x')", lambda gan: gan.sample("x")),
    _gan("sample(0)", lambda gan: gan.sample(0)),
    _gan("sample(-1)", lambda gan: gan.sample(-1)),
    _gan("sample(1.5)", lambda gan: gan.sample(1.5)),
    _gan("sample(None)", lambda gan: gan.sample(None)),
    _gan("sample(10**12)", lambda gan: gan.sample(10**12)),
    _gan("sample(10**30)", lambda gan: gan.sample(10**30)),
    _gan("sample of numpy", lambda gan: gan.sample(np.int64(2), seed=np.int64(1)), Expected.DONE),
    _gan("seed None", lambda gan: gan.sample(2, seed=None)),
    _gan("seed 0.5", lambda gan: gan.sample(2, seed=0.5)),
    _gan("seed 'x'", lambda gan: gan.sample(2, seed="x")),
    _gan("seed 2**200", lambda gan: gan.sample(2, seed=2**200), Expected.EITHER),
    _gan("a label without classes", lambda gan: gan.sample(2, label=3)),
    _gan("a label that is a list", lambda gan: gan.sample(2, label=[3])),
    _gan("truncation -1", lambda gan: gan.sample(2, truncation=-1)),
    _gan("truncation 'x'", lambda gan: gan.sample(2, truncation="x")),
    _gan("truncation NaN", lambda gan: gan.sample(2, truncation=math.nan)),
    _gan("sample_seeds(3)", lambda gan: gan.sample_seeds(3)),
    _gan("sample_seeds([])", lambda gan: gan.sample_seeds([])),
    _gan("sample_seeds(['x'])", lambda gan: gan.sample_seeds(["x"])),
    _gan("sample_seeds([0.5])", lambda gan: gan.sample_seeds([0.5])),
    _gan("interpolate(0, 1, 0)", lambda gan: gan.interpolate(0, 1, 0)),
    _gan("interpolate('a', 'b')", lambda gan: gan.interpolate("a", "b")),
    _gan("interpolate(0, 1, 10**12)", lambda gan: gan.interpolate(0, 1, 10**12)),
    _package("load: nowhere", lambda sp, at: sp.load(at.place / "nowhere")),
    _package("load: a number", lambda sp, at: sp.load(3)),
    _package("load: None", lambda sp, at: sp.load(None)),
    _package("load: a NUL", lambda sp, at: sp.load("a\0b")),
    _package("load: step 5", lambda sp, at: sp.load(at.run, step=5)),
    _package("load: step 'x'", lambda sp, at: sp.load(at.run, step="x")),
    _package("load: step of numpy", lambda sp, at: sp.load(at.run, step=np.int64(8)), Expected.DONE),
    _package("load: other networks", lambda sp, at: sp.load(at.run, generator=torch.nn.Linear(3, 3), latent=3)),
    _package("load: a generator that is none", lambda sp, at: sp.load(at.run, generator=3)),
    _package("load: device 'x'", lambda sp, at: sp.load(at.run, device="x")),
    _package("resume: nowhere", lambda sp, at: sp.resume(at.place / "nowhere", show=False)),
    _package("resume: a number", lambda sp, at: sp.resume(3, show=False)),
    _package("resume: of a finished run", lambda sp, at: sp.resume(at.run, show=False), Expected.EITHER),
    _package("resume: steps 'x'", lambda sp, at: sp.resume(at.run, steps="x", show=False)),
    _package("resume: steps 1.5", lambda sp, at: sp.resume(at.run, steps=8.5, show=False)),
    _package("objective: None", lambda sp, at: sp.objective(None)),
    _package("objective: 3", lambda sp, at: sp.objective(3)),
    _package("objective: bytes", lambda sp, at: sp.objective(b"hinge")),
    _package("objective: itself", lambda sp, at: sp.objective(sp.objective("hinge")), Expected.EITHER),
    _package("prove: None", lambda sp, at: sp.prove(None)),
    _package("prove: 3", lambda sp, at: sp.prove(3)),
    _package("prove: an object", lambda sp, at: sp.prove(sp.objective("hinge")), Expected.DONE),
    _package("prove: p_d 'x'", lambda sp, at: sp.prove("hinge", p_d="x")),
    _package("prove: p_d -1", lambda sp, at: sp.prove("hinge", p_d=-1)),
    _package("prove: p_d 0.5", lambda sp, at: sp.prove("hinge", p_d=0.5), Expected.EITHER),
    _package("prove: domain 3", lambda sp, at: sp.prove("hinge", domain=3)),
    _package("prove: domain (0, 1)", lambda sp, at: sp.prove("hinge", domain=(0, 1)), Expected.EITHER),
    _package("open_data: None", lambda sp, at: sp.open_data(None)),
    _package("open_data: 3", lambda sp, at: sp.open_data(3)),
    _package("open_data: bytes", lambda sp, at: sp.open_data(b"digits")),
    _package("open_data: a NUL", lambda sp, at: sp.open_data("a\0b")),
    _package("open_data: size 8", lambda sp, at: sp.open_data("digits", size=8), Expected.EITHER),
    _package("open_data: size ('a', 'b')", lambda sp, at: sp.open_data("digits", size=("a", "b"))),
    _package("open_data: size (10**9, 10**9)", lambda sp, at: sp.open_data("digits", size=(10**9, 10**9))),
    _package("open_data: channels 2", lambda sp, at: sp.open_data("digits", channels=2)),
    _package("open_data: hold_out NaN", lambda sp, at: sp.open_data("digits", hold_out=math.nan)),
    _package("open_data: hold_out 'x'", lambda sp, at: sp.open_data("digits", hold_out="x")),
    _package("open_data: first -1", lambda sp, at: sp.open_data("digits", first=-1)),
    _package("open_data: count 10**12", lambda sp, at: sp.open_data("shapes", count=10**12)),
    _package("recipe: 3", lambda sp, at: sp.recipe(3)),
    _package("recipe: unknown", lambda sp, at: sp.recipe("digitz")),
)
