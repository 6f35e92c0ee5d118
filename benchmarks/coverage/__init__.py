"""Coverage of the metrics' intervals: known cases, drawn again and again. `python -m benchmarks.coverage`.

Every module here other than `case`, `run` and `__main__` holds `CASES: tuple[Case, ...]`.
"""

from benchmarks.coverage.case import Case

__all__ = ["Case"]
