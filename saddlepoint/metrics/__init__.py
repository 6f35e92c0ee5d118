"""Metrics: arrays in; values with interval and provenance out. One file for each metric."""

from saddlepoint.metrics.result import Result

__all__ = ["Result"]
