"""The document of results: from records alone, the same bytes each time, and no section is ever lost."""

import json
import shutil

import pytest

from saddlepoint.errors import UserError
from saddlepoint.report.results import main, write_results
from tests.report.conftest import PARZEN, RECIPE, jsonl


def test_a_section_has_what_is_needed_to_make_the_number_again(make_run, tmp_path):
    document = write_results([make_run("mnist")], tmp_path / "docs" / "results.md").read_text(encoding="utf-8")
    for line in (
        "## mnist",
        "Handwritten digits.",
        "![Samples of the run mnist after 100 steps](pictures/mnist.png)",
        "| Command | `saddlepoint train digits --seed 7` |",
        "| Recipe | digits |",
        "| Seed | 7 |",
        "| Date | 2026-01-02T03:04:05+00:00 |",
        "| Processor | A CPU, 2 cores |",
        "| Device | cpu |",
        "| Threads | 1 |",
        "| torch | 2.13.0 |",
        "| Trained | 100 steps, 6,400 images, 50 s |",
        "| `parzen_log_likelihood` | 225.125 | 221.5 to 228.75 "
        "| target: nats; version: 1; samples: 10000; reference.split: test; deviations: none |",
    ):
        assert line in document.splitlines(), line


def test_the_newest_picture_lies_beside_the_document(make_run, tmp_path):
    run = make_run("mnist")
    write_results([run], tmp_path / "docs" / "results.md")
    assert (tmp_path / "docs/pictures/mnist.png").read_bytes() == (run / "samples/00000100.png").read_bytes()


def test_sections_of_runs_that_are_gone_stay(make_run, tmp_path):
    out = tmp_path / "docs" / "results.md"
    first, second = make_run("zebra"), make_run("apple")
    together = write_results([first, second], out).read_bytes()
    shutil.rmtree(tmp_path / "docs")
    write_results([first], out)
    shutil.rmtree(first)
    assert write_results([second], out).read_bytes() == together
    out.unlink()
    assert write_results([], out).read_bytes() == together
    assert together.index(b"## apple") < together.index(b"## zebra")


def test_a_run_takes_the_place_of_the_one_of_its_name(make_run, tmp_path):
    out, run = tmp_path / "docs" / "results.md", make_run("mnist")
    write_results([run], out)
    (run / "metrics.jsonl").write_text(jsonl([{**PARZEN, "value": 1.25}]))
    document = write_results([run], out).read_text()
    assert "1.25" in document and "225.125" not in document and document.count("## ") == 1


def test_the_same_runs_give_the_same_bytes(make_run, tmp_path):
    runs = [make_run("a"), make_run("b")]
    for order, place in ((runs, "one"), (runs[::-1], "two")):
        write_results(order, tmp_path / place / "results.md")
    files = {path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()}
    assert len(files) == 5
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)


def test_what_a_run_did_not_record_is_said(make_run, tmp_path):
    run = make_run("bare", recipe="name: x\n", log=None, samples=(), metrics=[{"metric": "m", "value": None}])
    lines = write_results([run], tmp_path / "docs" / "results.md").read_text().splitlines()
    for label in ("Command", "Seed", "Date", "Processor", "Threads", "torch", "Trained"):
        assert f"| {label} | not recorded |" in lines
    assert "| `m` | – | – to – | not recorded |" in lines
    assert not [line for line in lines if line.startswith("![")] and not (tmp_path / "docs" / "pictures").exists()


def test_a_metric_of_another_form_is_shown_as_far_as_it_goes(make_run, tmp_path):
    run = make_run("own", metrics=[{"metric": "m", "value": 2.0, "interval": 5, "provenance": "by hand"}])
    assert "| `m` | 2 | – to – | by hand |" in write_results([run], tmp_path / "docs" / "results.md").read_text()


def test_a_torn_line_is_said_in_the_document(make_run, tmp_path):
    run = make_run("torn", metrics=jsonl([PARZEN]) + '{"metric": "lost')
    document = write_results([run], tmp_path / "docs" / "results.md").read_text()
    assert "Note: The last line of metrics.jsonl is torn" in document


def test_a_repeated_evaluation_stands_once(make_run, tmp_path):
    run = make_run("twice", metrics=[PARZEN, PARZEN, {**PARZEN, "value": 1.0}])
    document = write_results([run], tmp_path / "docs" / "results.md").read_text()
    assert document.count("`parzen_log_likelihood`") == 2


def test_markup_in_a_run_stays_text(make_run, tmp_path):
    hostile = "a | b\n## c <script> ``x`` [y](z) *w*"
    recipe = {**RECIPE, "name": hostile, "summary": hostile, "command": hostile}
    run = make_run(
        "m",
        recipe=recipe,
        metrics=[{"metric": hostile, "value": 1.0, "interval": [0, 2], "provenance": {"k": hostile}}],
    )
    document = write_results([run], tmp_path / "docs" / "results.md").read_text()
    headings = [line for line in document.splitlines() if line.startswith("#")]
    assert headings == ["# Results", "## m"]
    assert r"| Recipe | a \| b \#\# c \<script\> \`\`x\`\` \[y\](z) \*w\* |" in document.splitlines()
    assert r"| Command | ``` a \| b ## c <script> ``x`` [y](z) *w* ``` |" in document.splitlines()


def test_numbers_that_json_does_not_know_become_null(make_run, tmp_path):
    run = make_run(
        "odd",
        metrics='{"metric": "m", "value": NaN, "interval": [-Infinity, Infinity]}\n',
        recipe="started: 2026-01-02\n",
    )
    write_results([run], tmp_path / "docs" / "results.md")
    record = json.loads(
        (tmp_path / "docs/results/odd.json").read_text(), parse_constant=lambda constant: pytest.fail(constant)
    )
    assert record["metrics"] == [{"metric": "m", "value": None, "interval": [None, None]}]
    assert record["started"] == "2026-01-02"


def test_mistakes_leave_everything_as_it_was(make_run, tmp_path):
    out = tmp_path / "docs" / "results.md"
    good = make_run("good")
    for wrong, problem in (
        (make_run("none", metrics=None), "no metrics"),
        (make_run("a b"), "a b"),
        (tmp_path / "x", "run folder"),
    ):
        with pytest.raises(UserError, match=problem):
            write_results([good, wrong], out)
        assert not (tmp_path / "docs").exists()
    with pytest.raises(UserError, match="no record"):
        write_results([], out)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "metrics": []}', '{"format": 1}'])
def test_a_broken_record_is_named(make_run, tmp_path, text):
    (tmp_path / "docs" / "results").mkdir(parents=True)
    (tmp_path / "docs" / "results" / "old.json").write_text(text)
    with pytest.raises(UserError, match=r"old\.json"):
        write_results([make_run("new")], tmp_path / "docs" / "results.md")


def test_the_command(make_run, tmp_path, capsys):
    out = tmp_path / "docs" / "results.md"
    assert main([str(make_run("mnist")), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out) and "## mnist" in out.read_text()
    assert main([str(tmp_path / "nowhere"), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "nowhere" in said
