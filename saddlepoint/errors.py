"""The two ways in which a run can end early that are nobody's bug: the user's mistake, and a run that cannot go on.

Both carry one line for the person: what was given, what was expected, what to do. The command line maps them to exit
codes 2 and 3; every other exception is our own fault and keeps its traceback.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

# What a terminal would obey instead of show, and half characters, which no encoding can write.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
# Of what a library says about bytes that it was given; some quote all of them.
_LONGEST_REASON = 300


class UserError(ValueError):
    """A mistake in what a person gave, said on one line.

    Args:
        got: what was given, with its value.
        expected: what would have been right.
        cure: what the person can do now, as an instruction.

    Examples:
        >>> try:
        ...     sp.objective("hinges")
        ... except sp.UserError as error:
        ...     print(error.cure)
        did you mean hinge?
    """

    def __init__(self, got: str, expected: str, cure: str):
        self.got, self.expected, self.cure = got, expected, cure
        super().__init__(one_line(f"got {got}; expected {expected}; {cure}"))


class RunStopped(RuntimeError):
    """A run that cannot go on (NaN, full disk, out of memory), after its state was kept.

    Args:
        what: what happened, and at which step.
        kept: which state is kept, and where.
        cure: what the person can do now.

    Examples:
        >>> try:
        ...     sp.train(
        ...         "digits",
        ...         steps=3,
        ...         out=folder / "too-fast",
        ...         set={"discriminator.rate": 1e12, "generator.rate": 1e12},
        ...         show=False,
        ...     )
        ... except sp.RunStopped as stopped:
        ...     print(stopped.what)
        the loss was not finite at step 1: generator's term f was nan
    """

    def __init__(self, what: str, kept: str, cure: str):
        self.what, self.kept, self.cure = what, kept, cure
        super().__init__(one_line(f"{what}; {kept}; {cure}"))


class Diverged(RunStopped):
    """A game whose numbers have left what can be played: a loss, a gradient or a weight that is not finite.

    The same steps would end the same way; a roll back with other settings can go on.
    """


def printable(text: str) -> str:
    """A text from elsewhere (a file's name, a label) that a terminal shows and does not obey: controls are escaped."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """A text on one line: white space folded, everything else that is no character to be shown escaped."""
    return printable(" ".join(text.split()))


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: "1 file", "2 files"; the plural where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def reason_of(error: BaseException) -> str:
    """What a library said, short enough for one line; its kind where it said nothing."""
    said = one_line(str(error))
    said = f"{said[:_LONGEST_REASON]} ..." if len(said) > _LONGEST_REASON else said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


@contextmanager
def reading(got: str, expected: str, cure: str) -> Iterator[None]:
    """The one door for bytes from elsewhere: inside stands nothing but a library's call that parses them.

    Libraries raise anything on hostile bytes (numpy alone ten kinds), so their exceptions are not listed: each becomes
    the person's line. Our own code does not belong inside, for its faults would be blamed on the file.

    Args:
        got: what was given; the library's reason is added to it.
        expected: what would have been right.
        cure: what the person can do now.

    Raises:
        UserError: whatever the library raised; one that stands inside passes as it is, and so does `RunStopped`.
    """
    try:
        yield
    except (UserError, RunStopped):
        raise
    except Exception as error:
        raise UserError(f"{got} ({reason_of(error)})", expected, cure) from error
