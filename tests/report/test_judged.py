"""What an evaluation says in words: each number beside that of real data, and pixels never praise."""

from collections.abc import Sequence
from typing import Any

import pytest

from saddlepoint.report.judged import courses, improving, judges_of, short_of_real
from saddlepoint.report.read import read_run
from tests.report.test_page import written


def record(metric: str, value: float, real: float, *, by: str = "seen", step: int = 100, **more: Any) -> dict[str, Any]:
    return {
        "metric": metric,
        "value": value,
        "interval": [0.9 * value, 1.1 * value],
        "provenance": {
            "step": step,
            "samples": 400,
            "features": {"name": by},
            "baseline": {"value": real, "interval": [0.9 * real, 1.1 * real], "samples": 400, "same_counts": True},
            **more,
        },
    }


def judged(make_run, *records: dict[str, Any]):
    return judges_of(read_run(make_run(metrics=records, log=None)))


def test_the_newest_number_of_each_judge_stands_beside_real_data(make_run) -> None:
    found = judged(
        make_run,
        record("frechet_distance", 391, 31, step=50),
        record("frechet_distance", 146, 31),
        record("precision", 0.14, 0.97),
        record("coverage", 0.08, 0.97),
        record("frechet_distance", 0.2, 0.1, by="hog"),
        # Of no features, and no measurement at all.
        {**record("modes", 8, 8), "provenance": {"step": 100}},
        {"metric": "broken", "provenance": {"step": 100}},
    )
    assert [judge.name for judge in found] == ["seen", "hog"] and {judge.step for judge in found} == {100}
    assert found[0].line == (
        "distance from the data 146; real in their place: 31; of 100 samples 14 lie among the data (real images in "
        "their place: 97); of 100 training images 8 have a sample close by (real images in their place: 97) (by seen)"
    )
    assert short_of_real(found) is True


@pytest.mark.parametrize(
    ("records", "short"),
    [
        ([record("frechet_distance", 30, 31)], False),
        # Mean and covariance are right, and still hardly a sample lies among the data.
        ([record("frechet_distance", 30, 31), record("precision", 0.02, 0.97)], True),
        ([record("frechet_distance", 30, 31), record("frechet_distance", 0.2, 0.1, by="hog")], True),
        # Pixels can tell that samples are bad, and not that they are good; of shares they know nothing.
        ([record("frechet_distance", 9, 5, by="pixels")], True),
        ([record("frechet_distance", 5, 5, by="pixels"), record("precision", 0.1, 0.9, by="pixels")], None),
        ([], None),
    ],
)
def test_samples_are_as_good_as_real_ones_only_where_no_judge_says_otherwise(make_run, records, short) -> None:
    assert short_of_real(judged(make_run, *records)) is short


def test_pixels_print_no_shares_and_say_that_they_say_little(make_run) -> None:
    (judge,) = judged(
        make_run, record("frechet_distance", 5, 5, by="pixels"), record("precision", 0.9, 0.9, by="pixels")
    )
    told = [*judge.sentences]
    assert "Of 100" not in f"{judge.line} {told}" and "say little about what pictures show" in told[-1]


def during(values: Sequence[float], by: str = "seen") -> list[dict[str, Any]]:
    steps = range(100, 100 * len(values) + 1, 100)
    return [
        record("frechet_distance", value, 31, by=by, step=step, images=64 * step, during="every 6400 images")
        for step, value in zip(steps, values, strict=True)
    ]


def test_evaluations_on_the_way_are_drawn_over_images_beside_real_data(make_run) -> None:
    run = make_run(metrics=[*during([300, 200, 150]), *during([3, 2, 1], by="hog")], log=None)
    drawn = dict(courses(read_run(run)))
    assert [*drawn] == ["frechet_distance by seen", "frechet_distance by hog"]
    assert "images 6,400 to 19,200" in drawn["frechet_distance by seen"].description
    html, page = written(run)
    assert "Over training" in page.text() and html.count(">images</text>") == 2


def test_whether_it_still_gets_better_is_known_from_three_evaluations_on(make_run) -> None:
    cases = {"one": [300, 200], "two": [300, 200, 150], "three": [300, 150, 200]}
    found = {name: improving(read_run(make_run(name, metrics=during(case), log=None))) for name, case in cases.items()}
    assert found == {"one": None, "two": True, "three": False}
