"""Which checkpoints are kept: the newest few, and the best by a logged value."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from saddlepoint.errors import RunStopped, UserError
from saddlepoint.files import write_whole
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Task
from saddlepoint.training.checkpoint import NonFiniteWeights, save, steps_saved
from saddlepoint.training.folder import RunFolder
from saddlepoint.training.observers import Observer, Record, due
from saddlepoint.training.state import State


@dataclass(frozen=True, kw_only=True)
class Best:
    """Keep the best checkpoint by a logged value.

    Attributes:
        value: where it stands in a log line, dotted: "losses.generator.total", "gradient_norms.discriminator".
        mode: whether small or large is good.
    """

    value: str
    mode: Literal["min", "max"] = "min"
    __pydantic_config__ = {"extra": "forbid"}

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
    ):
        self.folder, self.task, self.steps = folder, task, steps
        self.every, self.keep, self.best, self.about = every, keep, best, about
        self._best_file = folder.checkpoints / "best.json"

    def measures(self, step: int, until: int) -> bool:
        return self.best is not None and due(step, self.every, step >= until)

    def step(self, state: State, record: Record) -> None:
        if due(record.step, self.every, record.last):
            self._save(state)
            if self.best is not None:
                self._judge(state.step, self.best.of(record.numbers), self.best.mode)
            self._prune()

    def end(self, state: State) -> None:
        # A run that was asked to stop ends between two checkpoints.
        if state.step not in steps_saved(self.folder.checkpoints):
            self._save(state)
            self._prune()

    def _save(self, state: State) -> None:
        saved = steps_saved(self.folder.checkpoints)
        kept = (
            f"the last good checkpoint is {self.folder.checkpoints / f'{saved[-1]:08d}'}" if saved else "none was kept"
        )
        resume = f"`saddlepoint resume {self.folder.path}`"
        try:
            save(self.folder.checkpoints, self.task, self.steps, state, self.about)
        except NonFiniteWeights as error:
            raise RunStopped(
                f"the weight {error} was not finite at step {state.step}",
                kept,
                "lower the rates, or strengthen a penalty",
            ) from error
        except OSError as error:
            raise RunStopped(
                f"the checkpoint of step {state.step} could not be saved ({error.strerror or error})",
                kept,
                f"make room on the disk, then go on by {resume}",
            ) from error

    def _judge(self, step: int, value: float, mode: str) -> None:
        before = self._recorded()
        better = before is None or before["step"] not in steps_saved(self.folder.checkpoints) or before["step"] > step
        if not better:
            assert before is not None
            better = value < before["value"] if mode == "min" else value > before["value"]
        if better:
            write_whole(self._best_file, json.dumps({"step": step, "value": value, "mode": mode}).encode())

    def _recorded(self) -> dict[str, Any] | None:
        return json.loads(self._best_file.read_text()) if self._best_file.is_file() else None

    def _prune(self) -> None:
        saved = steps_saved(self.folder.checkpoints)
        best = self._recorded()
        for step in saved[: -self.keep]:
            if best is None or step != best["step"]:
                shutil.rmtree(self.folder.checkpoints / f"{step:08d}")


def clear_unfinished(checkpoints: Path) -> list[str]:
    """Removes what a kill left behind while a checkpoint was being written; gives the names."""
    if not checkpoints.is_dir():
        return []
    left = [path for path in checkpoints.iterdir() if path.name.startswith(".")]
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return sorted(path.name for path in left)
