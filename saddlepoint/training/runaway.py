"""Scores that run off: said where they leave what a game needs, and a reason to stop where float32 resolves nothing.

D's scores mean something by their differences. Those of Wasserstein critics, the largest that are healthy, reach 1e2 to
1e4. At 1e6 float32 still tells steps of 1/16 apart; at 1e10 steps of 1024, so that neither a loss nor a gradient can
depend on which of two images is the better one, and the run would go on without playing.
"""

from collections.abc import Callable

from saddlepoint.errors import Diverged
from saddlepoint.training.observers import Observer, Record, due
from saddlepoint.training.records.failing import kept_in
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.state import State

SAID, STOPPED = 1e6, 1e10
_CURE = (
    "strengthen a penalty (penalties.r1, penalties.r2), lower discriminator.rate, or choose an objective that bounds D"
)


class Runaway(Observer):
    """Looks at the outputs of logged steps, which are read anyway.

    Args:
        folder: of the run, whose events tell when the scores ran off.
        every: steps between two looks.
        tell: says a line to the person.
    """

    def __init__(self, folder: RunFolder, every: int, tell: Callable[[str], None]):
        self.folder, self.every, self.tell = folder, every, tell
        self._since: int | None = None
        self._said = ""

    def step(self, state: State, record: Record) -> None:
        if not due(record.step, self.every, record.last):
            return
        outputs = record.numbers["outputs"]
        name = max(outputs, key=lambda each: abs(outputs[each]), default=None)
        if name is None or not abs(outputs[name]) > SAID:
            return
        self._said = f"D's mean score on {name} was {outputs[name]:.3g} at step {record.step}"
        if abs(outputs[name]) > STOPPED:
            raise Diverged(
                f"{self._said}, where float32 resolves nothing",
                kept_in(self.folder),
                f"begin again: {_CURE}",
            )
        if self._since is None:
            self._since = record.step
            self.folder.note("scores ran off", step=record.step, output=name, value=outputs[name], cure=_CURE)
            self.tell(f"scores run off: {self._said}; {_CURE}")

    def end(self, state: State) -> None:
        if self._since is not None:
            self.tell(f"scores ran off from step {self._since} on: {self._said}; {_CURE}")
