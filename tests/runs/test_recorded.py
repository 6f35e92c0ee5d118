"""What a run records beside its recipe is checked when it is read: every wrong entry is one line that names it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import saddlepoint as sp
from saddlepoint.errors import UserError
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.training.records.folder import RunFolder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("runs") / "run"
    small = {"networks.width": 4, "training.batch": 4, "training.threads": 1, "watch.samples": 4}
    sp.train("digits", out=out, steps=1, set=small, show=False)
    return yaml.safe_load((out / "recipe.yaml").read_text())


def folder_with(path: Path, data: dict[str, Any]) -> RunFolder:
    (path / "recipe.yaml").write_text(yaml.safe_dump(data))
    return RunFolder(path)


def changed(data: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The same with another value under a dotted key; ... for none."""
    copy = yaml.safe_load(yaml.safe_dump(data))
    *parts, last = key.split(".")
    place = copy
    for part in parts:
        place = place[part]
    place.pop(last, None)
    if value is not ...:
        place[last] = value
    return copy


# What is wrong under which key.
WRONG: list[tuple[str, Any]] = [
    *(("found", value) for value in (None, [1], "x", {}, 3)),
    *((f"found.{key}", ...) for key in ("source", "kind", "shape", "classes", "count", "splits", "fingerprint")),
    ("found.split_rule", ...),
    ("found.split_rulf", "x"),
    *(("found.shape", value) for value in ([], [0, 8, 8], [1, 8, 10**9], "1x8x8", [1, "a"], None, [1] * 9)),
    *(("found.classes", value) for value in ("abc", [1], None, {})),
    *(("found.splits", value) for value in ({"train": -1}, {"train": "x"}, [3])),
    *(("found.pixel_range", value) for value in ([1, -1], [0], "x", [0, 1, 2], [0, "a"])),
    *(("found.latent", value) for value in (0, -3, "x", 1.5)),
    ("found.count", "many"),
    *(("machine", value) for value in (5, "x", [1])),
    *(("machine.threads", value) for value in (0, -1, "x", 10**6)),
    ("machine.precision", "float8"),
    *(("versions", value) for value in (5, {"torch": 2.5}, "x")),
    ("weights_step", -1),
    ("weights_from", 3),
    *(("changed", value) for value in (3, [3], [{"step": "x", "key": "seed", "before": 1, "after": 2}], [{"step": 1}])),
]


def test_what_a_run_writes_is_read_back(written: dict[str, Any], tmp_path: Path) -> None:
    recipe, recorded = read_recorded(folder_with(tmp_path, written))
    assert recorded.facts.shape == (1, 8, 8) and recorded.of_task(recipe).prior == "uniform"
    assert recorded.plain() == {key: written[key] for key in recorded.plain()}
    assert {"command", "found", "machine", "versions", "started"} <= recorded.plain().keys()


@pytest.mark.parametrize(("key", "value"), WRONG, ids=lambda part: str(part)[:30])
def test_what_no_run_writes_is_one_line_that_names_it(
    key: str, value: Any, written: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        read_recorded(folder_with(tmp_path, changed(written, key, value)))
    said = str(error.value)
    assert key in said and "recipe.yaml with " in said and "\n" not in said and len(said) < 500


def test_a_run_of_an_earlier_version_is_read(written: dict[str, Any], tmp_path: Path) -> None:
    older = written
    for key in ("weights_step", "changed", "found.notes", "found.own_size", "found.source_shape", "machine.precision"):
        older = changed(older, key, ...)
    _, recorded = read_recorded(folder_with(tmp_path, older))
    assert recorded.weights_step is None and recorded.changed == () and recorded.facts.notes == ()
    assert recorded.machine.precision == "float32"
