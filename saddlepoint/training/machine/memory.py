"""How much memory a run will take, estimated before its first step.

Weights, gradients, optimizer state and averages are counted. What a step needs beside them is measured on torch's meta
device: the player's loss and its backward pass run there with nothing allocated, while the sizes of all storages that
are alive at the same time are summed. The estimate is of the player that needs more.
"""

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from saddlepoint.game.field import Field
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Settings, followed
from saddlepoint.process.room import total_memory
from saddlepoint.training.averages import Averages
from saddlepoint.training.machine.work import on_meta

# What an allocator and the convolutions' workspaces take beside the tensors themselves: on a CPU, steps of DCGAN pairs
# with and without penalties and batch normalisation took 1.5 to 1.7 times the tensors' bytes.
_SLACK = 1.6


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Bytes of a run.

    Attributes:
        fixed: weights, gradients, optimizer state, averages: whatever the batch.
        per_sample: of one player's step beside that, for one sample of a micro-batch.
        samples: in a micro-batch.
        available: what the device has free now.
        held: what it has in all; None where that is not asked about.
    """

    fixed: int
    per_sample: int
    samples: int
    available: int
    held: int | None = None

    @property
    def total(self) -> int:
        return self.fixed + self.per_sample * self.samples

    @property
    def fits(self) -> bool:
        return self.total <= self.available

    @property
    def fitting_batch(self) -> int:
        """The largest micro-batch that would fit, 0 where not even the weights do."""
        return max(0, (self.available - self.fixed) // max(self.per_sample, 1))


def estimate(
    field: Field,
    steps: Mapping[str, Step],
    averages: Averages | None,
    draws: Mapping[str, Draw],
    settings: Settings,
    *,
    samples: int,
    available: int,
    held: int | None = None,
) -> Estimate:
    """Estimates a run's memory.

    Args:
        field: the game.
        steps: the optimizers.
        averages: the moving averages, or None.
        draws: a draw of each player; a small one does, for what grows with the batch is told apart from what does not.
        settings: the first step's numbers.
        samples: in a whole draw of the run.
        available: bytes free on the device.
        held: bytes of the device in all.
    """
    fixed = sum(_bytes(step.parameters) * (2 + step.kind.moments) for step in steps.values())
    if averages is not None:
        fixed += sum(_bytes(list(network.parameters())) for network in averages.networks.values())
    whole = replace(field, accumulate=1)
    # What a player's own update takes is known to nobody but the update.
    needs = [_step_needs(whole, name, draws[name], settings) for name in followed(field.task) if name in draws]
    per_sample, beside = max(needs, default=(0, 0))
    return Estimate(
        fixed=fixed + beside,
        per_sample=int(_SLACK * per_sample),
        samples=-(-samples // field.accumulate),
        available=available,
        held=held,
    )


def available_memory(device: torch.device) -> int:
    """Bytes that are free on the device now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    import psutil  # here, because whoever lists recipes need not wait for it

    return psutil.virtual_memory().available


def held_memory(device: torch.device) -> int:
    """Bytes that the device has in all."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    return total_memory()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on whichever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


class _Peak(TorchDispatchMode):
    """Sums the storages that are alive at the same time, of all that is made inside."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = self.peak = 0
        self._seen: dict[int, weakref.ref] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor) and tensor.device.type == "meta":
                self._watch(tensor.untyped_storage())
        return made

    def _watch(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._seen:
            return

        def gone(_: Any) -> None:
            self.alive -= size
            del self._seen[key]

        self._seen[key] = weakref.ref(storage, gone)
        self.alive += size
        self.peak = max(self.peak, self.alive)


def _step_needs(field: Field, player: str, draw: Draw, settings: Settings) -> tuple[int, int]:
    """Bytes per sample, and bytes whatever the batch, of the player's step: the line through two batches' peaks."""
    first, _ = next(draw.micro_batches(2)) if len(draw) > 1 else (draw, 1.0)
    whole, half = _peak(field, player, draw, settings), _peak(field, player, first, settings)
    per_sample = (whole - half) // max(len(draw) - len(first), 1) or whole
    return per_sample, max(0, whole - per_sample * len(draw))


def _peak(field: Field, player: str, draw: Draw, settings: Settings) -> int:
    parameters, buffers, meta = on_meta(field, player, draw)
    with _Peak() as peak:
        field(parameters, buffers, {player: meta}, settings)
    return peak.peak


def _bytes(tensors: list) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
