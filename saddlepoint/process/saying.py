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


def duration(seconds: float) -> str:
    """Seconds as a person says them: 4.2 s, 42 s, 3 min 5 s, 10 min, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 and seconds != whole else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600:,} h" + (f" {whole % 3600 // 60:02} min" if whole % 3600 >= 60 else "")
