"""How much memory a run will take, estimated before its first step.

Weights, gradients, optimizer state and averages are counted. What the graph keeps for the backward pass is counted on
torch's meta device: the task's own loss runs there with nothing allocated, and every tensor that autograd saves is summed
once. The estimate is of the larger player's step; temporary memory is covered by a factor.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace

import psutil
import torch

from saddlepoint.game.field import Field, cost
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Settings, networks_of
from saddlepoint.training.averages import Averages

# Outputs that are used and dropped, and the allocator's slack: measured against the peak of real runs.
_TEMPORARY = 1.3


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Bytes of a run.

    Attributes:
        fixed: weights, gradients, optimizer state, averages: whatever the batch.
        per_sample: of the graph, for one sample of a micro-batch.
        samples: in a micro-batch.
        available: what the device has free now.
    """

    fixed: int
    per_sample: int
    samples: int
    available: int

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
    available: int,
) -> Estimate:
    """Estimates a run's memory.

    Args:
        field: the game.
        steps: the optimizers.
        averages: the moving averages, or None.
        draws: one draw of each player; small ones do, for what grows with the batch is counted per sample.
        settings: the first step's numbers.
        available: bytes free on the device.
    """
    parameters = {name: _bytes(step.parameters) for name, step in steps.items()}
    moments = {"adam": 2, "rmsprop": 1, "sgd": 1}
    fixed = sum(size * (2 + moments[steps[name].kind.optimizer]) for name, size in parameters.items())
    if averages is not None:
        fixed += sum(_bytes(list(network.parameters())) for network in averages.networks.values())
    saved = max(_graph_bytes(field, name, draw, settings) for name, draw in draws.items())
    rows = max(1, len(next(iter(draws.values()))))
    samples = max(1, _batch(field) // field.accumulate)
    return Estimate(fixed=fixed, per_sample=int(_TEMPORARY * saved / rows), samples=samples, available=available)


def available_memory(device: torch.device) -> int:
    """Bytes that are free on the device now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on whichever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _graph_bytes(field: Field, player: str, draw: Draw, settings: Settings) -> int:
    networks = {name: copy.deepcopy(network).to("meta") for name, network in networks_of(field.task).items()}
    for name, network in networks.items():
        own = next(each for each in field.task.players if each.name == player).networks
        network.requires_grad_(name in own)
    meta = replace(draw, tensors={name: tensor.to("meta") for name, tensor in draw.tensors.items()})
    seen: dict[int, int] = {}
    kept: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        # Held, so that no second tensor can take the address of a first one that is gone.
        kept.append(tensor)
        seen[id(tensor.untyped_storage())] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        cost(field.task.loss(player, networks, meta, settings))
    weights = sum(_bytes(list(network.parameters())) for network in networks.values())
    return max(0, sum(seen.values()) - weights)


def _bytes(tensors: list) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _batch(field: Field) -> int:
    return getattr(field.task, "batch", 1)
