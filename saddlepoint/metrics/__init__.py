"""Metrics: arrays in; values with interval and provenance out. One file for each metric.

A further one is a file here, an entry in the file of its kind in measuring/ and a case in tests/laws/metric_cases.
"""

from saddlepoint.metrics.result import Result

__all__ = ["Result"]
