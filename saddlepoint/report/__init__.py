"""Reports: a run folder as one page, and the measured results of many runs as one document. No training code."""

from saddlepoint.report.page import write_report

__all__ = ["write_report"]
