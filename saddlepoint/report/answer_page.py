"""The page of an answer (a proof, a diagnosis): one file that loads nothing and runs nothing, written once.

What a person wrote in names or formulas is escaped.
"""

from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from saddlepoint.errors import UserError


def write_new(path: Path, page: str) -> Path:
    """Writes a page to a file that is not there yet.

    Raises:
        UserError: the name does not end in .html, something is there already, or it cannot be written.
    """
    if path.suffix != ".html":
        raise UserError(f"--out {path}", "FILE.html", "use this ending")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(page)
    except FileExistsError:
        raise UserError(f"--out {path}, which exists", "a new file", "choose another --out") from None
    except OSError as error:
        raise UserError(f"--out {path}: {error.strerror}", "a place that can be written", "choose another") from None
    return path


def filled(template: str, **values: Any) -> str:
    """A template of this folder as HTML, with these values and the style that all pages have."""
    files = resources.files("saddlepoint.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(files.joinpath(template).read_text(encoding="utf-8")).render(
        **values,
        # The package's own file, and figures without names or addresses; all else is escaped.
        style=Markup(files.joinpath("page.css").read_text(encoding="utf-8")),
        svg=Markup,
    )
