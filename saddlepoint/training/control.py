"""Control: requests that change a run, applied by the loop between two iterations and written down.

A signal asks to stop; a person, a test or a later diagnosis may ask for another value of a setting. Nothing else writes
into a run. What was asked for after the checkpoint that a run goes on from is asked for again at its own step.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from saddlepoint.errors import UserError
from saddlepoint.process.signals import answered
from saddlepoint.training.state import State


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Stop after the current iteration."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class SetSetting:
    """From the next iteration on, the setting has this value in place of its schedule's."""

    name: str
    value: float
    reason: str


class Control:
    """The queue of requests.

    Args:
        note: told of each request when it is applied: a kind and its details, for the run's events.
        again: requests of this run after the checkpoint that it goes on from, each with its step.
    """

    def __init__(
        self,
        note: Callable[..., None] = lambda kind, **details: None,
        again: Sequence[tuple[int, SetSetting]] = (),
    ):
        self._note = note
        self._again = deque(sorted(again, key=lambda pair: pair[0]))
        self._requests: deque[Stop | SetSetting] = deque()
        self.stopping: Stop | None = None

    def ask(self, request: Stop | SetSetting) -> None:
        """Queues a request; safe inside a signal handler."""
        self._requests.append(request)

    def apply(self, state: State, settings: Mapping[str, float]) -> None:
        """Applies what is queued; called by the loop alone.

        Raises:
            UserError: a request names a setting that the run does not have.
        """
        while self._again and self._again[0][0] <= state.step:
            _, request = self._again.popleft()
            self._set(state, settings, request, replayed=True)
        while self._requests:
            request = self._requests.popleft()
            if isinstance(request, Stop):
                self.stopping = request
                self._note("stop asked", step=state.step, reason=request.reason)
                continue
            self._set(state, settings, request)

    def _set(self, state: State, settings: Mapping[str, float], request: SetSetting, **how: bool) -> None:
        if request.name not in settings:
            raise UserError(
                f"a request for the setting {request.name!r}", f"one of {', '.join(settings)}", "use one of these"
            )
        state.overrides[request.name] = float(request.value)
        self._note("setting", step=state.step, name=request.name, value=request.value, reason=request.reason, **how)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Inside, SIGINT, SIGTERM and SIGHUP ask to stop after the iteration; a second one takes effect at once."""
        with answered(lambda name: self.ask(Stop(reason=name))):
            yield
