"""The printer to numpy against the printer to torch, over the whole catalogue and the derivatives."""

import numpy as np
import pytest
import torch

from saddlepoint.objectives import catalogue, objective, parse
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.to_torch import to_torch
from saddlepoint.theory.numeric import to_numpy

POINTS = np.linspace(-3, 3, 101) + 0.013


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_numpy_and_torch_agree(name):
    trees = list(objective(name).functions.values())
    trees += [differentiate(tree) for tree in trees]
    with np.errstate(all="ignore"):
        values = to_numpy(*trees)(POINTS)
    for tree, ours in zip(trees, values, strict=True):
        theirs = to_torch(tree)(torch.tensor(POINTS)).numpy()
        np.testing.assert_array_equal(np.isfinite(ours), np.isfinite(theirs))
        defined = np.isfinite(ours)
        np.testing.assert_allclose(ours[defined], theirs[defined], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2.0),
        ("log(2)*D - D/(1 + D) - 3", np.log(2) * 1.5 - 1.5 / 2.5 - 3),
        ("max(D, 2) - abs(-D) + min(D, 1)", 2 - 1.5 + 1),
        ("D**(1/3) + sqrt(D) + D**-2", 1.5 ** (1 / 3) + 1.5**0.5 + 1.5**-2),
        (
            "tanh(D) + relu(-D) - softplus(D) + sigmoid(D)",
            np.tanh(1.5) - np.log1p(np.exp(1.5)) + 1 / (1 + np.exp(-1.5)),
        ),
    ],
)
def test_values_and_shapes(text, value):
    evaluate = to_numpy(parse(text), parse("D"))
    for shape in ((), (3,), (2, 3)):
        first, second = evaluate(np.full(shape, 1.5))
        assert first.shape == second.shape == shape
        np.testing.assert_allclose(first, value, rtol=1e-15)


def test_undefined_values_are_not_finite():
    with np.errstate(all="ignore"):
        (values,) = to_numpy(parse("log(D)"))(np.array([-1.0, 0.0]))
    assert np.isnan(values[0])
    assert np.isneginf(values[1])
