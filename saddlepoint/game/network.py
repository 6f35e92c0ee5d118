"""A network as a loss is handed it, and a network at other tensors than its own.

A loss gets its networks by name and calls them. They are the modules themselves on the hot path, the same at other
parameters in the joint field, or one of the faster ways of `fast/`. Whichever it is, it is called alike, names the
weights that it is called with, and passes on what else its network can be asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from torch import Tensor, nn
from torch.func import functional_call


class Network(Protocol):
    """What a network of `Networks` can be asked for; every `nn.Module` is one.

    A discriminator gives scores or, where its task knows what to make of them, anything else of tensors: K logits, a
    tuple of scores and features. A network may have a method `features(*inputs)` besides, for losses that compare what
    it sees on its way (feature matching): whoever wraps a network passes it on.
    """

    def __call__(self, *inputs: Any, **named: Any) -> Any: ...

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The parameters that it is called with; for costs of weights."""
        ...


# Networks by name.
Networks = Mapping[str, Network]

# Where a tensor stands in a module: one of its own dictionaries, and the key there.
Place = tuple[dict[str, Any], str]


@dataclass(frozen=True, kw_only=True)
class At:
    """A network at other parameters and buffers than its own; a `Network`.

    Attributes:
        module: whose code runs.
        parameters: by name; what is left out is the module's own.
        buffers: by name, written in place as the module writes its own.
    """

    module: nn.Module
    parameters: Mapping[str, Tensor]
    buffers: Mapping[str, Tensor]

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        return functional_call(self.module, (dict(self.parameters), dict(self.buffers)), inputs, named)

    def features(self, *inputs: Any) -> Any:
        """The module's own method at these parameters."""
        tensors = {f"of.{name}": tensor for name, tensor in {**self.parameters, **self.buffers}.items()}
        return functional_call(_Features(self.module), tensors, inputs)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        yield from {**dict(self.module.named_parameters()), **self.parameters}.items()


class _Features(nn.Module):
    """A module whose forward is another one's `features`, for functions of torch that know forward alone."""

    def __init__(self, of: nn.Module):
        super().__init__()
        self.of = of

    def forward(self, *inputs: Any) -> Any:
        return self.of.features(*inputs)  # type: ignore[operator]


def places_of(module: nn.Module) -> Iterator[Place]:
    """Where a network's parameters and buffers stand; a tensor that stands in two places comes twice."""
    for part in module.modules():
        for owner in (part._parameters, part._buffers):
            yield from ((cast("dict[str, Any]", owner), name) for name, tensor in owner.items() if tensor is not None)


def place_named(module: nn.Module, name: str) -> Place:
    """Where the parameter of this dotted name stands."""
    owner, _, leaf = name.rpartition(".")
    return cast("dict[str, Any]", module.get_submodule(owner)._parameters), leaf


@contextmanager
def standing(places: Sequence[Place], tensors: Sequence[Tensor]) -> Iterator[None]:
    """Inside, these very tensors, leaves or not, stand in the places of the networks' own."""
    own = [owner[name] for owner, name in places]
    try:
        for (owner, name), tensor in zip(places, tensors, strict=True):
            owner[name] = tensor
        yield
    finally:
        for (owner, name), tensor in zip(places, own, strict=True):
            owner[name] = tensor


def holding(module: nn.Module, parameters: Mapping[str, Tensor]) -> AbstractContextManager[None]:
    """Inside, the network's parameters of these names are these very tensors."""
    return standing([place_named(module, name) for name in parameters], list(parameters.values()))
