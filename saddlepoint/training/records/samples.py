"""Sample pictures: what the generator makes of the same latents, as training goes on.

The first are early, at steps 0, 25, 50, 100 and 200, so that nobody waits long to see whether it begins to learn; then
there is one every so many steps, and at the last.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from saddlepoint.game.task import Request, Task
from saddlepoint.training.averages import sampled_networks
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.observers import Observer, Record, due
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.requests import RunRequest, Sample
from saddlepoint.training.state import State

# Where `every` is no longer than that, it is early enough by itself.
EARLY = (0, 25, 50, 100, 200)


def pictured(step: int, every: int, last: bool = False) -> bool:
    """Whether there is a picture after so many iterations, one every so many of them."""
    return (step in EARLY and step < every) or due(step, every, last)


def pictures_in(steps: int, every: int) -> int:
    """How many pictures a run of so many iterations has drawn at its end."""
    early = sum(step < min(every, steps) for step in EARLY)
    return early + -(-steps // every)


class Samples(Observer):
    """Draws samples/STEP.png.

    Args:
        folder: of the run.
        task: what is sampled.
        request: the fixed latents and labels.
        every: steps between two pictures, but for the early ones.
        draw: writes images (n, channels, height, width) or points (n, dimensions) to a file.
    """

    def __init__(
        self, folder: RunFolder, task: Task, request: Request, *, every: int, draw: Callable[[Tensor, Path], object]
    ):
        self.folder, self.task, self.request, self.every, self.draw = folder, task, request, every, draw

    def begin(self, game: Game, control: Control) -> None:
        # A run that begins again, or was rolled back to its beginning, has it.
        if game.state.step == 0 and not self._path(game.state).exists():
            self._draw(game.state)

    def step(self, state: State, record: Record) -> None:
        if pictured(record.step, self.every, record.last):
            self._draw(state)

    def settled(self, state: State, record: Record, applied: Sequence[RunRequest]) -> None:
        if any(isinstance(request, Sample) for request in applied) and not self._path(state).exists():
            self._draw(state)

    def end(self, state: State) -> None:
        if not self._path(state).exists():
            self._draw(state)

    def _path(self, state: State) -> Path:
        return self.folder.samples / f"{state.step:08d}.png"

    @torch.no_grad()
    def _draw(self, state: State) -> None:
        with sampled_networks(self.task, state.averages) as networks:
            made = self.task.sample(networks, self.request)
        self.folder.samples.mkdir(exist_ok=True)
        self.draw(made.cpu(), self._path(state))
