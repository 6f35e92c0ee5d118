"""The two ways in which a run can end early that are nobody's bug: the user's mistake, and a run that cannot go on.

Both carry one line for the person: what was given, what was expected, what to do. The command line maps them to exit
codes 2 and 3; every other exception is our own fault and keeps its traceback.
"""


class UserError(ValueError):
    """A mistake in what a person gave, said on one line.

    Args:
        got: what was given, with its value.
        expected: what would have been right.
        cure: what the person can do now, as an instruction.
    """

    def __init__(self, got: str, expected: str, cure: str):
        self.got, self.expected, self.cure = got, expected, cure
        super().__init__(_one_line(f"got {got}; expected {expected}; {cure}"))


class RunStopped(RuntimeError):
    """A run that cannot go on (NaN, full disk, out of memory), after its state was kept.

    Args:
        what: what happened, and at which step.
        kept: which state is kept, and where.
        cure: what the person can do now.
    """

    def __init__(self, what: str, kept: str, cure: str):
        self.what, self.kept, self.cure = what, kept, cure
        super().__init__(_one_line(f"{what}; {kept}; {cure}"))


def _one_line(text: str) -> str:
    return " ".join(text.split())
