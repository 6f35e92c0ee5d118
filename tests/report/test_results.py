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
        "| `parzen_log_likelihood` | 225.125 | 221.5 to 228.75 | not recorded "
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
    assert "| `m` | – | – to – | not recorded | not recorded |" in lines
    assert not [line for line in lines if line.startswith("![")] and not (tmp_path / "docs" / "pictures").exists()


def test_a_metric_of_another_form_is_shown_as_far_as_it_goes(make_run, tmp_path):
    run = make_run("own", metrics=[{"metric": "m", "value": 2.0, "interval": 5, "provenance": "by hand"}])
    assert (
        "| `m` | 2 | – to – | not recorded | by hand |"
        in write_results([run], tmp_path / "docs" / "results.md").read_text()
    )


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


def _measured(value: float, *, samples: int = 10, **more: object) -> dict:
    baseline = {"value": 0.5, "interval": [0.25, 0.75], "samples": 10, "reference_samples": 10, "same_counts": True}
    about = {"version": 1, "samples": samples, "features": {"name": "pixels", "sha256": "0123456789abcdef" * 4}}
    provenance = {**about, "seed": value, "baseline": baseline, "closest": [{"sample": 1}], **more}
    return {"metric": "frechet_distance", "value": value, "interval": [value - 1, value + 1], "provenance": provenance}


def test_numbers_stand_beside_what_real_data_scores_and_side_by_side_where_they_may(make_run, tmp_path):
    out = tmp_path / "docs" / "results.md"
    runs = [make_run(name, metrics=[_measured(value)]) for name, value in (("a", 2.0), ("b", 3.0))]
    other = make_run("c", metrics=[_measured(4.0, samples=20)])
    text = write_results([*runs, other], out).read_text()
    shown = "features.name: pixels; features.sha256: 0123456789ab; seed: 2 |"
    assert f"| `frechet_distance` | 2 | 1 to 3 | 0.5 (0.25 to 0.75) | version: 1; samples: 10; {shown}" in text
    beside = text[text.index("## Side by side") :]
    assert "| a | 2 | 1 to 3 | 0.5 (0.25 to 0.75) |" in beside and "| b | 3 | 2 to 4 |" in beside
    assert "| c |" not in beside


def test_of_what_a_run_measured_as_it_went_on_only_the_newest_is_recorded(make_run, tmp_path):
    lines = [_measured(float(step), step=step, during="every 100 images") for step in (1, 2, 3)]
    write_results([make_run("a", metrics=lines)], tmp_path / "docs" / "results.md")
    assert [line["value"] for line in json.loads((tmp_path / "docs/results/a.json").read_text())["metrics"]] == [3.0]
    write_results([make_run("b", metrics=[*lines, _measured(9.0)])], tmp_path / "docs" / "results.md")
    assert [line["value"] for line in json.loads((tmp_path / "docs/results/b.json").read_text())["metrics"]] == [9.0]


def test_what_benchmarks_wrote_has_sections_of_its_own(make_run, tmp_path):
    records = tmp_path / "docs" / "results"
    records.mkdir(parents=True)
    case = {
        "name": "two normals",
        "metric": "m",
        "target": 1.5,
        "mean_value": 1.25,
        "repetitions": 200,
        "coverage": 0.95,
    }
    (records / "coverage.json").write_text(json.dumps({"command": "measure it", "date": "today", "rows": [case]}))
    metric = {"metric": "psnr", "value": 21.625, "interval": [None, None], "provenance": {"samples": 1}}
    published = {"set": "comic", "published": {"psnr": 21.59}, "metrics": [metric]}
    (records / "bicubic.json").write_text(json.dumps({"command": "x", "protocol": "of 2017", "rows": [published]}))
    trained = {"name": "x-small", "data": "d.zip", "seconds": 120.0, "steps": 7, "images_per_s": 3.5, "alive": False}
    spread = {"spread": 0.05, "spread_of_data": 0.2}
    (records / "small.json").write_text(json.dumps({"command": "train them", "rows": [trained | spread]}))
    attacks = [{"kind": "kills", "tried": 1200, "not_good": []}, {"kind": "disk", "tried": 34, "not_good": [{}]}]
    (records / "hostile.json").write_text(json.dumps({"command": "attack it", "rows": attacks}))
    found = {"value": 0.5, "interval": [0.25, 0.75], "real": {"value": 0.9}}
    judges = {"hog": {"frechet_distance": found, "precision": found}, "pixels": {"precision": found}}
    ranked = {"name": "x2", "rate": 0.001, "judges": judges}
    (records / "judges.json").write_text(json.dumps({"command": "judge it", "rows": [ranked]}))
    grown = [
        {
            "way": "grown",
            "seed": seed,
            "steps": [9, 5],
            "features": "f",
            "metrics": [metric | {"interval": ends, "real": 1.0}],
        }
        for seed, ends in enumerate(([20.0, 23.0], [21.0, 22.0]))
    ]
    box = {"small": 60.0, "large": 90.0, "afresh": 150.0}
    (records / "growing.json").write_text(
        json.dumps({"command": "g", "settings": ["a=1"], "processor_seconds": box, "rows": grown})
    )
    lines = write_results([make_run("a")], tmp_path / "docs" / "results.md").read_text().splitlines()
    assert "| x2 | 0.001 | hog | 0.5 (0.25 to 0.75); real 0.9 | 0.5 (0.25 to 0.75); real 0.9 |" in lines
    assert "| x2 | 0.001 | pixels | not asked | 0.5 (means nothing in pixels) |" in lines
    each = "21.625 (20 to 23); 21.625 (21 to 22)"
    assert f"| f | `psnr` | grown | 9 + 5, 9 + 5 | 21.625 | {each} | 1 |" in lines
    assert "1,234 attempts of 2 kinds, 1 not good: [reliability.md](reliability.md)." in lines
    assert "| two normals | `m` | 1.5 | 1.25 | 200 | 0.950 |" in lines
    assert "Made by `measure it`, today." in lines
    assert "| `x-small` | d.zip | 120 | 7 | 3.5 | 0.25 | no | [picture](pictures/x-small.png) |" in lines
    assert "| comic | `psnr` | 21.625 | 21.59 | 1 |" in lines
