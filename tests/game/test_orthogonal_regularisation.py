"""Orthogonal regularisation has the published gradient and leaves out what it is told to, and nothing else."""

import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.game.penalties import orthogonal_regularisation


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.Linear(5, 3), nn.BatchNorm1d(3), nn.Embedding(6, 2)).double()


def test_the_gradient_is_the_published_one() -> None:
    parameters = dict(_network().named_parameters())
    matrices = [name for name, weight in parameters.items() if weight.dim() > 1]
    gradients = torch.autograd.grad(orthogonal_regularisation(parameters), [parameters[name] for name in matrices])
    assert len(matrices) == 3
    for name, gradient in zip(matrices, gradients, strict=True):
        rows = parameters[name].detach().flatten(1)
        published = 2 * (rows @ rows.T * (1 - torch.eye(len(rows), dtype=torch.float64))) @ rows
        torch.testing.assert_close(gradient.flatten(1), published)


def test_it_is_zero_for_orthogonal_rows_of_any_length_and_counts_pairs_of_others() -> None:
    assert orthogonal_regularisation({"weight": 3 * torch.eye(4)}) == 0
    # Two rows with the inner product 2: half of twice 4.
    assert orthogonal_regularisation({"weight": torch.tensor([[1.0, 1.0], [0.0, 2.0]])}) == 4


def test_what_is_left_out_feels_nothing() -> None:
    parameters = dict(_network().named_parameters())
    whole = orthogonal_regularisation(parameters)
    rows = parameters["3.weight"].detach()
    alone = orthogonal_regularisation({"3.weight": rows})
    torch.testing.assert_close(orthogonal_regularisation(parameters, ["3"]), whole - alone)
    torch.testing.assert_close(orthogonal_regularisation(parameters, ["3.weight"]), whole - alone)


def test_names_without_effect_and_networks_without_matrices_are_refused() -> None:
    parameters = dict(_network().named_parameters())
    with pytest.raises(UserError, match="'embedding' to leave out"):
        orthogonal_regularisation(parameters, ["embedding"])
    with pytest.raises(UserError, match="no matrices"):
        orthogonal_regularisation({"bias": torch.ones(3)})
