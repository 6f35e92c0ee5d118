"""The page: complete, self-contained, inert whatever a run holds, and there for a run in any state."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from saddlepoint.errors import UserError
from saddlepoint.report import write_report
from tests.report.conftest import FINISHED, PARZEN, RECIPE, log_line

ATTACK = "</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'><b>"
VOID = {"meta", "link", "img", "br", "input"}


class Page(HTMLParser):
    """The elements of a page; fails where tags are not nested."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, *, without: tuple[str, ...] = ("style", "script")) -> str:
        return " ".join(" ".join(text for tag, text in self.texts if tag not in without).split())


def written(run) -> tuple[str, Page]:
    html = write_report(run).read_text(encoding="utf-8")
    return html, Page(html)


def test_everything_that_the_folder_tells_is_on_the_page(make_run):
    html, page = written(make_run(findings=[{"what": "collapse of three modes", "since": 40}]))
    text = page.text()
    for expected in (
        "digits", "Handwritten digits.", "Finished at step 100.", "6,400", "50 s", "5,000 (median)", "non_saturating",
        "f1", "f2", "r1", "total", "real", "fake", "discriminator.rate", "generator.rate", "Gradient norms",
        "parzen_log_likelihood", "225.125", "221.5 to 228.75", '"split": "test"', "started", "finished",
        "2026-01-02T03:04:05+00:00", "collapse of three modes", "command: saddlepoint train digits --seed 7",
    ):  # fmt: skip
        assert expected in text, expected
    assert len([picture for picture in page.all("img") if picture["src"].startswith("data:image/png")]) == 3
    # Losses of two players, outputs, gradient norms, speed, one setting that changes.
    assert len(re.findall(r'<div role="img"', html)) == 6


def test_captions_say_what_a_healthy_curve_looks_like(make_run):
    text = written(make_run())[1].text()
    assert text.count("Healthy:") >= 6 and text.count("Look twice") >= 5


def test_nothing_leads_out_of_the_page(make_run):
    html, page = written(make_run())
    assert not re.search(r"(?i)https?:|//|@import|url\(|fetch|XMLHttp|WebSocket", _without_data(html))
    for tag, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "srcset", "action", "poster", "data"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#")), (tag, attributes)
    assert {"iframe", "object", "embed", "form", "base"}.isdisjoint(tag for tag, _ in page.elements)


def _without_data(html: str) -> str:
    """The page without embedded pictures, hashes, and references within it."""
    return re.sub(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+|sha256-[A-Za-z0-9+/=]+|url\(#\w+\)", "", html)


def test_the_page_forbids_itself_to_load_and_to_run_anything_else(make_run):
    html, page = written(make_run())
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy and "img-src data:" in policy
    (script,) = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert not [attributes for _, attributes in page.elements if any(name.startswith("on") for name in attributes)]


def test_markup_in_a_run_is_text(make_run):
    line = log_line(10)
    line["losses"][ATTACK] = {ATTACK: 1.0}
    line["outputs"] = {ATTACK: 0.5}
    line["settings"] = {ATTACK: 1.0}
    other = {**line, "step": 20, "settings": {ATTACK: 2.0}}
    metric = {"metric": ATTACK, "value": ATTACK, "interval": [ATTACK, ATTACK], "provenance": {ATTACK: ATTACK}}
    run = make_run(
        name=ATTACK.replace("/", "|"),
        recipe={**RECIPE, "name": ATTACK, "summary": ATTACK, "objective": ATTACK, "found": {"source": ATTACK}},
        log=[line, other],
        events=[{"event": ATTACK, "time": ATTACK, "step": ATTACK, ATTACK: [ATTACK]}],
        metrics=[metric],
        findings=[{ATTACK: {"x": ATTACK}}],
    )
    html, page = written(run)
    assert (
        len(page.all("script")) == 1
        and html.count("<script>") == 1
        and all(attributes == {} for attributes in page.all("b"))
    )
    assert all("onerror" not in attributes for attributes in page.all("img"))
    assert all(picture["src"].startswith("data:image/") for picture in page.all("img"))
    assert page.text().count("<script>alert(1)</script>") >= 12


def test_it_reads_well_on_a_phone_and_aloud(make_run):
    html, page = written(make_run())
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    assert page.all("html") == [{"lang": "en"}] and len(page.all("h1")) == 1 and len(page.all("main")) == 1
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert all(picture.get("alt") for picture in page.all("img"))
    drawn = [attributes for _, attributes in page.elements if attributes.get("role") == "img"]
    assert drawn and all(len(attributes["aria-label"]) > 20 for attributes in drawn)
    assert all(attributes.get("aria-hidden") == "true" for attributes in page.all("svg"))
    assert "prefers-color-scheme: dark" in html
    sizes = [float(size) for size in re.findall(r"font(?:-size)?:\s*([\d.]+)rem", html)]
    assert sizes and min(sizes) >= 0.85
    names = [
        attributes["id"]
        for _, attributes in page.elements
        if "id" in attributes and not re.fullmatch("[mp][0-9a-f]{10}", attributes["id"])
    ]
    assert len(names) == len(set(names))


def test_without_its_script_all_pictures_are_there(make_run):
    _, page = written(make_run(samples=range(0, 1000, 10), log=None))
    frames = [attributes for attributes in page.all("li") if "data-step" in attributes]
    assert len(frames) == 24 and frames[0]["data-step"] == "0" and frames[-1]["data-step"] == "990"
    assert "24 of 100 pictures" in page.text()
    assert "hidden" not in {name for attributes in frames for name in attributes}


def test_one_picture_needs_no_slider(make_run):
    _, page = written(make_run(samples=(100,), log=None))
    assert "There is only this one picture so far." in page.text() and len(page.all("img")) == 1
    assert not [attributes for attributes in page.all("div") if attributes.get("id") == "time"]


def test_points_are_captioned_as_points(make_run):
    _, toy = written(make_run("toy", recipe={**RECIPE, "found": {"kind": "points"}}, log=None))
    _, digits = written(make_run("digits", log=None))
    of_points, of_images = toy.text(), digits.text()
    # Enlarged, a point of a drawing is no pixel of the data.
    assert [section.get("class") for section in toy.all("section")[:1] + digits.all("section")[:1]] == [None, "pixels"]
    assert "Generated points" in of_points and "Generated points" not in of_images


def test_an_empty_run_gives_a_page_that_says_so(make_run):
    text = written(make_run(recipe="", log="", events=None, metrics=None, samples=()))[1].text()
    for sentence in (
        "No end is recorded", "This run has no sample picture yet.", "The log is empty", "Nothing was measured yet.",
        "No event is recorded.",
    ):  # fmt: skip
        assert sentence in text


@pytest.mark.parametrize(
    "recipe",
    [{"name": ["a"], "summary": {"b": 1}, "training": 5, "machine": [], "found": {"shape": 3}}, {"name": None}, {1: 2}],
)
def test_a_strange_recipe_does_not_stop_the_page(make_run, recipe):
    assert "Finished at step 100." in written(make_run(recipe=recipe, log=None))[1].text()


@pytest.mark.parametrize(
    "metric",
    [{}, {"metric": None, "value": None, "interval": None}, {"value": [1], "interval": []}, {"interval": [None, None]},
     {"interval": 5, "provenance": "by hand"}],
)  # fmt: skip
def test_a_strange_metric_does_not_stop_the_page(make_run, metric):
    assert "Metrics" in written(make_run(metrics=[metric], log=None))[1].text()


@pytest.mark.parametrize(
    "line", [{"losses": 3, "outputs": {"real": {"a": 1}}}, {"losses": {"total": 1.0}}, {"outputs": 1.0}, {}]
)
def test_a_strange_log_does_not_stop_the_page(make_run, line):
    assert "Curves" in written(make_run(log=[{"step": 1, **line}]))[1].text()


def test_an_unreadable_picture_is_left_out_and_said(make_run):
    run = make_run(samples=(10, 20), log=None)
    (run / "samples" / "00000020.png").write_bytes(b"no picture")
    _, page = written(run)
    assert "samples/00000020.png is not a readable picture; it is left out." in page.text()
    assert "After 10 steps." in page.text() and len(page.all("img")) == 1


def test_a_torn_log_is_said_on_the_page(make_run):
    run = make_run()
    with (run / "log.jsonl").open("a") as file:
        file.write('{"step": 110')
    assert "The last line of log.jsonl is torn" in written(run)[1].text()


def test_values_that_are_not_finite_are_said(make_run):
    lines = [log_line(10), {**log_line(20), "gradient_norms": {"discriminator": None, "generator": 1.0}}]
    assert "1 of 2 values of discriminator were not finite" in written(make_run(log=lines))[1].text()


def test_long_lists_are_cut_and_said(make_run):
    events = [*({"event": "setting", "step": step} for step in range(300)), FINISHED[1]]
    settings = [{**log_line(step), "settings": {f"s{index}": index + step for index in range(20)}} for step in (10, 20)]
    text = written(make_run(events=events, metrics=[PARZEN] * 250, log=settings))[1].text()
    assert "finished at step 100" in text and "setting at step 101" in text and "setting at step 100" not in text
    assert "The 101 before these are in events.jsonl." in text and "The 50 before these are in metrics.jsonl." in text
    assert "These changed too: s12, s13" in text


def test_a_long_run_gives_a_small_page(make_run):
    run = make_run(log=(log_line(step) for step in range(1, 30_001)), samples=())
    assert write_report(run).stat().st_size < 500_000


def test_the_same_folder_gives_the_same_bytes_and_nothing_beside_them(make_run):
    run = make_run()
    before = {path.name for path in run.iterdir()}
    one = write_report(run).read_bytes()
    assert write_report(run) == run / "report.html" and (run / "report.html").read_bytes() == one
    assert {path.name for path in run.iterdir()} == before | {"report.html"}


def test_a_failed_write_leaves_the_older_page(make_run, monkeypatch):
    run = make_run()
    one = write_report(run).read_bytes()
    (run / "events.jsonl").unlink()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_report(run)
    assert (run / "report.html").read_bytes() == one


def test_a_folder_that_is_no_run_is_refused_and_left_alone(tmp_path):
    with pytest.raises(UserError, match=r"no recipe\.yaml"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []
