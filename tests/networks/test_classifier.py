"""The classifier: shapes at every size, the features that its logits are linear in, and that it learns."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.networks import PAIRS, Classifier

SHAPES = [(1, 28, 28), (3, 32, 32), (1, 8, 8), (4, 17, 23), (3, 9, 64), (1, 112, 92)]


def built(shape: tuple[int, ...] = (1, 8, 8), classes: int = 3, seed: int = 0):
    torch.manual_seed(seed)
    return Classifier().shrunken().build(shape, classes)


def pictures(count: int, shape: tuple[int, ...], seed: int = 1) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes_at_every_size_and_channel_count(shape: tuple[int, ...]):
    network, images = built(shape, 5).eval(), pictures(3, shape)
    with torch.no_grad():
        logits, features, maps = network(images), network.features(images), network.maps(images)
    assert logits.shape == (3, 5) and features.shape == (3, network.dimensions) == (3, 16)
    assert [tuple(each.shape) for each in maps] == [
        (3, 4, shape[1], shape[2]),
        (3, 8, shape[1] // 2, shape[2] // 2),
        (3, 16, shape[1] // 2 // 2, shape[2] // 2 // 2),
    ]
    assert network.pixel_range == (-1.0, 1.0)
    assert all(torch.isfinite(each).all() and (each >= 0).all() for each in (features, *maps))


def test_the_published_digits_net_has_this_many_parameters():
    with torch.device("meta"):
        network = Classifier().build((1, 28, 28), 10)
    convolutions = 9 * (1 * 24 + 24 * 48 + 48 * 96) + 2 * (24 + 48 + 96)
    assert sum(p.numel() for p in network.parameters()) == convolutions + 4 * 96 * 128 + 2 * 128 + 128 * 10 + 10


def test_the_logits_are_linear_in_the_features_and_the_features_see_where():
    network, images = built((1, 16, 16), 4).eval(), pictures(2, (1, 16, 16))
    with torch.no_grad():
        expected = network.features(images) @ network.head.weight.T + network.head.bias
        torch.testing.assert_close(network(images), expected)
        # The same stroke in two places.
        stroke = -torch.ones(2, 1, 16, 16)
        stroke[0, 0, 2:5, 2:5] = stroke[1, 0, 10:13, 10:13] = 1.0
        first, second = network.features(stroke)
    assert not torch.allclose(first, second, atol=1e-3)


@pytest.mark.parametrize("sides", [(8, 8), (11, 13)], ids=str)
def test_the_quarters_are_means_of_overlapping_halves(sides: tuple[int, int]):
    network = built((1, 4 * sides[0], 4 * sides[1]))
    values = torch.rand(1, 1, *sides)
    (upper, lower), (left, right) = (((0, side - side // 2), (side // 2, side)) for side in sides)
    expected = [values[..., a:b, c:d].mean() for a, b in (upper, lower) for c, d in (left, right)]
    torch.testing.assert_close(network.quarters(values).flatten(), torch.stack(expected))


def test_in_evaluation_a_logit_depends_on_its_image_alone():
    network, images = built().eval(), pictures(6, (1, 8, 8))
    with torch.no_grad():
        torch.testing.assert_close(network(images[2:3]), network(images)[2:3])


def test_the_gradient_reaches_every_parameter_and_the_image():
    network, images = built((3, 12, 9), 4), pictures(12, (3, 12, 9)).requires_grad_()
    F.cross_entropy(network(images), torch.arange(12) % 4).backward()
    assert images.grad is not None and (images.grad != 0).any()
    for path, parameter in network.named_parameters():
        assert parameter.grad is not None and (parameter.grad != 0).any(), path


def test_it_learns_which_quarter_is_bright():
    network = built((1, 8, 8), 4)
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    labels = torch.arange(64) % 4
    images = 0.3 * pictures(64, (1, 8, 8))
    for index, label in enumerate(labels.tolist()):
        row, column = divmod(label, 2)
        images[index, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 0.5
    for _ in range(30):
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()
    with torch.no_grad():
        assert (network.eval()(images).argmax(1) == labels).float().mean() > 0.95


def test_weights_follow_the_seed():
    first, again, other = (torch.cat([p.flatten() for p in built(seed=s).parameters()]) for s in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize(
    ("shape", "classes", "complaint"),
    [
        ((2,), 3, "expected .channels, height, width."),
        ((1, 0, 28), 3, "data shape"),
        ((3, 32, 7), 3, r"enlarge the images to \(3, 32, 8\)"),
        ((1, 28, 28), 0, "0 classes"),
        ((1, 28, 28), 1, "1 classes"),
    ],
)
def test_what_cannot_be_classified_is_refused(shape: tuple[int, ...], classes: int, complaint: str):
    with pytest.raises(UserError, match=complaint):
        Classifier().build(shape, classes)


@pytest.mark.parametrize("option", ["width", "dimensions"])
def test_every_option_has_an_effect_and_a_range(option: str):
    with torch.device("meta"):
        counts = [
            sum(p.numel() for p in each.build((1, 8, 8), 2).parameters())
            for each in (Classifier(), replace(Classifier(), **{option: 32}))
        ]
    assert counts[0] != counts[1]
    with pytest.raises(UserError, match=option):
        replace(Classifier(), **{option: 0})


def test_it_travels_through_text_and_is_no_pair():
    adapter = TypeAdapter(Classifier)
    assert adapter.validate_json(adapter.dump_json(Classifier().shrunken())) == Classifier().shrunken()
    with pytest.raises(ValidationError, match="depth"):
        adapter.validate_python({"pair": "classifier", "depth": 1})
    assert "classifier" not in PAIRS and Classifier().shrunken().shrunken() == Classifier().shrunken()
