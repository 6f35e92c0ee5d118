"""Which checkpoints are kept: the newest few, and the best by a logged value or by a metric of an evaluation."""

import math
import shutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from saddlepoint.errors import Diverged, UserError
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Task
from saddlepoint.training.observers import Observer, Record, due
from saddlepoint.training.records.checkpoint import BEFORE, NonFiniteWeights, save, steps_saved
from saddlepoint.training.records.failing import removed, stop_of
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.manifest import read_manifest
from saddlepoint.training.requests import RunRequest, SaveCheckpoint
from saddlepoint.training.state import State

# Under this name a manifest tells the value that the checkpoint is judged by.
_WATCHED = "watched"
_METRICS = "metrics."


@dataclass(frozen=True, kw_only=True)
class Best:
    """Keep the best checkpoint by a logged value.

    Attributes:
        value: where it stands in a log line, dotted: "losses.generator.total", "gradient_norms.discriminator"; or
            "metrics.NAME", a metric of the run's evaluations.
        mode: whether small or large is good.
    """

    value: str
    mode: Literal["min", "max"] = "min"
    __pydantic_config__ = {"extra": "forbid"}

    @property
    def metric(self) -> str | None:
        """The metric's name; None for a value of the log."""
        return self.value.removeprefix(_METRICS) if self.value.startswith(_METRICS) else None

    def of(self, numbers: Mapping[str, Any]) -> float:
        """The value in a log line.

        Raises:
            UserError: the line has no such number.
        """
        found: Any = numbers
        for name in self.value.split("."):
            if not isinstance(found, Mapping) or name not in found:
                known = ", ".join(found) if isinstance(found, Mapping) else "nothing below it"
                raise UserError(
                    f"watch.best.value {self.value!r}", f"a logged value; at {name!r} there is {known}", "use one"
                )
            found = found[name]
        if found is None:
            # A gradient norm that is not finite stands as null in the log: there is nothing worse.
            return math.inf if self.mode == "min" else -math.inf
        if not isinstance(found, int | float):
            raise UserError(
                f"watch.best.value {self.value!r}", "a single number", f"add one of {', '.join(found or {})}"
            )
        return float(found)


class Checkpoints(Observer):
    """Saves the state, and removes what is neither among the newest nor the best.

    Args:
        folder: of the run.
        task, steps: what is saved beside the state.
        every: steps between two checkpoints; the last step is always saved.
        keep: how many of the newest stay.
        best: also keep the best of those saved, or None.
        about: for the manifests' readers.
        evaluated: a step -> the values of the evaluation that was just made there, or None where there was none; a
            checkpoint that may be the best by one of them is saved at each evaluation.
        spared: steps whose checkpoints stay for now, however old they are.
    """

    def __init__(
        self,
        folder: RunFolder,
        task: Task,
        steps: Mapping[str, Step],
        *,
        every: int,
        keep: int,
        best: Best | None,
        about: Mapping[str, Any],
        evaluated: Callable[[int], Mapping[str, float | None] | None] | None = None,
        spared: Callable[[], Collection[int]] = tuple,
    ):
        self.folder, self.task, self.steps = folder, task, steps
        self.every, self.keep, self.best, self.about = every, keep, best, about
        self.evaluated, self.spared = evaluated, spared
        self._there = folder.path.is_dir()
        # A name that no log line has is said at the first step, not at the first checkpoint.
        self._tried = best is None or best.metric is not None

    def measures(self, step: int, until: int) -> bool:
        logged = self.best is not None and self.best.metric is None
        return logged and (not self._tried or due(step, self.every, step >= until))

    def settled(self, state: State, record: Record, applied: Sequence[RunRequest]) -> None:
        if self.best is not None and not self._tried:
            self.best.of(record.numbers)
            self._tried = True
        by_metric = self.best is not None and self.best.metric is not None
        value = self._measured(record.step) if by_metric else None
        asked = any(isinstance(request, SaveCheckpoint) for request in applied)
        if due(record.step, self.every, record.last) or value is not None or asked:
            # Of a value that is read where checkpoints are due, one that was asked for in between has none.
            logged = self.best is not None and not by_metric and due(record.step, self.every, record.last)
            self._save(state, self.best.of(record.numbers) if logged and self.best is not None else value)
            self._prune()

    def end(self, state: State) -> None:
        # A run that was asked to stop ends between two checkpoints.
        if state.step not in steps_saved(self.folder.checkpoints):
            self._save(state, None)
        # Also after a kill that came between saving the last step and this.
        self._prune()

    def save(self, state: State) -> None:
        """Saves the state now, for a segment that begins from it."""
        self._save(state, None)

    def _measured(self, step: int) -> float | None:
        """The metric that the best is chosen by, if it was measured at that step."""
        assert self.best is not None and self.evaluated is not None
        values = self.evaluated(step)
        return self.best.of({"metrics": values}) if values is not None else None

    def _save(self, state: State, watched: float | None) -> None:
        if self._there and not self.folder.path.is_dir():
            # It would come back in pieces, which nobody could go on with.
            raise removed(self.folder, state.step)
        saved = steps_saved(self.folder.checkpoints)
        kept = (
            f"the last good checkpoint is {self.folder.checkpoints / f'{saved[-1]:08d}'}" if saved else "none was kept"
        )
        about = self.about
        if self.best is not None and watched is not None:
            # In the checkpoint itself: a kill cannot come between a checkpoint and its value.
            about = {**self.about, _WATCHED: {self.best.value: watched}}
        try:
            save(self.folder.checkpoints, self.task, self.steps, state, about)
        except NonFiniteWeights as error:
            raise Diverged(
                f"{error} was not finite at step {state.step}",
                kept,
                "lower the rates, or strengthen a penalty",
            ) from error
        except OSError as error:
            what = f"the checkpoint of step {state.step} could not be saved"
            stop = stop_of(error, self.folder, state.step, what=what, kept=kept)
            if stop is None:
                raise
            raise stop from error

    def _prune(self) -> None:
        saved = steps_saved(self.folder.checkpoints)
        best = self._best_of(saved) if self.best is not None else None
        spared = {best, *self.spared()}
        for step in saved[: -self.keep]:
            if step not in spared:
                shutil.rmtree(self.folder.checkpoints / f"{step:08d}")

    def _best_of(self, steps: list[int]) -> int | None:
        """The step with the best value; the first of equals. The best of all so far is among those that are kept."""
        assert self.best is not None
        values = {step: self._value_at(step) for step in steps}
        known = {step: value for step, value in values.items() if value is not None}
        choose = min if self.best.mode == "min" else max
        return choose(known, key=lambda step: known[step], default=None)

    def _value_at(self, step: int) -> float | None:
        assert self.best is not None
        try:
            about = read_manifest(self.folder.checkpoints / f"{step:08d}")["about"]
        except UserError:
            return None  # damaged
        # Without, it was saved at a stop between two checkpoints, or for another value.
        watched = about.get(_WATCHED)
        value = watched.get(self.best.value) if isinstance(watched, dict) else None
        if isinstance(value, int) and abs(value) <= sys.float_info.max:
            return float(value)
        # Infinite where a gradient norm was: nothing is worse, but it is a value.
        return value if isinstance(value, float) and not math.isnan(value) else None


def clear_unfinished(checkpoints: Path) -> list[str]:
    """Removes what a kill left behind while a checkpoint was being written; gives the names."""
    if not checkpoints.is_dir():
        return []
    for path in checkpoints.iterdir():
        # Killed while it was to be replaced: it is the one that counts, unless the new one stands in its place.
        if path.name.endswith(BEFORE):
            whole = path.with_name(path.name[1 : -len(BEFORE)])
            if not whole.exists():
                path.rename(whole)
    left = [path for path in checkpoints.iterdir() if path.name.startswith(".")]
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return sorted(path.name for path in left)
