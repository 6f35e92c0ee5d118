"""The inception score: closed forms, torchmetrics' own on the same logits, and what is refused."""

import math

import numpy as np
import pytest
import torch
from torchmetrics.image.inception import InceptionScore

from saddlepoint.errors import UserError
from saddlepoint.metrics.inception_score import inception_score


def logits(count: int = 200, classes: int = 7, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 2.0, (count, classes))


class Given(torch.nn.Module):
    """A feature network whose outputs are its inputs."""

    num_features = 7

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)


@pytest.mark.parametrize("splits", [1, 4, 10])
def test_it_equals_torchmetrics(splits):
    given = torch.from_numpy(logits())
    theirs = InceptionScore(feature=Given(), splits=splits).set_dtype(torch.float64)
    theirs.update(given)
    # Theirs shuffles first: the order it takes under this seed is handed over.
    torch.manual_seed(3)
    order = torch.randperm(len(given))
    torch.manual_seed(3)
    mean, deviation = theirs.compute()
    result = inception_score(given[order], logits=True, splits=splits, provenance={})
    assert result.value == pytest.approx(float(mean), rel=1e-9)
    if splits > 1:
        # Theirs divides by the splits less one; the published program by the splits.
        published = float(deviation) * math.sqrt((splits - 1) / splits)
        assert result.provenance["standard_deviation"] == pytest.approx(published, rel=1e-6)


def test_a_sure_classifier_of_even_classes_scores_their_number():
    sure = np.tile(np.eye(10), (50, 1))
    result = inception_score(sure, logits=False, provenance={"seed": 4})
    assert result.value == pytest.approx(10.0, rel=1e-12) and result.provenance["standard_deviation"] < 1e-12
    assert result.provenance["seed"] == 4 and result.provenance["samples"] == 500


@pytest.mark.parametrize("row", [[0.25, 0.25, 0.5], [1.0, 0.0, 0.0]])
def test_equal_rows_score_one(row):
    result = inception_score(np.tile(row, (40, 1)), logits=False, splits=2, provenance={})
    assert result.value == pytest.approx(1.0, abs=1e-12) and all(map(math.isfinite, result.interval))


def test_logits_are_probabilities_through_a_softmax():
    given = logits().astype(np.float32)
    probabilities = torch.from_numpy(given).softmax(dim=1)
    one, other = (
        inception_score(outputs, logits=is_logits, splits=3, provenance={})
        for outputs, is_logits in ((given, True), (probabilities, False))
    )
    assert one.value == pytest.approx(other.value, rel=1e-6)
    assert inception_score(given + 300.0, logits=True, splits=3, provenance={}).value == pytest.approx(
        one.value, rel=1e-4
    )


def test_logits_of_any_size_are_finite():
    result = inception_score(logits() * 1e5, logits=True, splits=1, provenance={})
    assert math.isfinite(result.value) and 1.0 <= result.value <= 7.0 and result.provenance["limit"] > result.value


def test_the_limit_does_not_depend_on_the_number_of_splits():
    limits = [
        inception_score(logits(), logits=True, splits=splits, provenance={}).provenance["limit"] for splits in (1, 7)
    ]
    assert limits[0] == pytest.approx(limits[1], rel=1e-12)


def test_the_limit_takes_the_bias_off():
    few = [inception_score(logits(60, seed=seed), logits=True, splits=1, provenance={}) for seed in range(200)]
    many = inception_score(logits(200_000, seed=1), logits=True, splits=1, provenance={}).value
    plain, limits = (np.array(values) for values in zip(*((r.value, r.provenance["limit"]) for r in few), strict=True))
    error = limits.std() / math.sqrt(len(few))
    assert abs(limits.mean() - many) < 4 * error and many - plain.mean() > 5 * error


def test_what_is_not_the_protocol_is_said():
    found = inception_score(logits(), logits=True, splits=1, provenance={}).provenance["deviations"]
    assert found == ["200 images instead of 50000", "all images at once instead of splits"]
    full = torch.zeros(50_000, 2)
    assert inception_score(full, logits=True, provenance={}).provenance["deviations"] == []


@pytest.mark.parametrize(
    ("outputs", "options", "named"),
    [
        (logits(), {"logits": False}, "say logits=True"),
        (np.full((30, 3), 0.5), {"logits": False}, "sum to 1.5"),
        (logits(19), {"logits": True}, "10 splits of 19 images"),
        (logits(19), {"logits": True, "splits": 0}, "0 splits"),
        (logits(classes=1), {"logits": True}, "1 class"),
        (logits() * np.nan, {"logits": True}, "NaN"),
        (logits(0), {"logits": True}, "shape (0, 7)"),
    ],
)
def test_what_is_no_classification_is_refused(outputs, options, named):
    with pytest.raises(UserError) as error:
        inception_score(outputs, **options, provenance={})
    assert named in str(error.value)
