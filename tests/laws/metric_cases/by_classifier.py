"""The metrics by classifier probabilities, by bins, and the audits for memorising and support, by other means."""

from tests.laws.metric_cases import Case

CASES: dict[str, Case] = {}
NOT_METRICS = {
    "saddlepoint.metrics.distances": "distances and neighbours, which metrics are made of",
    "saddlepoint.metrics.proportion": "the interval of a proportion, which metrics share",
}
