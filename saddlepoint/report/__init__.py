"""Reports: a run folder as one page, and the measured results of many runs as one document. No training code.

A further section of the page is read in `read.py`, drawn in `figures.py` and placed in `page.py`.
"""

from saddlepoint.report.page import write_report

__all__ = ["write_report"]
