"""The pool of old fakes: fills, then shows an old one half of the time and puts the new one in its place."""

import torch

from saddlepoint.tasks.kit.pool import Pool


def play(size: int, batches: int, count: int = 1) -> tuple[list[list[float]], dict[str, torch.Tensor]]:
    """What D was shown of fakes that are numbered as they are made, and the pool at the end."""
    generator = torch.Generator().manual_seed(0)
    pool = Pool("old", size)
    state = pool.begin((1,), torch.device("cpu"))
    shown = []
    for batch in range(batches):
        fakes = torch.arange(1.0, count + 1)[:, None] + batch * count
        draw = pool.draw(state, torch.rand(count, 1, generator=generator), torch.randperm(size, generator=generator))
        shown.append(torch.where(draw["uses_old"][:, None], draw["old"], fakes).flatten().tolist())
        pool.remember(state, draw["place"], fakes)
    return shown, state


def test_while_it_fills_every_fake_is_shown_and_kept() -> None:
    shown, state = play(size=6, batches=3, count=2)
    assert shown == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert state["old/images"].flatten().tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] and int(state["old/filled"]) == 6


def test_then_half_of_what_is_shown_is_old_and_nothing_is_shown_that_was_not_made_before() -> None:
    shown, state = play(size=50, batches=2050)
    old = [value != batch + 1 for batch, (value,) in enumerate(shown)]
    assert not any(old[:50]) and 0.45 < sum(old[50:]) / 2000 < 0.55
    assert all(value <= batch + 1 for batch, (value,) in enumerate(shown))
    # An old one is shown and leaves: nothing is shown twice as old, and what is in the pool is what has not left.
    left = [value for (value,), was_old in zip(shown, old, strict=True) if was_old]
    assert len(set(left)) == len(left) and not set(left) & set(state["old/images"].flatten().tolist())


def test_a_batch_larger_than_the_pool_shows_each_old_one_at_most_once() -> None:
    shown, state = play(size=3, batches=40, count=5)
    for batch, values in enumerate(shown):
        assert len(set(values)) == 5, batch
    assert int(state["old/filled"]) == 3


def test_a_pool_of_nothing_shows_nothing_old() -> None:
    shown, _ = play(size=0, batches=5)
    assert shown == [[1.0], [2.0], [3.0], [4.0], [5.0]]
