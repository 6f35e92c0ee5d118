"""A run that compiles nothing does not wait for torch's compiler to be imported, which takes about a second.

torch wraps functions that the compiler is to leave alone (all methods of optimizers, the reference implementations that
the meta device computes with) so that their first call imports the compiler, torch._dynamo, and asks it to mark them:

    marked = getattr(function, "__dynamo_disable", None)
    if marked is None:
        import torch._dynamo
        marked = function.__dynamo_disable = torch._dynamo.disable(function, ...)

Where nothing is compiled, the mark changes nothing. So each function stands in for its own marked form, until
somebody does import the compiler: then the stand-ins are gone before its first line runs.
"""

import gc
import inspect
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType

import torch

_COMPILER = "torch._dynamo"
_MARKED = "__dynamo_disable"


@lru_cache
def keep_compiler_out() -> None:
    """Lets torch's own functions run without the compiler; nothing where it is imported, or torch is made otherwise."""
    if _COMPILER not in sys.modules:
        functions = [function for function in _waiting() if not hasattr(function, _MARKED)]
        for function in functions:
            setattr(function, _MARKED, function)
        sys.meta_path.insert(0, _Watch(functions))


def undecorated_step(optimizer: torch.optim.Optimizer, differentiable: bool) -> None:
    """optimizer.step() for one of torch's own without hooks: its decorator does no more than to set whether a graph is
    kept, and to tell the compiler, which it imports for that."""
    step = inspect.unwrap(type(optimizer).step)
    if torch.compiler.is_compiling() or step is type(optimizer).step:
        optimizer.step()
        return
    with torch.set_grad_enabled(differentiable):
        step(optimizer)


class _Watch(MetaPathFinder):
    """Finds no module; takes the stand-ins away when the compiler is looked for."""

    def __init__(self, functions: list[FunctionType]):
        self._functions = functions

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == _COMPILER:
            while self._functions:
                function = self._functions.pop()
                if getattr(function, _MARKED, None) is function:
                    delattr(function, _MARKED)
        return None


def _waiting() -> Iterator[FunctionType]:
    """The functions that torch has wrapped so, whichever module they are in: all wrappers have the same code."""
    disable = getattr(torch, "_disable_dynamo", None)
    code = getattr(disable(lambda: None), "__code__", None) if disable is not None else None
    if code is None or _MARKED not in code.co_consts or "fn" not in code.co_freevars:
        return
    place = code.co_freevars.index("fn")
    # What a process has frozen, as the command line does, is not searched.
    frozen = gc.get_freeze_count() > 0
    if frozen:
        gc.unfreeze()
    wrappers = gc.get_referrers(code)
    if frozen:
        gc.freeze()
    for wrapper in wrappers:
        if isinstance(wrapper, FunctionType) and wrapper.__closure__ is not None:
            function = wrapper.__closure__[place].cell_contents
            if isinstance(function, FunctionType):
                yield function
