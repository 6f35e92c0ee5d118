"""Lines for a person on standard error, beside what a program reads on standard output."""

from saddlepoint.errors import printable
from saddlepoint.process.streams import standard_error


def say(show: bool, text: str) -> None:
    """Writes a line to standard error, if it is to be shown and standard error still takes one."""
    if show:
        from rich.console import Console as Terminal

        Terminal(file=standard_error()).print(  # type: ignore[arg-type]
            printable(text), highlight=False, markup=False, soft_wrap=True
        )
