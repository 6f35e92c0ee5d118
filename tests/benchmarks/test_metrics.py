"""The benchmark of the metrics: its programs agree with each other, and one run in a process says what it took."""

import json
import subprocess
import sys

import pytest

from benchmarks.metrics import PAIRS, PROGRAMS, compared, features
from tests.laws.members import ROOT


@pytest.mark.parametrize(("ours", "theirs"), [pair for pair in PAIRS if "kernel" not in pair[0]])
def test_both_sides_of_a_pair_measure_the_same(ours, theirs):
    made, real = features(150, 12, 2), features(150, 12, 1)
    assert PROGRAMS[ours](made, real) == pytest.approx(PROGRAMS[theirs](made, real), rel=1e-5)


def test_a_program_is_measured_in_its_own_process():
    command = [sys.executable, "-m", "benchmarks.metrics", "--rows", "300", "--dimensions", "8"]
    answer = subprocess.run(
        [*command, "--program", "ours.kernel"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    run = json.loads(answer.stdout.splitlines()[-1])
    assert run["seconds"] > 0.0 and run["peak_memory_mb"] >= 0.0 and set(run["values"]) == {"kernel_distance"}


def test_ratios_are_of_medians():
    runs = [
        {
            "program": name,
            "seconds": seconds,
            "peak_memory_mb": 2.0 if name.startswith("ours.") else 8.0,
            "values": {"a": 1.0},
        }
        for name in PROGRAMS
        for seconds in ((1.0, 2.0, 50.0) if name.startswith("ours.") else (4.0, 4.0, 4.0))
    ]
    found = compared(runs)
    assert all(row["seconds_ratio"] == 0.5 and row["memory_ratio"] == 0.25 for row in found["pairs"])
    assert found["together"] == {"ours_s": 6.0, "theirs_s": 12.0, "ratio": 0.5}
