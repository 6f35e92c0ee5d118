"""A run folder is read whatever state it was left in, and what could not be read is said."""

import numpy as np
import pytest

from saddlepoint.command.main import main
from saddlepoint.errors import UserError
from saddlepoint.report import write_report
from saddlepoint.report.read import read_metrics, read_run
from tests.report.conftest import PARZEN, jsonl, log_line


def test_all_of_a_run_is_read(make_run):
    run = read_run(make_run(findings=[{"what": "collapse"}]))
    assert run.name == "digits-1" and run.recipe["seed"] == 7 and "seed: 7" in run.recipe_text
    losses = run.under("losses", "discriminator")
    assert [series.path[2] for series in losses] == ["f1", "f2", "r1", "total"]
    np.testing.assert_array_equal(losses[2].steps, range(10, 101, 10))
    np.testing.assert_allclose(losses[2].values, 0.01 * np.arange(10, 101, 10))
    assert run.last("images") == 6400 and run.last("losses", "generator", "total") == 0.8
    assert run.last("not", "logged") is None
    assert [sample.step for sample in run.samples] == [50, 100]
    assert [event["event"] for event in run.events] == ["started", "finished"]
    assert run.metrics[0]["value"] == 225.125 and run.findings == ({"what": "collapse"},) and run.remarks == ()


def test_a_setting_with_a_dot_is_one_series(make_run):
    assert [series.path for series in read_run(make_run()).under("settings")] == [
        ("settings", "discriminator.rate"),
        ("settings", "generator.rate"),
    ]


@pytest.mark.parametrize("part", ["log", "events", "metrics", "findings"])
def test_a_torn_last_line_is_left_out_and_said(make_run, part):
    whole = jsonl([log_line(10), log_line(20)])
    run = read_run(make_run(**{part: whole + '{"step": 30, "ima'}))
    assert len(run.remarks) == 1 and f"{part}.jsonl is torn" in run.remarks[0]
    read = run.series[("step",)].steps if part == "log" else getattr(run, part)
    assert len(read) == 2


def test_unreadable_lines_within_are_counted(make_run):
    text = jsonl([log_line(10)]) + 'nothing\n[1, 2]\n\n"\xff\n' + jsonl([log_line(20)])
    run = read_run(make_run(log=text))
    assert list(run.series[("step",)].steps) == [10, 20]
    assert run.remarks == ("In log.jsonl 3 lines are not readable and left out (line 2, 3, 5).",)


def test_bytes_that_are_no_text_are_an_unreadable_line(make_run):
    folder = make_run()
    (folder / "events.jsonl").write_bytes(b'{"event": "\xff\xfe"}\n{"event": "started"}\n')
    run = read_run(folder)
    assert [event["event"] for event in run.events] == ["started"] and "events.jsonl 1 line is" in run.remarks[0]


def test_lines_nested_too_deeply_are_unreadable(make_run):
    run = read_run(make_run(events='{"a":' * 100_000 + "\n" + jsonl([{"event": "started"}])))
    assert len(run.events) == 1 and len(run.remarks) == 1


# Lines of metrics.jsonl that are none, and what is said of them beside the number of the line.
NO_MEASUREMENTS = {
    "null": "not readable",
    "[" * 100_000: "not readable",
    '{"metric": "m", "value": ' + "1" * 5000 + "}": "not readable",
    '{"metric": "m", "provenance": ' + '{"a": ' * 60 + "1" + "}" * 61: "not readable",
    '{"metric": "m", "value": NaN, "interval": [0, 1], "provenance": {}}': "a value that is no finite number",
    '{"metric": "m", "value": 1e999, "interval": [0, 1], "provenance": {}}': "a value that is no finite number",
    '{"metric": "m", "value": "x", "interval": [0, 1], "provenance": {}}': "a value that is no finite number",
    '{"metric": "m", "value": true, "interval": [0, 1], "provenance": {}}': "a value that is no finite number",
    '{"metric": "m", "value": 1, "provenance": {}}': "no interval of two numbers",
    '{"metric": "m", "value": 1, "interval": [0], "provenance": {}}': "no interval of two numbers",
    '{"metric": "m", "value": 1, "interval": [0, "x"], "provenance": {}}': "no interval of two numbers",
    '{"metric": "m", "value": 1, "interval": [0, 1], "provenance": "x"}': "no provenance",
    '{"metric": 3, "value": 1, "interval": [0, 1], "provenance": {}}': "no name of a metric",
    '{"metric": "m", "value": 1, "interval": [0, 1], "provenance": {"baseline": 3}}': "a baseline that is no object",
    '{"metric": "m", "value": 1, "interval": [0, 1], "provenance": {"baseline": {"value": "x", "interval": [0, 1]}}}': (
        "a baseline with a value that is no finite number"
    ),
}


@pytest.mark.parametrize("line", NO_MEASUREMENTS, ids=range(len(NO_MEASUREMENTS)))
def test_what_is_no_measurement_is_named_and_never_compared(make_run, line):
    run = make_run(metrics=jsonl([PARZEN]) + line + "\n" + jsonl([PARZEN]))
    records, remarks = read_metrics(run)
    assert records == (PARZEN, PARZEN)
    (remark,) = remarks
    said = NO_MEASUREMENTS[line]
    assert said in remark and ("line 2" in remark if said == "not readable" else "the measurement 2 has" in remark)


def test_compare_says_what_it_leaves_out(make_run, capsys):
    damaged = '{"metric": "m", "value": "x", "interval": [0, 1], "provenance": {}}\n\x1b[31m\n'
    runs = [str(make_run(name, metrics=jsonl([PARZEN]) + damaged)) for name in ("one", "two")]
    assert main(["compare", *runs]) == 0
    said = capsys.readouterr()
    assert "parzen_log_likelihood" in said.out
    assert said.err.splitlines() == [
        f"{run}: In metrics.jsonl {what}"
        for run in runs
        for what in (
            "the measurement 2 has a value that is no finite number; it is left out.",
            "1 line is not readable and left out (line 3).",
        )
    ]


def test_the_page_shows_the_others_as_far_as_they_go(make_run):
    run = make_run(metrics="".join(line + "\n" for line in NO_MEASUREMENTS) + jsonl([PARZEN]))
    assert "parzen_log_likelihood" in write_report(run).read_text(encoding="utf-8")


def test_what_is_not_finite_is_a_gap(make_run):
    lines = (
        '{"step": 1, "x": NaN, "y": null, "z": Infinity, "big": 1' + "0" * 400 + ', "s": "text", "t": true, "w": [1]}\n'
    )
    run = read_run(make_run(log=lines))
    assert {path[0] for path in run.series} == {"step", "x", "y", "z", "big"}
    assert all(np.isnan(run.series[(name,)].values).all() for name in ("x", "y", "z", "big"))
    assert run.last("x") is None


def test_a_number_that_appears_later_has_its_own_steps(make_run):
    run = read_run(make_run(log=[{"step": 1, "a": 1.0}, {"step": 2, "a": 2.0, "b": 5}, {"step": 3, "b": {"c": 6.0}}]))
    assert list(run.series[("a",)].steps) == [1, 2] and list(run.series[("b",)].steps) == [2]
    assert list(run.series[("b", "c")].steps) == [3]


def test_a_line_without_a_step_is_said(make_run):
    run = read_run(make_run(log=[{"x": 1.0}, {"step": "two", "x": 1.0}, {"step": 3, "x": 1.0}]))
    assert list(run.series[("x",)].steps) == [3] and "2 line(s) name no step" in run.remarks[0]


def test_only_numbered_pictures_are_samples_in_order_of_their_steps(make_run):
    folder = make_run(samples=(100, 9))
    for name in (".00000200.png.writing", "best.png", "00000300.jpg", "²³.png"):
        (folder / "samples" / name).write_bytes(b"")
    (folder / "samples" / "100000000.png").write_bytes(b"")
    assert [sample.step for sample in read_run(folder).samples] == [9, 100, 100_000_000]


def test_a_folder_with_nothing_but_a_recipe_is_a_run(make_run):
    run = read_run(make_run(log=None, events=None, metrics=None, samples=()))
    assert run.series == {} and run.samples == () and run.events == () and run.remarks == ()


@pytest.mark.parametrize("text", ["a: [1", "- 1\n- 2\n", "", "!!python/object:os.system {}"])
def test_a_recipe_that_is_no_mapping_leaves_the_rest_readable(make_run, text):
    run = read_run(make_run(recipe=text))
    assert run.recipe == {} and run.recipe_text == text and run.last("step") == 100
    assert len(run.remarks) == (1 if text.startswith(("a", "!!")) else 0)


def test_no_run_folder_is_the_users_mistake(make_run, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for path, problem in (
        (tmp_path / "none", "not a folder"),
        (file, "not a folder"),
        (make_run(recipe=None), "no recipe"),
    ):
        with pytest.raises(UserError, match=problem):
            read_run(path)
