"""The trial step of a device: passed by a sound one, failed by one that computes something else."""

import pytest
import torch

from saddlepoint.training.machine.trial import try_device


def test_the_processor_passes():
    try_device("cpu")


def test_a_device_that_torch_does_not_know_raises():
    with pytest.raises(RuntimeError):
        try_device("abacus")


@pytest.mark.parametrize("factor", [1.1, float("nan")])
def test_a_wrong_convolution_is_noticed(monkeypatch, factor):
    right = torch.nn.functional.conv2d

    def wrong(images, kernel):
        return right(images, kernel) * (factor if images.dtype == torch.float32 else 1.0)

    monkeypatch.setattr("saddlepoint.training.machine.trial.conv2d", wrong)
    with pytest.raises(ArithmeticError, match="off by"):
        try_device("cpu")
