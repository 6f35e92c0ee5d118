"""Evaluations during a run: every so many images the sampled networks are measured, and metrics.jsonl gets the result.

What is measured, and how, is not this file's matter: it is given a function from networks to records. It reads; what it
draws comes from seeds of its own, so that a run with evaluations is the run without them, to the bit.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.files import append_line
from saddlepoint.game.task import Task
from saddlepoint.training.averages import sampled_networks
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.state import State

# The networks to measure -> each metric's name and its record {metric, value, interval, provenance}.
Measure = Callable[[Mapping[str, nn.Module]], Iterable[tuple[str, dict[str, Any]]]]


class Evaluations(Observer):
    """Appends evaluations to metrics.jsonl.

    Args:
        folder: of the run; its metrics end at the state's step.
        task: whose networks are measured: their averages where the run keeps them.
        every: images between two evaluations; there is one at the last step too.
        measure: what is done.
        state: where the run starts or goes on.
    """

    def __init__(self, folder: RunFolder, task: Task, *, every: int, measure: Measure, state: State):
        self.folder, self.task, self.every, self.measure = folder, task, every, measure
        self._images = state.images
        self._newest: tuple[int, dict[str, float | None]] | None = None

    def at(self, step: int) -> Mapping[str, float | None] | None:
        """The values by metric if there was an evaluation at that step, just now; None otherwise."""
        return self._newest[1] if self._newest is not None and self._newest[0] == step else None

    def step(self, state: State, record: Record) -> None:
        due = record.images // self.every > self._images // self.every
        self._images = record.images
        if due or record.last:
            self._evaluate(state, f"every {self.every} images" if due else RunFolder.AT_END)

    @torch.no_grad()
    def _evaluate(self, state: State, when: str) -> None:
        about = {"step": state.step, "images": state.images, "during": when}
        values: dict[str, float | None] = {}
        try:
            with sampled_networks(self.task, state.averages) as networks:
                for name, record in self.measure(networks):
                    record["provenance"].update(about)
                    append_line(self.folder.metrics, record)
                    values[name] = record["value"]
        except UserError as error:
            # Samples that cannot be measured (all alike, not finite) are no reason to end the run.
            self.folder.note("not measured", step=state.step, reason=str(error))
            return
        self._newest = state.step, values
