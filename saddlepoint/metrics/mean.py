"""The mean over independent items with Student's interval, for the metrics that are one number per image or point.

    mean +- t(.975, n - 1) s / sqrt n,   s^2 = sum (v_i - mean)^2 / (n - 1)

It covers the expectation of one item's value: the limit of many items, and the expected mean at any count.
"""

import math

from scipy.stats import t as student
from torch import Tensor

from saddlepoint.errors import UserError


def student_quantile(count: int) -> float:
    """The 97.5 % point of Student's distribution with count - 1 degrees of freedom; infinite for one item."""
    return float(student.ppf(0.975, count - 1)) if count > 1 else math.inf


def mean_interval(name: str, values: Tensor) -> tuple[float, tuple[float, float]]:
    """Mean of the items' values and its 95 % interval.

    Args:
        name: what the values are, for the message.
        values: one per independent item, (n,), n >= 1.

    Returns:
        The mean, and lower and upper end. One item says nothing about the spread, and an infinite value (identical
        images, a point of density 0) makes the mean infinite: the interval is then the whole line.

    Raises:
        UserError: no values, a NaN, or infinities of both signs.
    """
    if len(values) == 0:
        raise UserError(f"no {name}", "at least one", "give at least one image or point")
    mean = float(values.double().mean())
    if math.isnan(mean):
        raise UserError(f"{name} whose mean is undefined", "numbers", "look for the step where the run broke")
    if len(values) == 1 or math.isinf(mean):
        return mean, (-math.inf, math.inf)
    half = student_quantile(len(values)) * float(values.double().std()) / math.sqrt(len(values))
    return mean, (mean - half, mean + half)
