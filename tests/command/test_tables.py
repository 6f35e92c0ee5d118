"""Measured numbers in words."""

from saddlepoint.command.tables import (
    aligned,
    baseline_in_words,
    interval_in_words,
    measured,
    names_in,
    number_in_words,
)


def test_numbers_that_are_not_finite_stand_as_none_and_are_named() -> None:
    assert (number_in_words(1 / 3), number_in_words(None)) == ("0.3333", "infinite")
    assert interval_in_words([None, 2.0]) == "[-inf, 2]" and interval_in_words([1.0, None]) == "[1, inf]"


def test_a_baseline_says_its_count_where_it_is_another_than_the_samples() -> None:
    scored = {"value": 1.0, "interval": [0.5, 2.0]}
    assert baseline_in_words(scored) == "1 [0.5, 2]"
    assert baseline_in_words({**scored, "same_counts": False, "samples": 70}) == "1 [0.5, 2] of 70"
    assert baseline_in_words({"why": "no images were held out"}) == ""


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert aligned([("a", "bb", ""), ("ccc", "d", "e")]) == "a    bb\nccc  d   e"


def test_a_list_of_metrics_may_have_spaces() -> None:
    assert names_in("psnr, ssim") == ["psnr", "ssim"] and names_in(None) is None


def test_judges_stand_under_each_other_and_what_means_nothing_says_so():
    def record(metric: str, judge: str, value: float) -> dict:
        about = {"features": {"name": judge}, "baseline": {"value": 1.0, "interval": [0.5, 1.5]}, "samples": 40}
        return {"metric": metric, "value": value, "interval": [value - 0.1, value + 0.1], "provenance": about}

    first = [record("frechet_distance", "pixels", 5), record("precision", "pixels", 0.9)]
    assert measured([*first, record("frechet_distance", "hog", 0.2), record("precision", "hog", 0.3)]).splitlines() == [
        "metric            judge   value  95 % interval  real against real  samples",
        "frechet_distance  pixels  5      [4.9, 5.1]     1 [0.5, 1.5]       40",
        "                  hog     0.2    [0.1, 0.3]     1 [0.5, 1.5]       40",
        "precision         pixels  0.9    [0.8, 1]       1 [0.5, 1.5]       40       means nothing in pixels",
        "                  hog     0.3    [0.2, 0.4]     1 [0.5, 1.5]       40",
    ]
    assert "judge" not in measured(first)
