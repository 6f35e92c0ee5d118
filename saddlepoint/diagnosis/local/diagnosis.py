"""The answer of `diagnose`: as JSON values for a program and as text for a person."""

from saddlepoint.diagnosis.local.diagnosed import Diagnosed
from saddlepoint.diagnosis.local.words import describe


class Diagnosis(Diagnosed):
    """What was measured of a run, the verdict on it, and what would change it."""

    def __str__(self) -> str:
        """The answer as text for a person."""
        return describe(self)
