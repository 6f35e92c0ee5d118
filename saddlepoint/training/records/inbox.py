"""The inbox of a run: in the folder requests/, each file is one request from another process.

It is written aside and renamed, so that one that bears its name is whole; it is taken between two iterations, answered
in events.jsonl under its name, and only then removed. A run that is killed in between goes on with it: one that was
answered is removed, any other is taken then. So none is lost, and none is carried out twice.

Whoever may write into the folder may ask, so what is found there is read as what came from elsewhere: a file that is no
request is set aside and said, and no value in it is taken for more than a recipe would take it for.
"""

import json
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from saddlepoint.errors import UserError
from saddlepoint.files import object_in, write_whole
from saddlepoint.training.game import Game
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.requests import RunRequest

# Far more than any request takes.
LARGEST = 2**16
_ENDING = ".json"
_REFUSED = "refused"

_Text = Annotated[str, Field(max_length=10_000)]


class Message(BaseModel):
    """What a request's file says.

    Attributes:
        ask: for what.
        changes: of "set": "key.key=value" each, leaves of the recipe.
        names: of "release": settings.
        to: of "rollback": a step, or None for the newest checkpoint.
        forget: of "set" and "rollback": the optimizers begin afresh.
        reason: why, for the events.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    format: Literal[1] = 1
    ask: Literal["set", "release", "stop", "sample", "checkpoint", "rollback"]
    changes: Annotated[list[_Text], Field(max_length=100)] = []
    names: Annotated[list[_Text], Field(max_length=100)] = []
    to: Annotated[int, Field(ge=0)] | None = None
    forget: bool = False
    reason: _Text = ""


# A message and its id -> the request, for the game as it is now; UserError where it cannot be asked for.
Reader = Callable[[Message, str, Game], RunRequest]


class Inbox:
    """The requests of other processes.

    Args:
        folder: of the run; the inbox is made if it is not there.
        read: makes a request of a message.
        answered: ids that the run has answered before: of those, what is still there is removed.
    """

    def __init__(self, folder: RunFolder, read: Reader, answered: Collection[str] = ()):
        self.folder, self.read = folder, read
        self._path = str(folder.requests)
        # Taken, and still there until they are answered.
        self._taken: set[str] = set()
        with suppress(OSError):  # where nothing can be written, the run says so itself; who asks makes the folder too
            folder.requests.mkdir(exist_ok=True)
        for name in answered:
            if name == Path(name).name:
                self.remove(name)

    def take(self, game: Game) -> Iterator[RunRequest]:
        """The requests that have come; looked for in every iteration, so it costs a few microseconds if there are none.

        What is no request is set aside, with an event.
        """
        for name in self._names():
            try:
                message = self._message(name)
            except UserError as error:
                self._set_aside(name, game, error)
                continue
            identity = name.removesuffix(_ENDING)
            self._taken.add(name)
            try:
                request = self.read(message, identity, game)
            except UserError as error:
                self._refuse(identity, message.ask, game, str(error))
                self.remove(identity)
                continue
            yield request

    def close(self, game: Game) -> None:
        """Refuses what has come too late: the run has ended."""
        for name in self._names():
            identity = name.removesuffix(_ENDING)
            self._refuse(identity, "too late", game, "the run has ended; ask when it goes on")
            self.remove(identity)

    def remove(self, identity: str) -> None:
        """Removes a request that has been answered."""
        (self.folder.requests / f"{identity}{_ENDING}").unlink(missing_ok=True)
        self._taken.discard(f"{identity}{_ENDING}")

    def _names(self) -> list[str]:
        try:
            with os.scandir(self._path) as entries:
                # Those with a dot are being written.
                names = [each.name for each in entries if each.name[0] != "." and each.name != _REFUSED]
        except OSError:
            return []  # removed by a person, who then does not want to ask
        return sorted(name for name in names if name not in self._taken) if names else names

    def _message(self, name: str) -> Message:
        path = self.folder.requests / name
        got, cure = f"requests/{name}", "ask by `saddlepoint ask RUN`"
        if not name.endswith(_ENDING) or path.is_symlink() or not path.is_file():
            raise UserError(got, f"a file NAME{_ENDING} that holds a request", cure)
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
        except OSError as error:
            raise UserError(f"{got}, which cannot be read ({error.strerror})", "a request", cure) from error
        if len(content) > LARGEST:
            raise UserError(f"{got} of more than {LARGEST} bytes", "a request", cure)
        try:
            return Message.model_validate(object_in(content))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "its content"
            raise UserError(f"{got}, whose {where} is no request's", "a request", cure) from None

    def _set_aside(self, name: str, game: Game, error: UserError) -> None:
        aside = self.folder.requests / _REFUSED
        self._taken.add(name)
        with suppress(OSError):  # what cannot be moved is not looked at again
            aside.mkdir(exist_ok=True)
            os.replace(self.folder.requests / name, aside / name)
            self._taken.discard(name)
        self._refuse(name, "a file that is no request", game, str(error))

    def _refuse(self, identity: str, asked: str, game: Game, reason: str) -> None:
        state = game.state
        self.folder.note(
            "request refused", step=state.step, branch=state.branch, asked=asked, id=identity, reason=reason
        )


def post(folder: RunFolder, message: Message) -> str:
    """Puts a request into a run's inbox; gives its id.

    Raises:
        OSError: the folder cannot be written.
    """
    identity = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
    folder.requests.mkdir(exist_ok=True)
    content = json.dumps(message.model_dump(exclude_defaults=True) | {"format": message.format}).encode()
    write_whole(folder.requests / f"{identity}{_ENDING}", content)
    return identity


def withdraw(folder: RunFolder, identity: str) -> bool:
    """Takes a request back out of the inbox; False where it has been answered meanwhile."""
    try:
        (folder.requests / f"{identity}{_ENDING}").unlink()
    except FileNotFoundError:
        return False
    return True
