"""Any value as Markdown text, in which nothing is markup."""

import re
from typing import Any


def cell(value: Any) -> str:
    """Any value as one line of Markdown text, in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(str(value).split()))


def code(value: Any) -> str:
    """Any value as Markdown code inside a table."""
    text = " ".join(str(value).split()).replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"
