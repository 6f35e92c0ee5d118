"""The page of a diagnosis: the verdict in words and numbers, with its pictures, and the run's samples over time.

One file that loads nothing and runs nothing; what a person wrote in names is escaped.
"""

from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from saddlepoint.diagnosis.local.diagnosis import Diagnosis
from saddlepoint.errors import UserError
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
    if path.suffix != ".html":
        raise UserError(f"--out {path}", "FILE.html", "use this ending")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(render_diagnosis(diagnosis))
    except FileExistsError:
        raise UserError(f"--out {path}, which exists", "a new file", "choose another --out") from None
    except OSError as error:
        raise UserError(f"--out {path}: {error.strerror}", "a place that can be written", "choose another") from None
    return path


def render_diagnosis(diagnosis: Diagnosis) -> str:
    """The page as HTML."""
    files = resources.files("saddlepoint.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(files.joinpath("diagnosis.html.jinja").read_text(encoding="utf-8"))
    return template.render(
        diagnosis=diagnosis,
        name=diagnosis.way.run.resolve().name,
        answer=diagnosis.to_json(),
        text=str(diagnosis),
        drawings=drawings(diagnosis.found),
        pictures=_pictures(diagnosis.way.run / SAMPLES),
        # The package's own file, and figures without names or addresses; all else is escaped.
        style=Markup(files.joinpath("page.css").read_text(encoding="utf-8")),
        svg=Markup,
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
