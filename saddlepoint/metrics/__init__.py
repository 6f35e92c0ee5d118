"""Metrics: arrays in; values with interval and provenance out."""

from saddlepoint.metrics.parzen import SIGMAS, log_likelihoods, parzen
from saddlepoint.metrics.result import Result

__all__ = ["SIGMAS", "Result", "log_likelihoods", "parzen"]
