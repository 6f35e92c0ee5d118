"""The pictures of docs/guide, made by the commands that its pages show: python -m benchmarks.guide_pictures

A command of a page that writes into docs/guide/pictures is run, and before it the training of the run that it names;
with --only PAGE, those of one page. Look at each picture afterwards, and read the page's words about it again.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "guide"
PICTURES = "docs/guide/pictures"
# A picture on a page is small: a reader loads all of them.
LARGEST = 150_000
_BLOCK = re.compile(r"^```sh\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def commands_of(text: str) -> list[list[str]]:
    """The command lines of saddlepoint in a page's blocks of shell, in words and without comments."""
    lines = [line for block in _BLOCK.findall(text) for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [each for each in words if each and each[0].endswith("saddlepoint")]


def needed(commands: list[list[str]]) -> list[list[str]]:
    """Those that write pictures, after the trainings of the runs that they name."""
    drawing = [each for each in commands if any(word.startswith(f"{PICTURES}/") for word in each)]
    runs = {word for each in drawing for word in each if word.startswith("runs/")}
    training = [each for each in commands if each[1] == "train" and runs & set(each)]
    return [*training, *drawing]


def written(command: list[str]) -> str:
    """The file that a command writes, as it is named there."""
    return command[command.index("--out") + 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="PAGE", help="such as generation")
    chosen = parser.parse_args().only
    pages = sorted(GUIDE.glob(f"{chosen or '*'}.md"))
    if not pages:
        raise SystemExit(f"got --only {chosen}; expected one of {', '.join(page.stem for page in GUIDE.glob('*.md'))}")
    commands = needed([each for page in pages for each in commands_of(page.read_text(encoding="utf-8"))])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / PICTURES).mkdir(parents=True)
        for words in commands:
            print(shlex.join(words), flush=True)
            subprocess.run([sys.executable, "-m", "saddlepoint", *words[1:]], cwd=folder, check=True)
        for picture in sorted((Path(folder) / PICTURES).iterdir()):
            if picture.stat().st_size > LARGEST:
                raise SystemExit(f"{picture.name} has {picture.stat().st_size} bytes; expected at most {LARGEST}")
            shutil.copy(picture, ROOT / PICTURES / picture.name)


if __name__ == "__main__":
    main()
