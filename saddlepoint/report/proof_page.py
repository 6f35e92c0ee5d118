"""The page of a proof: the verdict in words and numbers, with the phase portrait, V's level sets and dV/dt's sign.

One file that loads nothing and runs nothing; what a person wrote in the objective is escaped.
"""

from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from saddlepoint.errors import UserError
from saddlepoint.report.proof_figures import drawings
from saddlepoint.theory.proof.describe import headline
from saddlepoint.theory.proof.prove import Proof


def write_proof(proof: Proof, path: Path) -> Path:
    """Writes the page; the same proof gives the same bytes.

    Raises:
        UserError: the name does not end in .html, something is there already, or it cannot be written.
    """
    if path.suffix != ".html":
        raise UserError(f"--out {path}", "FILE.html", "use this ending")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(render_proof(proof))
    except FileExistsError:
        raise UserError(f"--out {path}, which exists", "a new file", "choose another --out") from None
    except OSError as error:
        raise UserError(f"--out {path}: {error.strerror}", "a place that can be written", "choose another") from None
    return path


def render_proof(proof: Proof) -> str:
    """The page as HTML."""
    files = resources.files("saddlepoint.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(files.joinpath("proof.html.jinja").read_text(encoding="utf-8"))
    return template.render(
        proof=proof,
        answer=proof.to_json(),
        headline=headline(proof),
        text=str(proof),
        drawings=drawings(proof),
        # The package's own file, and figures without names or addresses; all else is escaped.
        style=Markup(files.joinpath("page.css").read_text(encoding="utf-8")),
        svg=Markup,
    )
