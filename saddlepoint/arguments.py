"""What a person passes from Python, brought to the plain types that everything inside is written for.

numpy's and torch's single numbers are taken for what they are worth, paths in either form are paths; anything else is
refused on one line that names the argument.
"""

import operator
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from saddlepoint.errors import UserError


def shown(value: Any) -> str:
    """A value for a message: as it is written, cut where it is long, and its type."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def whole_number(name: str, value: Any, *, least: int | None = None) -> int:
    """A whole number: Python's, numpy's, or a tensor of one.

    Args:
        name: of the argument, for the message.
        value: what was passed; truth values and fractions are no whole numbers.
        least: the smallest that is taken; None for any.

    Raises:
        UserError: it is none, or smaller.
    """
    expected = "a whole number" if least is None else f"a whole number, {least} or more"
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except (TypeError, ValueError, RuntimeError):
        number = None
    if number is None or (least is not None and number < least):
        raise UserError(f"{name}={shown(value)}", expected, f"give {name}={max(least or 0, 1)}, for example")
    return number


def whole_numbers(name: str, values: Any) -> list[int]:
    """Several of them, from anything that can be gone through: a list, a range, an array."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise UserError(f"{name}={shown(values)}", "several whole numbers", f"give {name}=[0, 1, 2], for example")
    return [whole_number(f"{name}[{index}]", value) for index, value in enumerate(values)]


def real_number(name: str, value: Any) -> float:
    """A number: Python's, numpy's, or a tensor of one; not a number (NaN) is none.

    Raises:
        UserError: it is none.
    """
    try:
        number = None if isinstance(value, bool | str | bytes) else float(value)
    except (TypeError, ValueError, RuntimeError):
        number = None
    if number is None or number != number:
        raise UserError(f"{name}={shown(value)}", "a number", f"give {name}=0.5, for example")
    return number


def text(name: str, value: Any) -> str:
    """A text.

    Raises:
        UserError: it is of another type.
    """
    if not isinstance(value, str):
        raise UserError(f"{name}={shown(value)}", "a text", f'give {name}="...", or leave it out')
    return value


def place(name: str, value: Any) -> Path:
    """A path, from text or from any object that stands for a path.

    Raises:
        UserError: it is of another type, or of bytes.
    """
    written = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(written, str):
        raise UserError(f"{name}={shown(value)}", "a path as text or a pathlib.Path", f'give {name}="runs/mine"')
    return Path(written)


def plain(name: str, value: Any) -> Any:
    """A setting's value as JSON and YAML know it.

    Args:
        name: of the setting.
        value: text, numbers and truth values (numpy's and tensors of one element too), None, paths, and lists, tuples
            and mappings of such.

    Raises:
        UserError: it is of another type.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, os.PathLike):
        return str(place(name, value))
    if isinstance(value, Mapping):
        return {key: plain(f"{name}.{key}", each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(f"{name}[{index}]", each) for index, each in enumerate(value)]
    try:
        # numpy's numbers, arrays and tensors of one element; those of more have no item.
        single = value.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):
        single = None
    if not isinstance(single, bool | int | float | str):
        raise UserError(
            f"{name}={shown(value)}", "text, a number, a truth value, None, or a list or mapping of such", "write it so"
        )
    return single
