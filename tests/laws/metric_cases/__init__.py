"""Independent implementations for the law of the metrics, one file for each kind of metric.

Every module here holds `CASES`: for each metric, by the name of its function, arguments and what gives the value and
the interval's two ends again; and `NOT_METRICS`: modules of the family without a metric, and why.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

Case = tuple[dict[str, Any], Callable[[], tuple[float, float, float]]]


def found(name: str) -> dict[str, Any]:
    """What the modules of this folder hold under one name, together.

    Raises:
        ValueError: two modules that hold the same key.
    """
    together: dict[str, Any] = {}
    for module in pkgutil.iter_modules(__path__):
        held = getattr(importlib.import_module(f"{__name__}.{module.name}"), name)
        if twice := sorted(together.keys() & held.keys()):
            raise ValueError(f"got {', '.join(twice)} in two modules; expected one; remove one of them")
        together |= held
    return together
