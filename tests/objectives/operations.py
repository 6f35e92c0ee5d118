"""Which tensor operations a function runs: the measure of needless passes."""

from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode


class _Operations(TorchDispatchMode):
    """Collects the names of the operations that run inside it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def operations(function: Callable[..., Any], *arguments: Any) -> list[str]:
    """The names of the tensor operations of one call, in order."""
    with _Operations() as seen:
        function(*arguments)
    return seen.names
