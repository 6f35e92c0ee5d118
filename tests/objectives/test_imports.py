"""Reading formulas and listing the catalogue must not wait for torch or sympy to be imported."""

import subprocess
import sys

LIGHT = """
import sys
import saddlepoint.objectives
from saddlepoint.objectives import domain, parser, to_interval, tree
objective = saddlepoint.objectives.objective("minimax")
objective.on_outputs
saddlepoint.objectives.catalogue()
print(sorted({"torch", "sympy", "numpy"} & set(sys.modules)))
"""


def test_no_heavy_library_is_imported():
    run = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
