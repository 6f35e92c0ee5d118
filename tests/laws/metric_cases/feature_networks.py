"""Feature networks: no metrics, but what many are computed on; their law is in tests/laws/test_features.py."""

from tests.laws.members import modules
from tests.laws.metric_cases import Case

CASES: dict[str, Case] = {}
NOT_METRICS = dict.fromkeys(modules("metrics.features"), "features, which metrics are computed on")
