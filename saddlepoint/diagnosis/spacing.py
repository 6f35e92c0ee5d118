"""When a game is looked at: often while it is young, because a run that fails mostly does so early, then half as often.

The rules (`rules.py`) were chosen at a probe every 25 steps.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Spacing:
    """Steps between two probes.

    Attributes:
        often, early, rarely: so many steps up to this one, and so many after it.
        followed: between two probes the mean of fixed samples is taken so many times.
    """

    often: int = 25
    early: int = 1000
    rarely: int = 50
    followed: int = 5

    def times(self, apart: int) -> "Spacing":
        """The same, so many times as far apart."""
        return replace(self, often=apart * self.often, rarely=apart * self.rarely)

    def is_probed(self, step: int) -> bool:
        """Whether a game is probed after so many iterations."""
        return step > 0 and step % self._between(step) == 0

    def is_followed(self, step: int) -> bool:
        """Whether the mean of fixed samples is taken after so many iterations; at each probe it is."""
        return step > 0 and step % max(1, self._between(step) // self.followed) == 0

    def count(self, steps: int) -> int:
        """How many probes a game has had after so many iterations."""
        if steps <= self.early:
            return steps // self.often
        return self.early // self.often + steps // self.rarely - self.early // self.rarely

    def newest_before(self, step: int) -> int | None:
        """The last probe that a game at this step has had."""
        at = step // self.often * self.often
        if step > self.early:
            at = max(self.early // self.often * self.often, step // self.rarely * self.rarely)
        return at or None

    def _between(self, step: int) -> int:
        return self.often if step <= self.early else self.rarely
