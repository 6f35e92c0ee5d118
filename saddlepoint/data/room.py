"""What memory cannot hold is refused before it is made, by all that the machine has: what of it is free changes."""

import psutil

from saddlepoint.errors import UserError


def refuse_beyond_memory(needed: int, what: str, cure: str) -> None:
    """Refuses what takes more bytes than this machine has.

    Args:
        needed: bytes.
        what: takes them, in words.
        cure: what the person can do.
    """
    total = psutil.virtual_memory().total
    if needed > total:
        raise UserError(
            f"{what}, which takes {in_words(needed)}", f"at most the {in_words(total)} of this machine's memory", cure
        )


def in_words(size: int) -> str:
    """A number of bytes as a person reads it: 23.4 GiB."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = min(max(size.bit_length() - 1, 0) // 10, len(units) - 1)
    return f"{size / 1024**power:,.1f} {units[power]}" if power else f"{size} bytes"
