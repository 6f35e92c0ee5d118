"""The same numbers are the same columns, whatever tool has written them."""

import json
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.diagnosis.logs.formats import read_log
from saddlepoint.errors import UserError

STEPS = [10, 20, 30, 40]
NUMBERS = {"d_loss": [1.4, 1.2, float("nan"), 0.5], "D(x)": [0.5, 0.6, 0.7, 0.8]}


def table(path: Path, delimiter: str) -> Path:
    rows = [["step", *NUMBERS], *([step, *values] for step, *values in zip(STEPS, *NUMBERS.values(), strict=True))]
    path.write_text("\n".join(delimiter.join(map(str, row)) for row in rows) + "\n", encoding="utf-8")
    return path


def lines(path: Path) -> Path:
    rows = zip(STEPS, *NUMBERS.values(), strict=True)
    text = [json.dumps({"step": step, **dict(zip(NUMBERS, values, strict=True))}) for step, *values in rows]
    path.write_text("\n".join([*text, '{"step": 50, "d_lo']), encoding="utf-8")
    return path


def events(folder: Path, *, as_tensors: bool = False) -> Path:
    from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[attr-defined]
    from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[attr-defined]
    from tensorboard.summary.writer.record_writer import RecordWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    for name, values in NUMBERS.items():
        # As `add_scalars` does: a folder for each, with one tag.
        (folder / name).mkdir(parents=True)
        with (folder / name / "events.out.tfevents.1.here").open("wb") as file:
            writer = RecordWriter(file)
            for step, value in zip(STEPS, values, strict=True):
                held = {"tensor": make_tensor_proto(np.float32(value))} if as_tensors else {"simple_value": value}
                summary = Summary(value=[Summary.Value(tag="", **held)])
                writer.write(Event(step=step, summary=summary).SerializeToString())
            file.write(b"torn")
    return folder


FORMATS = {
    "comma": lambda path: table(path / "log.csv", ","),
    "semicolon": lambda path: table(path / "log.csv", ";"),
    "tab": lambda path: table(path / "log.tsv", "\t"),
    "white space": lambda path: table(path / "log.txt", "   "),
    "the one table of a folder": lambda path: table(path / "log.csv", ",").parent,
    "json lines": lambda path: lines(path / "log.jsonl"),
    "events": lambda path: events(path / "tb"),
    "events of tensors": lambda path: events(path / "tb", as_tensors=True),
}


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_columns_come_of_every_format(form: str, tmp_path: Path) -> None:
    log = read_log(FORMATS[form](tmp_path))
    assert log.unit == "step" and not log.ours
    found = {name.rstrip("/"): column for name, column in log.columns.items()}
    assert found.keys() == NUMBERS.keys()
    for name, values in NUMBERS.items():
        assert found[name].steps.tolist() == STEPS
        np.testing.assert_allclose(found[name].values, values, rtol=1e-6)


def test_what_is_left_out_is_no_row_and_without_a_step_rows_are_counted(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("a,b\n1,\n,2\n3,inf\n", encoding="utf-8")
    log = read_log(tmp_path / "log.csv")
    assert log.unit == "row" and log.columns["a"].steps.tolist() == [0, 2] and log.columns["b"].steps.tolist() == [1, 2]
    assert np.isinf(log.columns["b"].values[1])


def test_null_is_not_finite_in_our_own_log_and_nothing_in_others(tmp_path: Path) -> None:
    ours = {"step": 1, "losses": {"discriminator": {"total": None}}, "gradient_norms": {}, "x": 1}
    for name, line in {"ours": ours, "others": {"step": 1, "d_loss": None, "x": 1}}.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    log = read_log(tmp_path / "ours.jsonl")
    assert log.ours and np.isnan(log.columns["losses.discriminator.total"].values).all()
    assert list(read_log(tmp_path / "others.jsonl").columns) == ["x"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.csv", None, "which is not there"),
        ("empty.csv", b"", "of 0 lines"),
        ("numbers.csv", b"1,2\n3,4\n", "whose first line is numbers"),
        ("words.csv", b"a,b\nc,d\n", "no number has a name"),
        ("picture.csv", bytes(range(256)), "cannot be read as text"),
        ("events.out.tfevents.2", b"not events at all, but as long as a header", "no number has a name"),
    ],
)
def test_what_is_no_log_is_said_to_be_none(name: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_log(tmp_path / name)


def test_a_folder_with_several_tables_asks_for_one(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        table(tmp_path / name, ",")
    with pytest.raises(UserError, match=r"holds several: a.csv, b.csv"):
        read_log(tmp_path)
