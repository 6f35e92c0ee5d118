"""The pictures of docs/guide/failures.md, made by the runs that the page shows: python -m benchmarks.failure_pictures

Each command of the page that trains or resumes is run in a fresh folder, in the page's order. A run has the name of the
finding that it is to be told; what the page quotes must be what its commands have said, but for line breaks and the
folder that the runs are in. Where either is otherwise, the page would be wrong: nothing is written. Look at each
picture afterwards, and read the page's words about it again.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.diagnosis_pictures import EVERY, draw, finding_of
from benchmarks.guide_pictures import GUIDE, LARGEST, commands_of
from saddlepoint.files import read_lines

PAGE = GUIDE / "failures.md"
PICTURES = GUIDE / "failures"
_QUOTED = re.compile(r"^```text\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def runs_of(text: str) -> dict[str, list[list[str]]]:
    """The page's commands that train and resume, each in words, by the name of their run."""
    runs: dict[str, list[list[str]]] = {}
    for words in commands_of(text):
        if words[1] in ("train", "resume"):
            folder = words[words.index("--out") + 1] if "--out" in words else words[2]
            runs.setdefault(Path(folder).name, []).append(words)
    return runs


def unsaid(text: str, said: str) -> list[str]:
    """The lines that a page quotes, each perhaps the part of a longer one, and that nothing has said."""
    words = " ".join(said.split())
    lines = [line for block in _QUOTED.findall(text) for line in block.splitlines()]
    return [line for line in lines if " ".join(line.split()) not in words]


def changed_at(folder: Path, commands: list[list[str]]) -> int:
    """The step at which a run was changed: by a resumption, or by itself."""
    if len(commands) > 1:
        return int(commands[0][commands[0].index("--steps") + 1])
    events: list[Mapping] = [line.value for line in read_lines(folder / "events.jsonl") if line.value is not None]
    return next((event["step"] for event in events if event["event"] == "treated"), 0)


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        said, drawn = [], {}
        for name, commands in runs_of(text).items():
            for words in commands:
                print(shlex.join(words), flush=True)
                more = ["--set", f"watch.sample_every={EVERY}"] if words[1] == "train" else []
                given = [sys.executable, "-m", "saddlepoint", *words[1:], *more]
                ended = subprocess.run(given, cwd=place, capture_output=True, text=True)
                if ended.returncode:
                    raise SystemExit(ended.stderr)
                said.append((ended.stderr + ended.stdout).replace(f"{Path(place).resolve()}/", ""))
                print("\n".join(line for line in said[-1].splitlines() if not line.startswith("step ")), flush=True)
            folder = Path(place) / "runs" / name
            line = finding_of(folder, name)
            assert line is not None
            last = max(int(file.stem) for file in (folder / "samples").glob("*.png"))
            mended = changed_at(folder, commands)
            # Before it was told, before the change has had its effect, and at the end.
            told = line["step"] // EVERY * EVERY
            drawn[name] = Path(place) / f"{name}.png"
            draw(folder, line, drawn[name], steps=(told, max(mended, told + 2 * EVERY), last), mended=mended)
        if wrong := unsaid(text, "\n".join(said)):
            raise SystemExit("the page quotes what no run has said:\n" + "\n".join(wrong))
        PICTURES.mkdir(parents=True, exist_ok=True)
        for name, picture in drawn.items():
            if picture.stat().st_size > LARGEST:
                raise SystemExit(f"{name}.png has {picture.stat().st_size} bytes; expected at most {LARGEST}")
            (PICTURES / f"{name}.png").write_bytes(picture.read_bytes())


if __name__ == "__main__":
    main()
