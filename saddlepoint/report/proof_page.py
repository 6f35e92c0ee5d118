"""The page of a proof: the verdict in words and numbers, with the phase portrait, V's level sets and dV/dt's sign.

One file that loads nothing and runs nothing; what a person wrote in the objective is escaped.
"""

from pathlib import Path

from saddlepoint.report.answer_page import filled, write_new
from saddlepoint.report.proof_figures import drawings
from saddlepoint.theory.proof.describe import headline
from saddlepoint.theory.proof.prove import Proof


def write_proof(proof: Proof, path: Path) -> Path:
    """Writes the page; the same proof gives the same bytes.

    Raises:
        UserError: the name does not end in .html, something is there already, or it cannot be written.
    """
    return write_new(path, render_proof(proof))


def render_proof(proof: Proof) -> str:
    """The page as HTML."""
    return filled(
        "proof.html.jinja",
        proof=proof,
        answer=proof.to_json(),
        headline=headline(proof),
        text=str(proof),
        drawings=drawings(proof),
    )
