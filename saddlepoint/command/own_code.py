"""A person's own code by name: `module:name`, or `path/to/file.py:name`. Loading it runs it, and the caller says so."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from saddlepoint.errors import UserError
from saddlepoint.theory.losses.recover import Losses, required


def load_own(target: str) -> tuple[ModuleType, Any]:
    """The module, and what it holds under the name; the module itself where no name is given.

    Modules are looked for in the working directory first, as by `python -m`.

    Raises:
        UserError: there is no such module, importing it fails, or it holds nothing of that name.
    """
    where, _, name = target.rpartition(":") if ":" in target else (target, "", "")
    try:
        module = _from_file(Path(where)) if where.endswith(".py") else _by_name(where)
    except Exception as error:  # whatever the person's own code raises while it is imported
        raise UserError(
            f"{where}, which does not import ({type(error).__name__}: {error})",
            "a module of yours, or the path of a .py file",
            "run `python -c 'import ...'` on it",
        ) from error
    if not name:
        return module, module
    if not hasattr(module, name):
        known = ", ".join(key for key in vars(module) if not key.startswith("_")) or "nothing"
        raise UserError(f"{target}: no {name} in {where}", f"one of {known}", "correct the name after the colon")
    return module, getattr(module, name)


def load_losses(target: str) -> Losses:
    """The two losses of a person's code.

    The target may name a module or an object that holds loss_d and loss_g, two functions (module:first,second), a
    function without arguments that makes such an object or a pair, a function of (real, fake) that gives the pair of
    losses, or one of the two functions beside which the other stands in the module.

    Raises:
        UserError: the losses are not to be found there.
    """
    where, colon, names = target.rpartition(":")
    if colon and "," in names:
        found = tuple(load_own(f"{where}:{name.strip()}")[1] for name in names.split(","))
        return _pair(found, target)
    module, held = load_own(target)
    if _holds_both(held):
        return Losses.of(held.loss_d, held.loss_g)
    if not callable(held):
        raise _not_found(target)
    function: Any = held
    if not required(function):
        made = function()
        return Losses.of(made.loss_d, made.loss_g) if _holds_both(made) else _pair(made, target)
    if _gives_two(function):
        return Losses.of(lambda real, fake: function(real, fake)[0], _second_of(function))
    partner = _partner(names)
    if partner is None or not callable(getattr(module, partner, None)):
        raise _not_found(target)
    other = getattr(module, partner)
    return Losses.of(other, function) if names in _GENERATOR_NAMES else Losses.of(function, other)


# How the two functions of one module are usually called.
_NAMES = (
    ("loss_d", "loss_g"),
    ("d_loss", "g_loss"),
    ("disc_loss", "gen_loss"),
    ("discriminator_loss", "generator_loss"),
    ("loss_discriminator", "loss_generator"),
    ("critic_loss", "generator_loss"),
)
_GENERATOR_NAMES = {generator for _, generator in _NAMES}


def _partner(name: str) -> str | None:
    pairs = [*_NAMES, *[(second, first) for first, second in _NAMES]]
    return next((second for first, second in pairs if first == name), None)


def _holds_both(held: object) -> bool:
    return callable(getattr(held, "loss_d", None)) and callable(getattr(held, "loss_g", None))


def _gives_two(function: Callable[..., Any]) -> bool:
    """Whether a function of (real, fake) gives both losses at once."""
    if len(required(function)) != 2:
        return False
    scores = torch.full((4,), 0.5, dtype=torch.float64, requires_grad=True)
    try:
        made = function(scores, scores)
    except Exception:  # it will be asked again, and then its error is told
        return False
    return isinstance(made, tuple | list) and len(made) == 2


def _second_of(function: Callable[..., Any]) -> Callable[..., Any]:
    def loss_g(fake: torch.Tensor, real: torch.Tensor) -> Any:
        return function(real, fake)[1]

    return loss_g


def _pair(made: Any, target: str) -> Losses:
    if not (isinstance(made, tuple | list) and len(made) == 2 and all(callable(each) for each in made)):
        raise _not_found(target)
    return Losses.of(*made)


def _not_found(target: str) -> UserError:
    return UserError(
        f"{target}, which does not give two losses",
        "loss_d(real_scores, fake_scores) and loss_g(fake_scores)",
        "name both, as in module:loss_d,loss_g, or a function that returns the two",
    )


def _by_name(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return importlib.import_module(name)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    # Modules beside it are within its reach, as when Python runs a file.
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        specification.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module
