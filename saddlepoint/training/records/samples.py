"""Sample pictures: what the generator makes of the same latents, as training goes on."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from saddlepoint.game.task import Request, Task
from saddlepoint.training.averages import sampled_networks
from saddlepoint.training.observers import Observer, Record, due
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.requests import RunRequest, Sample
from saddlepoint.training.state import State


class Samples(Observer):
    """Draws samples/STEP.png.

    Args:
        folder: of the run.
        task: what is sampled.
        request: the fixed latents and labels.
        every: steps between two pictures; there is one at the last step.
        draw: writes images (n, channels, height, width) or points (n, dimensions) to a file.
    """

    def __init__(
        self, folder: RunFolder, task: Task, request: Request, *, every: int, draw: Callable[[Tensor, Path], object]
    ):
        self.folder, self.task, self.request, self.every, self.draw = folder, task, request, every, draw

    def step(self, state: State, record: Record) -> None:
        if due(record.step, self.every, record.last):
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
