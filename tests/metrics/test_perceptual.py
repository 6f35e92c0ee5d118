"""The perceptual distance: closed forms, invariances, and what is refused."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.perceptual import perceptual_distance, perceptual_values


def images(seed: int, count: int = 5) -> Tensor:
    return torch.rand(count, 3, 6, 6, generator=torch.Generator().manual_seed(seed))


def pixels(given: Tensor) -> list[Tensor]:
    return [given]


def test_orthogonal_features_are_2_apart():
    red, green = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    red[:, 0], green[:, 1] = 0.3, 0.9
    np.testing.assert_allclose(perceptual_values(red, green, features=pixels).numpy(), 2.0, rtol=1e-9)
    # Layers add up, and a channel counts by its weight.
    twice = perceptual_values(red, green, features=lambda x: [x, 5 * x], weights=[torch.tensor([0.5, 3, 9])] * 2)
    np.testing.assert_allclose(twice.numpy(), 7.0, rtol=1e-9)


def test_only_the_direction_of_the_features_counts():
    x, y = images(1), images(2)
    once = perceptual_values(x, y, features=pixels)
    np.testing.assert_allclose(perceptual_values(x, 7 * y, features=pixels).numpy(), once.numpy(), rtol=1e-6)
    np.testing.assert_allclose(perceptual_values(y, x, features=pixels).numpy(), once.numpy(), rtol=1e-12)
    assert float(perceptual_values(x, x, features=pixels).max()) == 0.0


def test_the_mean_is_over_positions():
    x = images(1)
    y = x.clone()
    y[..., :3] = images(2)[..., :3]
    half = perceptual_values(x, y, features=pixels)
    whole = perceptual_values(x[..., :3], y[..., :3], features=pixels)
    np.testing.assert_allclose(half.numpy(), whole.numpy() / 2, rtol=1e-9)


def test_batches_do_not_change_the_values():
    seen = []

    def watched(given: Tensor) -> list[Tensor]:
        seen.append(len(given))
        return [given]

    parts = perceptual_values(images(1), images(2), features=watched, batch=2)
    assert seen == [2, 2, 2, 2, 1, 1]
    assert torch.equal(parts, perceptual_values(images(1), images(2), features=pixels))


def test_features_without_a_direction_give_a_number():
    dark = torch.zeros(2, 3, 4, 4)
    assert perceptual_values(dark, dark, features=pixels).tolist() == [0.0, 0.0]


def test_no_graph_is_kept():
    weight = torch.ones(1, requires_grad=True)
    assert not perceptual_values(images(1), images(2), features=lambda x: [weight * x]).requires_grad


def test_the_record_names_the_network_and_does_not_claim_lpips():
    result = perceptual_distance(
        images(1), images(2), features=pixels, network="pixels", provenance={"seed": 2, "reference": {"split": "test"}}
    )
    assert result.provenance["network"] == "pixels" and result.provenance["seed"] == 2
    assert "LPIPS only with its own networks" in result.target and result.metric == "perceptual_distance"
    one = perceptual_distance(images(1, 1), images(2, 1), features=pixels, network="pixels", provenance={})
    assert one.interval == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"reference": images(2, 4)}, "(4, 3, 6, 6)"),
        ({"images": images(1, 0), "reference": images(1, 0)}, "(0, 3, 6, 6)"),
        ({"features": lambda x: []}, "0 feature maps"),
        ({"features": lambda x: [x.flatten(1)]}, "(5, 108) in layer 0"),
        ({"features": lambda x: [x / 0]}, "NaN or an infinity"),
        ({"weights": [torch.ones(3), torch.ones(3)]}, "1 feature maps and 2 weights"),
        ({"weights": [torch.ones(2)]}, "2 channels"),
        ({"weights": [torch.tensor([1.0, -1.0, 1.0])]}, "negative"),
        ({"batch": 0}, "batch of 0"),
    ],
)
def test_what_would_give_a_wrong_number_is_refused(changes, named):
    given = {"images": images(1), "reference": images(2), "features": pixels, "network": "pixels", **changes}
    with pytest.raises(UserError) as error:
        perceptual_distance(**given, provenance={})
    assert named in str(error.value)
