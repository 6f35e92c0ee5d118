"""The shuffled stream: every item once an epoch, in a new order each, wherever one begins to read."""

import numpy as np
import pytest

from saddlepoint.tasks.kit.batches import ShuffledStream

ITEMS = np.array([3, 5, 8, 13, 21, 34, 55])


def stream(seed: int = 0, name: str = "real") -> ShuffledStream:
    return ShuffledStream(ITEMS, seed, name)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 10, 40])
def test_every_item_comes_once_an_epoch_whatever_the_batch(batch: int) -> None:
    read, walk = [], stream()
    while len(read) < 40 * len(ITEMS):
        read.extend(walk.at(len(read), batch))
    read = read[: 40 * len(ITEMS)]
    epochs = [read[start : start + len(ITEMS)] for start in range(0, len(read), len(ITEMS))]
    assert all(sorted(epoch) == ITEMS.tolist() for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 35, "the order is new each epoch"


def test_an_epoch_may_end_in_the_middle_of_a_batch() -> None:
    batch = stream().at(5, 4)
    assert batch.dtype == np.int64 and batch.shape == (4,)
    first, second = stream().at(0, 7), stream().at(7, 7)
    assert batch.tolist() == [*first[5:], *second[:2]]


def test_what_stands_at_a_position_does_not_depend_on_what_was_read_before() -> None:
    walk = stream()
    forward = [walk.at(position, 3).tolist() for position in range(0, 60, 3)]
    again = stream()
    assert [again.at(position, 3).tolist() for position in reversed(range(0, 60, 3))] == forward[::-1]


@pytest.mark.parametrize("other", [stream(seed=1), stream(name="other")])
def test_seeds_and_streams_have_orders_of_their_own(other: ShuffledStream) -> None:
    assert other.at(0, 70).tolist() != stream().at(0, 70).tolist()


def test_one_item_is_a_data_set() -> None:
    assert ShuffledStream(np.array([9]), 0, "real").at(2, 3).tolist() == [9, 9, 9]
