"""The command line answers before torch is imported: `saddlepoint --help` is instant, and a mistyped verb is, too."""

import subprocess
import sys

from tests.laws.members import ROOT

# Runs the command as a person would, then tells which heavy packages were imported on the way.
PROBE = """
import sys
from saddlepoint.command.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as stop:
    code = stop.code
heavy = [name for name in ("torch", "sklearn", "scipy", "sympy", "matplotlib", "pyarrow") if name in sys.modules]
print(code or 0, *heavy, sep=",", file=sys.stderr)
"""


def _probe(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", PROBE, *arguments], cwd=ROOT, capture_output=True, text=True)


def test_help_imports_nothing_heavy():
    answer = _probe("--help")
    assert answer.stderr.splitlines()[-1:] == ["0"], answer.stderr
    assert "train" in answer.stdout


def test_a_mistyped_verb_imports_nothing_heavy():
    answer = _probe("trian")
    assert answer.stderr.splitlines()[-1:] == ["2"], answer.stderr


# What a run plays its steps without: torch's compiler, and packages that only measure or draw.
TRAINING_PROBE = """
import sys
from saddlepoint.command.verbs.train import run as train
from saddlepoint.command.parser import build_parser

def tell(self, state, record):
    heavy = ("torch._dynamo", "torch._inductor", "pandas", "sklearn", "scipy", "matplotlib")
    print(record.step, *[name for name in heavy if name in sys.modules], sep=",")

import saddlepoint.training.records.console as console
console.Console.step = tell
train(build_parser().parse_args(sys.argv[1:]), "")
"""


def test_the_first_steps_import_nothing_heavy(tmp_path):
    options = ["train", "digits", "--steps", "2", "--device", "cpu", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-c", TRAINING_PROBE, *options, "--set", "training.threads=1"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.splitlines()[:2] == ["1", "2"], answer.stdout + answer.stderr
