"""Verdicts: better is what a judge says and none contradicts; pixels are not asked where somebody else is."""

import pytest

from saddlepoint.measuring.verdicts import in_words, verdicts


def record(interval: tuple[float, float], judge: str = "hog", metric: str = "frechet_distance", **about) -> dict:
    features = {"features": {"name": judge}} if judge else {}
    return {
        "metric": metric,
        "value": sum(interval) / 2,
        "interval": list(interval),
        "provenance": {**features, "samples": 400, **about},
    }


LOW, HIGH, WIDE = (1.0, 2.0), (3.0, 4.0), (1.5, 3.5)


@pytest.mark.parametrize(
    ("net", "hog", "better", "words"),
    [
        ((HIGH, LOW), (HIGH, LOW), 1, "frechet_distance: B is better than A by net and hog"),
        ((LOW, HIGH), (HIGH, WIDE), 0, "frechet_distance: A is better than B by net; hog does not tell them apart"),
        ((LOW, HIGH), (HIGH, LOW), None, "contradict each other (net says A, hog says B): neither counts as better"),
        ((LOW, WIDE), (WIDE, HIGH), None, "frechet_distance: A and B are not told apart by net and hog"),
    ],
)
def test_a_run_is_better_where_a_judge_says_so_and_none_says_the_opposite(net, hog, better, words):
    runs = [[record(net[place], "net"), record(hog[place])] for place in (0, 1)]
    (found,) = verdicts(runs)
    assert found.better == better and found.contradictory == ("contradict" in words)
    assert words in in_words(found, ["A", "B"])


def test_of_shares_the_higher_is_the_better():
    (found,) = verdicts([[record(LOW, metric="recall")], [record(HIGH, metric="recall")]])
    assert found.better == 1
    assert in_words(found, ["A", "B"]) == "recall: B is better than A by hog, the only judge"


def test_pixels_are_asked_where_nobody_else_is_and_never_for_shares():
    pixels = [record(LOW, "pixels"), record(LOW, "pixels", "coverage")]
    others = [record(HIGH, "pixels"), record(HIGH, "pixels", "coverage")]
    (alone,) = verdicts([pixels, others])
    assert (alone.metric, alone.better, dict(alone.says)) == ("frechet_distance", 0, {"pixels": 0})
    (beside,) = verdicts([[*pixels, record(HIGH)], [*others, record(LOW)]])
    assert (beside.better, dict(beside.says)) == (1, {"hog": 1})


def test_numbers_of_other_features_or_ways_or_without_an_order_are_not_asked():
    assert verdicts([[record(LOW, "net")], [record(HIGH)]]) == []
    assert verdicts([[record(LOW, samples=400)], [record(HIGH, samples=200)]]) == []
    assert verdicts([[record(LOW, "", "parzen_log_likelihood")], [record(HIGH, "", "parzen_log_likelihood")]]) == []
    assert verdicts([[record(LOW)], [record(HIGH)]], ["recall"]) == []


def test_each_two_of_several_runs_and_the_newest_of_each_are_compared():
    found = verdicts([[record(HIGH), record(LOW)], [record(HIGH)], [record(WIDE)]])
    assert [(each.first, each.second, each.better) for each in found] == [(0, 1, 0), (0, 2, None), (1, 2, None)]
