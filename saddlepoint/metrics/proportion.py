"""The Wilson score interval of a proportion (Wilson 1927): it stays in [0, 1] and keeps its level near both ends.

    (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n),   z = 1.96

The number of trials n need not be whole: an estimate of a probability with variance v counts as p (1 - p) / v trials.
"""

import math

from saddlepoint.errors import UserError

# The 97.5 % point of the standard normal distribution.
NORMAL_95 = 1.959963984540054


def wilson(share: float, trials: float) -> tuple[float, float]:
    """The 95 % interval of a probability that was estimated by a share of trials.

    Args:
        share: in [0, 1].
        trials: how many, positive; the effective number where they are not independent and alike.

    Returns:
        Lower and upper end, in [0, 1], the share between them.

    Raises:
        UserError: no trials.
    """
    if not trials > 0.0:
        raise UserError(f"{trials} trials", "at least one", "give more samples")
    assert 0.0 <= share <= 1.0, share
    squared = NORMAL_95**2 / trials
    centre = (share + squared / 2.0) / (1.0 + squared)
    half = math.sqrt(squared * share * (1.0 - share) + squared**2 / 4.0) / (1.0 + squared)
    return min(max(0.0, centre - half), share), max(min(1.0, centre + half), share)


def effective_trials(share: float, variance: float, fewest: float) -> float:
    """How many alike trials would give a share this variance; the fewest where the share or its variance is 0.

    Args:
        share: the estimate, in [0, 1].
        variance: of the estimate, at least 0.
        fewest: what to count where nothing varied.
    """
    spread = share * (1.0 - share)
    return spread / variance if spread > 0.0 and variance > 0.0 else fewest
