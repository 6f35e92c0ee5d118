"""The jitter of pairs: one window for both sides, mirrored together, and nothing at scale 1."""

import torch

from saddlepoint.tasks.kit.jitter import jitter


def sides() -> tuple[torch.Tensor, torch.Tensor]:
    # A ramp of grey and its negative: where the one is bright the other is dark, at every place.
    ramp = torch.arange(0, 256, 8, dtype=torch.uint8).expand(5, 1, 32, 32).contiguous()
    return ramp, 255 - ramp


def test_both_sides_are_cut_at_the_same_place_and_mirrored_together() -> None:
    numbers = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    one, other = jitter(sides(), numbers, 1.25, mirror=True)
    assert one.shape == (5, 1, 32, 32) and one.dtype == torch.uint8
    assert ((one.int() + other.int()) - 255).abs().max() <= 1
    assert len({tuple(image.flatten().tolist()) for image in one}) == 5, "each pair has its own window"
    rising = one[:, 0, 0, -1].int() > one[:, 0, 0, 0].int()
    assert torch.equal(rising, numbers[:, 2] >= 0.5)


def test_every_window_can_be_drawn_and_none_beyond_the_edge() -> None:
    image = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
    image[:, :, 0, 0] = 255
    corner, far = jitter([image], torch.tensor([[0.0, 0.0, 0.9], [1.0, 1.0, 0.9]]), 1.5, mirror=True)[0]
    # The enlarged image's first window holds the white corner, its last one does not.
    assert corner[0, 0, 0] > 128 and far.max() == 0


def test_at_scale_one_the_pixels_stay() -> None:
    numbers = torch.full((5, 3), 0.2)
    one, _ = jitter(sides(), numbers, 1.0, mirror=False)
    assert torch.equal(one, sides()[0])
    assert torch.equal(jitter(sides(), numbers, 1.0, mirror=True)[0], sides()[0].flip(3))
