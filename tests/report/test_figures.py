"""Curves keep every spike, say what they leave out, and make SVG that can stand in a page."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest

from saddlepoint.report.figures import BUCKETS, COLOURS, DASHES, curves, envelope
from saddlepoint.report.read import Series


def series(values, name: str = "x") -> Series:
    values = np.asarray(values, dtype=np.float64)
    return Series(path=(name,), steps=np.arange(1.0, len(values) + 1), values=values)


def test_a_short_series_is_kept_as_it_is():
    thinned = envelope(series([3.0, 1.0, np.nan, 2.0]))
    for values in (thinned.low, thinned.high, thinned.mean):
        np.testing.assert_array_equal(values, [3, 1, 2])
    np.testing.assert_array_equal(thinned.steps, [1, 2, 4])


@pytest.mark.parametrize("count", [BUCKETS + 1, 1000, 99_991])
def test_each_bucket_keeps_its_smallest_largest_and_mean_value(count):
    values = np.random.default_rng(0).normal(size=count)
    thinned = envelope(series(values))
    starts = [index * count // BUCKETS for index in range(BUCKETS)] + [count]
    parts = [values[start:stop] for start, stop in pairwise(starts)]
    np.testing.assert_array_equal(thinned.low, [part.min() for part in parts])
    np.testing.assert_array_equal(thinned.high, [part.max() for part in parts])
    np.testing.assert_allclose(thinned.mean, [part.mean() for part in parts], rtol=1e-9, atol=1e-12)
    assert (np.diff(thinned.steps) > 0).all()


def test_one_spike_in_a_million_is_seen():
    values = np.zeros(1_000_000)
    values[123_456], values[654_321] = 5.0, -4.0
    thinned = envelope(series(values))
    assert len(thinned.mean) == BUCKETS and thinned.high.max() == 5.0 and thinned.low.min() == -4.0


def test_the_svg_is_well_formed_and_stands_alone():
    figure = curves("Losses", [("f1", series(np.sin(np.arange(5000) / 99))), ("total", series([1.0, 2.0]))])
    element = ElementTree.fromstring(figure.svg.replace("xlink:href", "href"))
    assert element.tag == "svg" and element.get("viewBox") and element.get("width") is None
    names = {node.get("id") for node in element.iter() if node.get("id")}
    used = {node.get("href", "")[1:] for node in element.iter("use")}
    clips = {value[5:-1] for node in element.iter() for key, value in node.attrib.items() if key == "clip-path"}
    assert used <= names and clips <= names and names <= used | clips | names
    assert "http" not in figure.svg and "<style" not in figure.svg and "<metadata" not in figure.svg
    assert "step" in {"".join(node.itertext()).strip() for node in element.iter("text")}
    assert "currentColor" in figure.svg and "#ffffff" not in figure.svg and "#000000" not in figure.svg
    assert all(COLOURS[index] in figure.svg for index in (0, 1)) and COLOURS[2] not in figure.svg


def test_the_same_series_give_the_same_bytes():
    one, other = (curves("x", [("a", series(np.arange(1000.0) ** 2))]).svg for _ in range(2))
    assert one == other and "202" not in one.split("viewBox")[0]


def test_legend_and_description_say_what_is_drawn():
    figure = curves(
        "Losses", [("f1", series([1.0, 3.0, 2.0])), ("gone", series([np.nan])), ("f2", series([5.0, np.nan]))]
    )
    assert [(line.name, line.colour, line.dash, line.last) for line in figure.lines] == [
        ("f1", COLOURS[0], DASHES[0], 2.0),
        ("f2", COLOURS[1], DASHES[1], 5.0),
    ]
    assert figure.description.startswith("Losses, steps 1 to 3: f1 from 1 to 2, between 1 and 3; f2 from 5 to 5")
    assert figure.notes == (
        "1 of 1 values of gone were not finite and are not drawn.",
        "1 of 2 values of f2 were not finite and are not drawn.",
    )


def test_colours_and_dashes_tell_twelve_lines_apart():
    figure = curves("x", [(str(index), series([1.0, index])) for index in range(12)])
    assert len({(line.colour, line.dash) for line in figure.lines}) == 12


def test_nothing_to_draw_is_no_figure():
    for named in ([], [("a", series([np.nan, np.nan]))], [("a", series([]))]):
        figure = curves("Losses", named)
        assert figure.svg == "" and figure.lines == () and "no value" in figure.description


def ticks(svg: str) -> list[str]:
    return [
        "".join(node.itertext()).strip()
        for node in ElementTree.fromstring(svg.replace("xlink:href", "href")).iter("text")
    ]


def test_a_rare_peak_does_not_set_the_scale_and_is_said():
    values = np.sin(np.arange(5000.0))
    values[2500] = 1e6
    figure = curves("x", [("a", series(values))])
    assert figure.notes == ("The axis leaves out rare extremes: the values go from -1 to 1e+06.",)
    assert "1" in ticks(figure.svg) and "1e6" not in " ".join(ticks(figure.svg))
    # A band that is wide everywhere is not rare.
    wide = np.where(np.arange(500_000) % 2, 1.0, -1.0) + np.linspace(0, 1e-3, 500_000)
    assert curves("x", [("a", series(wide))]).notes == ()


def test_a_logarithmic_axis_needs_positive_values_over_a_wide_range():
    wide, narrow, signed = 10.0 ** np.linspace(-3, 3, 50), np.linspace(1, 5, 50), np.linspace(-1, 900, 50)
    drawn = [ticks(curves("x", [("a", series(values))], logarithmic=True).svg) for values in (wide, narrow, signed)]
    assert {"0.001", "0.1", "10", "1000"} <= set(drawn[0])
    assert {"1", "2", "3", "4", "5"} <= set(drawn[1]) and {"0", "200", "800"} <= set(drawn[2])
    assert "0.001" not in ticks(curves("x", [("a", series(wide))]).svg)


def contrast(colour: str, ground: str) -> float:
    def luminance(code: str) -> float:
        parts = [int(code[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_colour_is_seen_on_light_and_on_dark():
    for colour in COLOURS:
        assert contrast(colour, "#ffffff") >= 3 and contrast(colour, "#14171c") >= 3


def test_what_healthy_runs_show_is_shaded_and_the_axis_reaches_it() -> None:
    def drawn(**given) -> str:
        return curves("x", [("a", series([0.1, 0.2, 0.1]))], **given).svg

    shaded = drawn(healthy=(0.9, None), marks=(1,))
    assert "#0f9d76" in shaded and "#0f9d76" not in drawn()
    assert "0.8" in ticks(shaded) and "0.8" not in ticks(drawn())
    assert shaded.count("stroke-dasharray") == drawn().count("stroke-dasharray") + 1
