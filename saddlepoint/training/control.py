"""Control: the queue of requests that change a run, applied by the loop between two iterations and written down.

A signal asks to stop; a person, a test, another process or a later diagnosis may ask for more. Nothing else writes into
a run. What was asked for after the checkpoint that a run goes on from is asked for again at its own step.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from saddlepoint.errors import UserError
from saddlepoint.process.signals import answered
from saddlepoint.training.game import Game
from saddlepoint.training.records.inbox import Inbox
from saddlepoint.training.records.replay import Asked
from saddlepoint.training.requests import RollBack, RunRequest, Stop
from saddlepoint.training.state import State

# The reason of a stop that was planned when the run began, by the option of that name.
PLANNED = "--stop-at"


class Control:
    """The queue of requests.

    Args:
        note: told of each request when it is applied: a kind and its details, for the run's events.
        again: requests of this run after the checkpoint that it goes on from.
        inbox: where other processes ask, or None; may be opened later.
        stop_at: after this iteration the run stops as planned, when all else that is asked there is done.
    """

    def __init__(
        self,
        note: Callable[..., None] = lambda kind, **details: None,
        again: Sequence[Asked] = (),
        inbox: Inbox | None = None,
        stop_at: int | None = None,
    ):
        self._note = note
        self._again = deque(again)
        self._replayed: RunRequest | None = None
        self._requests: deque[RunRequest] = deque()
        self.inbox = inbox
        self._stop_at = stop_at

    def ask(self, request: RunRequest) -> None:
        """Queues a request; safe inside a signal handler."""
        self._requests.append(request)

    def apply(self, game: Game) -> list[RunRequest]:
        """Applies what is queued, up to the first request that ends the segment; called by the loop alone.

        Returns:
            What was applied. Of those that the loop does not carry out by itself the event is owed: see `answer`.

        Raises:
            UserError: a request from within is for something that the run does not have.
        """
        applied: list[RunRequest] = []
        for request, replayed in self._waiting(game):
            self._replayed = request if replayed else None
            try:
                request.apply(game)
            except UserError as error:
                if request.id is None and not replayed:
                    raise
                self.refuse(request, game.state, error)
                continue
            applied.append(request)
            if isinstance(request, Stop) or not request.ENDS:
                self.answer(request, game.state)
            if request.ENDS:
                break
        return applied

    def owed(self, state: State) -> RunRequest | None:
        """The roll back that answered a failure where the run stands now, and is to be asked again; None without."""
        if self._again and self._again[0].failed and self._again[0].step <= state.step:
            self._replayed = self._again.popleft().request
            return self._replayed
        return None

    def answer_to_failure(self) -> RollBack | None:
        """The first roll back that is asked for, out of the queue: the one request that an end can be met with."""
        found = next((request for request in self._requests if isinstance(request, RollBack)), None)
        if found is not None:
            self._requests.remove(found)
        return found

    def answer(self, request: RunRequest, state: State, **more: Any) -> None:
        """Writes down that a request was carried out; what is asked again is marked, so that nobody asks it twice."""
        replayed = {"replayed": True} if request is self._replayed else {}
        self._note(request.EVENT, step=state.step, branch=state.branch, **{**request.details(), **more, **replayed})
        self._done(request)

    def refuse(self, request: RunRequest, state: State, error: UserError) -> None:
        """Writes down that a request was not carried out, and why."""
        asked = {"asked": request.EVENT, **{k: v for k, v in request.details().items() if k in ("about", "id")}}
        self._note("request refused", step=state.step, branch=state.branch, **asked, reason=str(error))
        self._done(request)

    def close(self, game: Game) -> None:
        """Refuses what other processes have asked too late: the run has ended."""
        if self.inbox is not None:
            self.inbox.close(game)

    def _done(self, request: RunRequest) -> None:
        if self.inbox is not None and request.id is not None:
            self.inbox.remove(request.id)

    def _waiting(self, game: Game) -> Iterator[tuple[RunRequest, bool]]:
        """Each request in its turn, and whether it is asked again."""
        while self._again and self._again[0].step <= game.state.step:
            yield self._again.popleft().request, True
        while self._requests:
            yield self._requests.popleft(), False
        if self.inbox is not None:
            for request in self.inbox.take(game):
                yield request, False
        if game.state.step == self._stop_at:
            yield Stop(reason=PLANNED), False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Inside, SIGINT, SIGTERM and SIGHUP ask to stop after the iteration; a second one takes effect at once."""
        with answered(lambda name: self.ask(Stop(reason=name))):
            yield
