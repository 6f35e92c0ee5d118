"""Numbers are functions of their counters, whatever the batching and the neighbours; uniform; for ever the same."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from saddlepoint.randomness import derive_seed, permutation, seeds, uniform


def test_derived_seeds_are_for_ever_the_same() -> None:
    # These stand in runs that people have made: a change here makes them irreproducible.
    assert derive_seed(0, "a") == 4023341742356116196
    assert derive_seed(7, "generator/z", 3, 1) == 7309299124902891049
    assert derive_seed(2**63 - 1, "x", 0) == 4384186031394262943


def test_a_derived_seed_fits_every_generator_and_depends_on_each_argument() -> None:
    made = [
        derive_seed(seed, stream, *c) for seed in (0, 1) for stream in "ab" for c in [(), (0,), (1,), (0, 1), (1, 0)]
    ]
    assert len(set(made)) == len(made) == 20
    assert all(0 <= seed < 2**63 for seed in made)
    torch.manual_seed(max(made))


def test_uniform_numbers_are_for_ever_the_same() -> None:
    expected = [
        [0.2275520736500462, 0.8494825739478243, 0.4652231484114339, 0.7713348025012917, 0.2675844918908637],
        [0.1793778117286297, 0.9123923388980885, 0.6840767980682912, 0.7112685692017439, 0.9643392044207905],
    ]
    np.testing.assert_allclose(uniform(0, "a", samples=range(2), width=5), expected, rtol=1e-13)


def test_a_row_depends_on_its_own_index_alone() -> None:
    whole = uniform(3, "z", 5, samples=range(100), width=7)
    assert whole.shape == (100, 7) and whole.dtype == torch.float64
    parts = [uniform(3, "z", 5, samples=range(start, start + 25), width=7) for start in range(0, 100, 25)]
    assert torch.equal(torch.cat(parts), whole)
    scattered = np.array([99, 0, 41, 42, 43, 41, 7])
    assert torch.equal(uniform(3, "z", 5, samples=scattered, width=7), whole[scattered])
    far = 2**40 + 1
    both = uniform(3, "z", 5, samples=range(far - 1, far + 1), width=7)
    assert torch.equal(uniform(3, "z", 5, samples=range(far, far + 1), width=7)[0], both[1])


def test_rows_start_at_whole_counters() -> None:
    # Rows start at whole counters: the first row always begins the same way, later ones lie where the width puts them.
    narrow, wide = (uniform(3, "z", samples=range(3), width=width) for width in (3, 4))
    assert torch.equal(narrow, wide[:, :3])
    assert torch.equal(uniform(3, "z", samples=range(1), width=9)[:, :4], wide[:1])


@pytest.mark.parametrize(("samples", "width"), [(range(0), 3), (range(4), 0)])
def test_nothing_is_drawn_where_nothing_is_asked_for(samples: range, width: int) -> None:
    assert uniform(0, "a", samples=samples, width=width).shape == (len(samples), width)


@pytest.mark.parametrize("word", [0, 2**64 - 1])
def test_the_interval_is_open(word: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Extreme:
        """Draws the same word for ever."""

        def __init__(self, key: np.ndarray):
            pass

        def advance(self, by: int) -> None:
            pass

        def random_raw(self, count: int) -> np.ndarray:
            return np.full(count, word, dtype=np.uint64)

    monkeypatch.setattr(seeds.np.random, "Philox", Extreme)
    number = uniform(0, "a", samples=range(1), width=1).item()
    assert 0 < number < 1
    assert min(number, 1 - number) < 1e-15, "the ends are nearly reached"


def test_the_numbers_are_uniform_along_rows_and_along_samples() -> None:
    numbers = uniform(11, "z", 2, samples=range(20_000), width=5).numpy()
    assert kstest(numbers.ravel(), "uniform").pvalue > 0.01
    for column in numbers.T:
        assert kstest(column, "uniform").pvalue > 0.01
    correlations = np.corrcoef(numbers.T) - np.eye(5)
    assert np.abs(correlations).max() < 4 / np.sqrt(len(numbers))
    # Neighbours, too: sample i against sample i + 1.
    assert abs(np.corrcoef(numbers[1:, 0], numbers[:-1, 0])[0, 1]) < 4 / np.sqrt(len(numbers))


@pytest.mark.parametrize("other", [(12, "z", 2), (11, "y", 2), (11, "z", 3), (11, "z", 2, 0), (11, "z")])
def test_other_streams_are_independent(other: tuple) -> None:
    ours = uniform(11, "z", 2, samples=range(5000), width=4).ravel()
    theirs = uniform(*other, samples=range(5000), width=4).ravel()
    assert not (ours == theirs).any()
    assert abs(np.corrcoef(ours, theirs)[0, 1]) < 4 / np.sqrt(len(ours))


def test_permutations_are_for_ever_the_same_and_take_everything_once() -> None:
    assert permutation(8, 0, "real", 3).tolist() == [5, 7, 2, 3, 4, 6, 1, 0]
    order = permutation(1000, 5, "real", 0)
    assert order.dtype == np.int64 and sorted(order) == list(range(1000))
    assert permutation(1000, 5, "real", 0).tolist() == order.tolist()
    assert permutation(1000, 5, "real", 1).tolist() != order.tolist()
    assert permutation(0, 5, "real").tolist() == [] and permutation(1, 5, "real").tolist() == [0]


def test_each_item_comes_at_each_place_equally_often() -> None:
    counts = np.zeros((4, 4))
    for epoch in range(4000):
        counts[np.arange(4), permutation(4, 9, "real", epoch)] += 1
    # 1000 each, with a standard deviation of sqrt(4000 x 1/4 x 3/4) = 27.4.
    assert np.abs(counts - 1000).max() < 4 * 27.4
