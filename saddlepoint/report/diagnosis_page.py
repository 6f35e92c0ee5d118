"""The page of a diagnosis: the verdict in words and numbers, with its pictures, and the run's samples over time.

One file that loads nothing and runs nothing; what a person wrote in names is escaped.
"""

from pathlib import Path

from saddlepoint.diagnosis.local.diagnosis import Diagnosis
from saddlepoint.report.answer_page import filled, write_new
from saddlepoint.report.diagnosis_figures import drawings
from saddlepoint.report.embed import Embedded, embed
from saddlepoint.run_folder import SAMPLES

# Pictures of the fixed latents, spread over the run, and what they may take of the page together.
PICTURES, _BYTES = 6, 1_500_000


def write_diagnosis(diagnosis: Diagnosis, path: Path) -> Path:
    """Writes the page; the same diagnosis gives the same bytes.

    Raises:
        UserError: the name does not end in .html, something is there already, or it cannot be written.
    """
    return write_new(path, render_diagnosis(diagnosis))


def render_diagnosis(diagnosis: Diagnosis) -> str:
    """The page as HTML."""
    return filled(
        "diagnosis.html.jinja",
        diagnosis=diagnosis,
        name=diagnosis.way.run.resolve().name,
        answer=diagnosis.to_json(),
        text=str(diagnosis),
        drawings=drawings(diagnosis.found),
        pictures=_pictures(diagnosis.way.run / SAMPLES),
    )


def _pictures(folder: Path) -> list[tuple[int, Embedded]]:
    """Sample pictures from the first to the last, each with its step; what cannot be read is left out."""
    there = sorted(file for file in folder.glob("*.png") if file.stem.isdecimal())
    chosen = sorted({round(index * (len(there) - 1) / (PICTURES - 1)) for index in range(PICTURES)}) if there else []
    found = []
    for index in chosen:
        try:
            found.append((int(there[index].stem), embed(there[index], _BYTES // PICTURES)))
        except ValueError:
            continue
    return found
