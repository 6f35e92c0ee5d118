"""Room in memory: what is asked for by number is compared with what the machine has, before anything of it is made.

A number that no memory holds ends in an hour of swapping, or in a library's error about bytes. All of the machine's
memory is the measure here and not the free part: what other programs hold now they may give back.
"""

from saddlepoint.errors import UserError


def total_memory() -> int:
    """Bytes of memory that the machine has, free or not."""
    import psutil  # here, because the command line must not wait for it

    return psutil.virtual_memory().total


def refuse_without_room(needed: int, what: str, cure: str = "ask for fewer") -> None:
    """Refuses what cannot fit.

    Args:
        needed: bytes that it takes at least.
        what: it, in words and with its number.
        cure: what a person can do.

    Raises:
        UserError: the machine has less memory than that.
    """
    total = total_memory()
    if needed > total:
        raise UserError(
            f"{short(what, 120)}, which takes {in_words(needed)} of memory",
            f"at most {in_words(total)}, all there is",
            cure,
        )


def in_words(number: int) -> str:
    """A number of bytes, as a person says it."""
    if number >= 2**60:
        return f"{number / 2**60:,.3g} EiB" if number < 10**300 else "more than can be said"
    for unit, size in (("TiB", 2**40), ("GiB", 2**30)):
        if number >= 10 * size or (unit == "GiB" and number >= size):
            return f"{number / size:,.0f} {unit}" if number >= 10 * size else f"{number / size:.1f} {unit}"
    return f"{number / 2**20:,.0f} MiB"


def short(text: str, longest: int = 60) -> str:
    """A text with its middle left out where it is longer: nobody reads a number of 5000 digits."""
    return text if len(text) <= longest else f"{text[: longest // 2]}...{text[-longest // 3 :]}"
