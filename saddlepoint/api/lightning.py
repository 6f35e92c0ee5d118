"""A callback of Lightning that shows a `Watch` each training batch."""

import sys
from collections.abc import Iterable
from typing import Any, Protocol

from torch.optim import Optimizer

from saddlepoint.errors import UserError


class Watching(Protocol):
    """What the callback asks of a `Watch`."""

    def step(self) -> None: ...

    def optimize(self, optimizers: Iterable[Optimizer]) -> None: ...


def callback(watch: Watching) -> Any:
    """A callback that calls `step` after each training batch, in the first of several processes.

    Raises:
        UserError: Lightning is not installed.
    """
    # Two packages have it, whose trainers each take their own: the one that the person has imported goes first.
    found = (_new, _old) if "lightning" in sys.modules or "pytorch_lightning" not in sys.modules else (_old, _new)
    for base in found:
        try:
            return watching(base())(watch)
        except ModuleNotFoundError:
            continue
    raise UserError("watch.lightning() without Lightning", "its package", "install it: pip install lightning")


def _new() -> type:
    from lightning.pytorch import Callback  # type: ignore[import-not-found]

    return Callback


def _old() -> type:
    from pytorch_lightning import Callback  # type: ignore[import-not-found]

    return Callback


def watching(base: type) -> type:
    """The class of the callback, derived from Lightning's."""

    class WatchCallback(base):
        def __init__(self, watch: Watching):
            super().__init__()
            self.watch = watch

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            if trainer.optimizers:
                self.watch.optimize(getattr(each, "optimizer", each) for each in trainer.optimizers)

        def on_train_batch_end(self, trainer: Any, *what: Any) -> None:
            if trainer.is_global_zero:
                self.watch.step()

    return WatchCallback
