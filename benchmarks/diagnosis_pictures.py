"""The pictures of docs/diagnosis.md, made by the runs that the page shows: python -m benchmarks.diagnosis_pictures

Each command that trains is run; its folder has the name of the finding that it is to show, and where the run is not
told it, the page would be wrong: nothing is written. With --only NAME, that one. Look at each picture afterwards.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from benchmarks.guide_pictures import LARGEST, ROOT, commands_of
from saddlepoint.diagnosis.findings import HEALTHY
from saddlepoint.diagnosis.rules import FINDINGS
from saddlepoint.files import read_lines
from saddlepoint.report.figures import shade

PAGE = ROOT / "docs" / "diagnosis.md"
PICTURES = ROOT / "docs" / "diagnosis" / "pictures"
# What is drawn of a run that is told nothing, and of each finding before what its own line holds.
SHOWN = ("auc_rf", "x_nn")
# Samples of so many times stand in a picture; the runs are told to save them this often.
FRAMES, EVERY = 3, 100
_PYTHON = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def trainings(text: str) -> dict[str, list[str]]:
    """The page's training commands, each in words, by the name of its run."""
    commands = (each for each in commands_of(text) if each[1] == "train" and "--out" in each)
    return {Path(each[each.index("--out") + 1]).name: each for each in commands}


def finding_of(folder: Path, name: str) -> dict[str, Any] | None:
    """The line with which a run was told a finding; None for a run that is told none.

    Raises:
        SystemExit: it was told otherwise than the page says.
    """
    lines = [line.value for line in read_lines(folder / "findings.jsonl") if line.value is not None]
    told = [each for each in lines if each["state"] == "open"]
    if name not in FINDINGS:
        if told:
            raise SystemExit(f"the run {name} was told {', '.join(each['finding'] for each in told)}; expected nothing")
        return None
    right = [each for each in told if each["finding"] == name]
    if not right:
        raise SystemExit(f"the run {name} was told {', '.join(each['finding'] for each in told) or 'nothing'}")
    return right[0]


def draw(folder: Path, line: dict[str, Any] | None, out: Path, steps: Sequence[int] = (), mended: int = 0) -> None:
    """Samples of a run at three times, and beside them at most two signals over its steps.

    Args:
        folder: of the run.
        line: of its finding, which says what signals are drawn.
        out: the picture.
        steps: of the samples, the nearest ones that were saved; none for the first, the middle and the last.
        mended: the step at which the run was changed, drawn as a line; 0 for none.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pictures = sorted((folder / "samples").glob("*.png"))
    if steps:
        pictures = [min(pictures, key=lambda file: abs(int(file.stem) - step)) for step in steps]
    else:
        pictures = [pictures[place * (len(pictures) - 1) // (FRAMES - 1)] for place in range(FRAMES)]
    probes = [each.value for each in read_lines(folder / "probes.jsonl") if each.value is not None]
    names = [*(line["evidence"] if line is not None else SHOWN)][:2]
    figure = Figure(figsize=(9.0, 2.3 if len(names) == 1 else 3.0), layout="constrained", dpi=100)
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[2.1, 1])[0]
    for axes, file in zip(left.subplots(1, len(pictures)), pictures, strict=True):
        with Image.open(file) as picture:
            axes.imshow(_without_frame(picture.convert("RGB")), interpolation="nearest")
        axes.set_title(f"step {int(file.stem):,}", fontsize=9)
        axes.set_axis_off()
    for axes, name in zip(right.subplots(len(names), 1, squeeze=False)[:, 0], names, strict=True):
        drawn = [(each["step"], each["signals"][name]) for each in probes if each["signals"].get(name) is not None]
        axes.plot(*zip(*drawn, strict=True), linewidth=1.4)
        shade(axes, *HEALTHY[name])
        if line is not None:
            axes.axvline(line["since"], color="black", linewidth=1, linestyle=":")
        if mended:
            axes.axvline(mended, color="black", linewidth=1)
        axes.set_title(name, fontsize=9)
        axes.tick_params(labelsize=7)
    figure.savefig(out, metadata={"Software": None})


def _without_frame(picture: Image.Image) -> Image.Image:
    """A picture without the white that surrounds it."""
    white = Image.new("RGB", picture.size, "white")
    return picture.crop(ImageChops.difference(picture, white).getbbox())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="such as collapse")
    chosen = parser.parse_args().only
    text = PAGE.read_text(encoding="utf-8")
    commands = trainings(text)
    if chosen is not None and chosen not in commands:
        raise SystemExit(f"got --only {chosen}; expected one of {', '.join(commands)}")
    with tempfile.TemporaryDirectory() as place:
        for code in _PYTHON.findall(text):
            subprocess.run([sys.executable, "-c", code], cwd=place, check=True)
        drawn = Path(place) / "drawn"
        drawn.mkdir()
        for name, words in commands.items():
            if chosen not in (None, name):
                continue
            print(shlex.join(words), flush=True)
            # One that diverges ends with 3.
            given = [sys.executable, "-m", "saddlepoint", *words[1:], "--set", f"watch.sample_every={EVERY}"]
            ended = subprocess.run(given, cwd=place, capture_output=True)
            if ended.returncode not in (0, 3):
                raise SystemExit(ended.stderr.decode())
            folder = Path(place) / words[words.index("--out") + 1]
            line = finding_of(folder, name)
            print(json.dumps({key: line[key] for key in ("finding", "since", "step")} if line else "nothing found"))
            if any((folder / "samples").glob("*.png")) and (folder / "probes.jsonl").exists():
                draw(folder, line, drawn / f"{name}.png")
        PICTURES.mkdir(parents=True, exist_ok=True)
        for picture in sorted(drawn.iterdir()):
            if picture.stat().st_size > LARGEST:
                raise SystemExit(f"{picture.name} has {picture.stat().st_size} bytes; expected at most {LARGEST}")
            (PICTURES / picture.name).write_bytes(picture.read_bytes())


if __name__ == "__main__":
    main()
