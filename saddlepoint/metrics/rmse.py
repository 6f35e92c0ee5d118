"""The root mean squared error of imputed cells, by the protocol of GAIN (Yoon et al., 2018).

    RMSE = sqrt(sum over missing cells of ((x^ - x) / (max - min + 1e-6))^2 / number of missing cells)

with min and max those of the cell's column in the complete table: columns count alike whatever their unit. Cells that
were observed do not count. The original code rounds, before this, the columns with fewer than 20 distinct observed
values (`round_categorical`).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows
from saddlepoint.metrics.mean import student_quantile
from saddlepoint.metrics.result import Result

VERSION = 1
CATEGORIES = 20
# As in the original code; a column of one value would else divide by 0.
_SMALLEST = 1e-6


def imputation_rmse(
    imputed: Tensor | np.ndarray,
    truth: Tensor | np.ndarray,
    missing: Tensor | np.ndarray,
    *,
    ranges: tuple[Tensor | np.ndarray, Tensor | np.ndarray] | None = None,
    provenance: Mapping[str, Any],
) -> Result:
    """RMSE over the missing cells, in units of each column's range.

    Args:
        imputed: the filled table, (n, columns); its observed cells are not read.
        truth: the table before cells were taken out, (n, columns).
        missing: bool, (n, columns), True where a cell was taken out.
        ranges: smallest and largest value of every column, each (columns,); None takes those of `truth`, which is right
            where `truth` is the whole table, as in the original.
        provenance: the table's fingerprint, the missingness, the samples' seed, ... for the record.

    Returns:
        The RMSE. The interval treats rows as independent: the mean squared error is a ratio of two sums over rows, its
        variance by the delta method, with Student's quantile; its ends are the roots. One row has no upper end.

    Raises:
        UserError: tables of different shapes, no missing cell, numbers that are not finite, or a constant column in
            which a wrong value was imputed (it has no range to be measured in).
    """
    held, filled, true = torch.as_tensor(missing).cpu(), _cells("imputed", imputed), _cells("truth", truth)
    if held.dtype != torch.bool:
        raise UserError(f"a mask of type {held.dtype}", "bool, True where missing", "compare it, as in mask == 0")
    if filled.ndim != 2 or not filled.shape == true.shape == held.shape:
        shapes = ", ".join(str(tuple(table.shape)) for table in (filled, true, held))
        raise UserError(f"imputed, truth and mask of shapes {shapes}", "three of (n, columns)", "give the same rows")
    if not bool(held.any()):
        raise UserError("a mask without a missing cell", "at least one", "there is nothing to measure")
    low, high = _ranges(true, ranges)
    errors = ((filled - true) * held).nan_to_num()
    for name, table in (("imputed cells", filled), ("true values of the missing cells", true)):
        rows(name, table[held])
    for column in ((high == low) & (errors != 0).any(dim=0)).nonzero()[:1, 0].tolist():
        raise UserError(f"column {column} of one value only", "a range", "leave this column out, or give its range")
    squares = (errors / (high - low + _SMALLEST)).square()
    sums, counts = squares.sum(dim=1), held.sum(dim=1).double()
    total = int(held.sum())
    square = float(sums.sum()) / total
    return Result(
        metric="imputation_rmse",
        value=math.sqrt(square),
        interval=_interval(sums, counts, square),
        target="root mean squared error over missing cells, in units of the column's range; 95 % over rows like these, "
        "the imputation held fixed",
        provenance={
            **provenance,
            "version": VERSION,
            "protocol": "Yoon et al. 2018",
            "samples": len(sums),
            "missing_cells": total,
            "columns": filled.shape[1],
            "ranges": "of the truth" if ranges is None else "given",
            "precision": "float64",
        },
    )


def round_categorical(imputed: Tensor | np.ndarray, observed: Tensor | np.ndarray) -> Tensor:
    """The imputed table with its categorical columns rounded, float64 (n, columns), as the original code does first.

    Args:
        imputed: (n, columns).
        observed: (n, columns), NaN where missing; a column with fewer than 20 distinct values counts as categorical.
    """
    filled, seen = torch.as_tensor(imputed).double(), torch.as_tensor(observed).double()
    few = [len(column[~column.isnan()].unique()) < CATEGORIES for column in seen.T]
    return torch.where(torch.tensor(few), filled.round(), filled)


def _cells(name: str, values: Tensor | np.ndarray) -> Tensor:
    table = torch.as_tensor(values).detach()
    if table.ndim != 2 or table.numel() == 0:
        raise UserError(f"{name} of shape {tuple(table.shape)}", "(n, columns)", "give a table of numbers")
    return table.to("cpu", torch.float64)


def _ranges(truth: Tensor, ranges: tuple[Tensor | np.ndarray, Tensor | np.ndarray] | None) -> tuple[Tensor, Tensor]:
    if ranges is None:
        rows("truth", truth)
        return truth.amin(dim=0), truth.amax(dim=0)
    low, high = (torch.as_tensor(values).to("cpu", torch.float64) for values in ranges)
    if low.shape != truth.shape[1:] or high.shape != truth.shape[1:] or not bool((low <= high).all()):
        raise UserError(
            f"ranges of shapes {tuple(low.shape)} and {tuple(high.shape)}",
            f"smallest and largest value of {truth.shape[1]} columns",
            "give (low, high), low <= high",
        )
    return low, high


def _interval(sums: Tensor, counts: Tensor, square: float) -> tuple[float, float]:
    if len(sums) < 2:
        return 0.0, math.inf
    residuals = sums - square * counts
    error = float(residuals.std()) * math.sqrt(len(sums)) / float(counts.sum())
    half = student_quantile(len(sums)) * error
    return math.sqrt(max(0.0, square - half)), math.sqrt(square + half)
