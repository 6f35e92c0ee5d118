"""RMSE of imputed cells: GAIN's protocol step by step, invariances, and what is refused."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.metrics.rmse import imputation_rmse, round_categorical

GENERATOR = np.random.default_rng(0)
TRUTH = GENERATOR.normal(size=(60, 4)) * [1, 10, 100, 0.1]
IMPUTED = TRUTH + GENERATOR.normal(size=TRUTH.shape) * [0.1, 1, 30, 0.02]
MISSING = GENERATOR.random(TRUTH.shape) < 0.2


def value(imputed=IMPUTED, truth=TRUTH, missing=MISSING, **settings) -> float:
    return imputation_rmse(imputed, truth, missing, provenance={}, **settings).value


def test_the_protocol_cell_by_cell():
    total, count = 0.0, 0
    for row, column in zip(*np.nonzero(MISSING), strict=True):
        low, high = TRUTH[:, column].min(), TRUTH[:, column].max()
        total += ((IMPUTED[row, column] - TRUTH[row, column]) / (high - low + 1e-6)) ** 2
        count += 1
    assert value() == pytest.approx(math.sqrt(total / count), rel=1e-12)


def test_a_constant_error_has_its_closed_form():
    unit = (np.zeros(4), np.full(4, 1 - 1e-6))
    assert value(TRUTH - 0.25, ranges=unit) == pytest.approx(0.25, rel=1e-9)
    assert value(TRUTH) == 0.0


def test_observed_cells_and_units_do_not_count():
    assert value(np.where(MISSING, IMPUTED, math.nan)) == value()
    shifted = value(3 * IMPUTED + 7, 3 * TRUTH + 7)
    assert shifted == pytest.approx(value(), rel=1e-4)
    order = np.random.default_rng(1).permutation(60)
    assert value(IMPUTED[order], TRUTH[order], MISSING[order]) == pytest.approx(value(), rel=1e-12)


def test_the_ranges_of_the_truth_are_the_default():
    assert value(ranges=(TRUTH.min(axis=0), TRUTH.max(axis=0))) == value()
    assert value(ranges=(TRUTH.min(axis=0), TRUTH.min(axis=0) + 2 * np.ptp(TRUTH, axis=0))) == pytest.approx(
        value() / 2, rel=1e-4
    )


def test_the_record_and_the_interval():
    result = imputation_rmse(
        torch.from_numpy(IMPUTED), torch.from_numpy(TRUTH), torch.from_numpy(MISSING), provenance={"seed": 4}
    )
    assert result.provenance["missing_cells"] == MISSING.sum() and result.provenance["seed"] == 4
    assert 0 < result.interval[0] < result.value < result.interval[1] < 1
    whole = imputation_rmse(TRUTH, TRUTH, MISSING, provenance={})
    assert whole.value == 0.0 and whole.interval == (0.0, 0.0)


def test_one_row_has_a_value_and_no_upper_end():
    ranges = (np.zeros(4), np.ones(4))
    result = imputation_rmse(IMPUTED[:1], TRUTH[:1], np.ones((1, 4), bool), ranges=ranges, provenance={})
    assert math.isfinite(result.value) and result.interval == (0.0, math.inf)


def test_a_constant_column_counts_where_it_was_imputed_right():
    truth, imputed = TRUTH.copy(), IMPUTED.copy()
    truth[:, 1] = imputed[:, 1] = 5.0
    assert math.isfinite(value(imputed, truth))
    imputed[:, 1] = 5.5
    with pytest.raises(UserError, match="column 1 of one value"):
        value(imputed, truth)


def test_columns_of_few_values_are_rounded():
    observed = np.stack([np.arange(40) % 19, np.arange(40) % 20, np.arange(40) % 20], axis=1).astype(float)
    observed[observed[:, 2] == 7, 2] = math.nan
    imputed = np.full((40, 3), 1.4)
    np.testing.assert_array_equal(round_categorical(imputed, observed)[0].numpy(), [1.0, 1.4, 1.0])


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: value(missing=np.zeros((60, 4), bool)), "without a missing cell"),
        (lambda: value(missing=MISSING.astype(float)), "float64"),
        (lambda: value(imputed=IMPUTED[:, :3]), "shapes (60, 3), (60, 4), (60, 4)"),
        (lambda: value(imputed=IMPUTED[:0]), "shape (0, 4)"),
        (lambda: value(imputed=np.where(MISSING, math.nan, IMPUTED)), "imputed cells with a NaN"),
        (lambda: value(truth=np.where(MISSING, math.nan, TRUTH)), "truth with a NaN"),
        (lambda: value(ranges=(np.ones(4), np.zeros(4))), "ranges"),
        (lambda: value(ranges=(np.zeros(3), np.ones(3))), "ranges"),
    ],
)
def test_what_would_give_a_wrong_number_is_refused(call, named):
    with pytest.raises(UserError) as error:
        call()
    assert named in str(error.value)
