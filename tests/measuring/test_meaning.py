"""What stands beside the numbers: which way is bad, and that too few items say nothing."""

import numpy as np
import pytest

from saddlepoint.measuring.meaning import meanings
from saddlepoint.metrics.memorisation import FEWEST, chance_half_width, memorisation, tells_copying


def record(metric: str, interval=(0.4, 0.6), **provenance) -> dict:
    return {"metric": metric, "value": 0.5, "interval": list(interval), "provenance": provenance}


def test_without_copying_the_value_falls_as_often_into_the_interval_as_it_says() -> None:
    # So few that the exact distribution is far from a normal one: 95 % within two points over 400 draws.
    n, m, inside = 12, 15, 0
    for seed in range(400):
        generator = np.random.default_rng(seed)
        samples, training, held_out = (generator.normal(size=(count, 3)) for count in (n, 30, m))
        value = memorisation(samples, training, held_out, provenance={}).value
        inside += abs(value - 0.5) <= chance_half_width(n, m)
    assert 0.92 <= inside / 400 <= 0.98


def test_the_fewest_are_those_that_tell_every_second_sample_copied() -> None:
    assert tells_copying(FEWEST, FEWEST) and not tells_copying(FEWEST - 1, FEWEST - 1)
    # Of many samples a few held-out images are enough, and never fewer than the smaller side's own noise allows.
    assert tells_copying(10_000, 6) and not tells_copying(10_000, 5)


@pytest.mark.parametrize(("samples", "held_out", "few"), [(9, 2, True), (5, 10_000, True), (11, 11, False)])
def test_memorisation_says_which_way_is_bad_and_from_how_many_it_means_anything(samples, held_out, few) -> None:
    lines = meanings([record("memorisation", samples=samples, held_out_images=held_out)])
    assert "towards 1, samples lie nearer to training images" in lines[0] and len(lines) == 1 + few
    if few:
        assert "says nothing yet" in lines[1] and f"about {FEWEST} of each" in lines[1]
        assert f"{samples} samples" in lines[1] and "data.hold_out" in lines[1]


@pytest.mark.parametrize(("samples", "dimensions", "few"), [(9, 256, True), (64, 64, True), (65, 64, False)])
def test_a_distance_of_fewer_items_than_dimensions_is_said_to_be_bias(samples, dimensions, few) -> None:
    found = record("frechet_distance", samples=samples, reference_samples=1000, dimensions=dimensions)
    lines = meanings([found])
    assert bool(lines) == few
    if few:
        assert f"{samples} items in {dimensions} dimensions" in lines[0]


def test_shares_that_leave_everything_open_are_named_with_their_count() -> None:
    wide = [record(name, (0.0, 1.0), samples=9) for name in ("precision", "recall")]
    assert meanings([*wide, record("coverage", samples=9)]) == [
        "precision, recall of 9 samples say next to nothing: see the intervals"
    ]
    assert meanings([record("precision", samples=900), record("kernel_distance", (-5, 5), samples=9)]) == []
