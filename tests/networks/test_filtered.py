"""Filtered doubling and halving against scipy, and the minibatch standard deviation against numpy."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.networks.layers import FilteredDouble, FilteredHalf, MinibatchDeviation

TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


@pytest.mark.parametrize("size", [(8, 6), (7, 6), (8, 5), (5, 5), (2, 1), (1, 1)], ids=str)
def test_halving_is_the_filter_at_every_second_place(size: tuple[int, int]):
    maps = torch.randn(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = FilteredHalf()(maps)
    rounded = [-(-side // 2) for side in size]
    assert made.shape == (2, 3, *rounded)
    for sample, channel in np.ndindex(2, 3):
        # Zeros around: one before, and enough behind for the last window.
        padded = np.pad(maps[sample, channel].numpy(), ((1, 3), (1, 3)))
        expected = correlate2d(padded, TAPS, mode="valid")[::2, ::2][: rounded[0], : rounded[1]]
        np.testing.assert_allclose(made[sample, channel].numpy(), expected, atol=1e-12)


def test_doubling_is_halvings_transpose_times_four():
    maps = torch.randn(2, 3, 8, 6, dtype=torch.float64).requires_grad_()
    small = torch.randn(2, 3, 4, 3, dtype=torch.float64)
    (transposed,) = torch.autograd.grad((FilteredHalf()(maps) * small).sum(), maps)
    torch.testing.assert_close(FilteredDouble((8, 6))(small), 4 * transposed)


def test_doubling_is_cut_to_the_size_and_keeps_constants_inside():
    small = torch.ones(1, 2, 4, 4)
    full, cut = FilteredDouble((8, 8))(small), FilteredDouble((7, 8))(small)
    assert torch.equal(cut, full[:, :, :7])
    torch.testing.assert_close(full[:, :, 1:-1, 1:-1], torch.ones(1, 2, 6, 6))
    # One of the two taps is beyond the border.
    torch.testing.assert_close(full[:, :, 0, 1:-1], torch.full((1, 2, 6), 0.75))


def test_the_filter_is_in_no_checkpoint():
    assert not FilteredHalf().state_dict() and not FilteredDouble((4, 4)).state_dict()


@pytest.mark.parametrize(("count", "group", "used"), [(8, 4, 4), (6, 4, 2), (5, 4, 1), (3, 12, 3)])
def test_the_minibatch_deviation_is_the_mean_spread_of_each_group(count: int, group: int, used: int):
    maps = torch.randn(count, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = MinibatchDeviation(group)(maps)
    assert made.shape == (count, 4, 4, 5) and torch.equal(made[:, :3], maps)
    for index in range(count):
        members = maps.numpy()[index % (count // used) :: count // used]
        assert len(members) == used
        expected = np.sqrt(members.var(0) + 1e-8).mean()
        np.testing.assert_allclose(made[index, 3].numpy(), np.full((4, 5), expected), rtol=1e-10)


def test_equal_samples_have_no_deviation_and_a_finite_gradient():
    maps = torch.ones(4, 2, 3, 3).requires_grad_()
    made = MinibatchDeviation()(maps)
    made[:, 2].sum().backward()
    assert made[:, 2].max() < 2e-4 and maps.grad is not None and torch.isfinite(maps.grad).all()


def test_a_group_of_none_is_refused():
    with pytest.raises(UserError, match="group 0"):
        MinibatchDeviation(0)


def test_it_stands_inside_a_network():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), MinibatchDeviation(), nn.Conv2d(5, 1, 1))
    assert network(torch.randn(8, 1, 6, 6)).shape == (8, 1, 4, 4)


@pytest.mark.parametrize("autocast", [True, False])
def test_maps_in_bfloat16_stay_so_and_are_filtered_in_float32(autocast: bool) -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 8, 8).bfloat16().requires_grad_()
    for layer in (FilteredHalf(), FilteredDouble((16, 16))):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            made = layer(maps)
        expected = layer(maps.detach().float())
        assert made.dtype == torch.bfloat16
        # Rounded once, at the end.
        assert torch.equal(made.detach(), expected.bfloat16())
        (gradient,) = torch.autograd.grad(made.float().sum(), maps)
        assert gradient.dtype == torch.bfloat16
