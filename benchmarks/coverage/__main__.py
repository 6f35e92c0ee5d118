"""python -m benchmarks.coverage [--only NAME ...] [--repetitions N] [--recompute] [--out docs/results/coverage.json]"""

import argparse
import shlex
import sys
from pathlib import Path

from benchmarks.coverage.run import cases, measure, table, write


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="cases whose names start so")
    parser.add_argument("--repetitions", type=int, default=None, help="draws of each case, instead of its own number")
    parser.add_argument("--recompute", action="store_true", help="compute the targets without a closed form again")
    parser.add_argument("--out", type=Path, default=None, help="where the JSON goes")
    given = parser.parse_args(arguments)
    chosen = [case for case in cases() if not given.only or case.name.startswith(tuple(given.only))]
    if not chosen:
        parser.error(
            f"no case is named {' or '.join(given.only)}; there are {', '.join(case.name for case in cases())}"
        )
    if given.recompute:
        for case in chosen:
            if case.recompute is not None:
                print(f"{case.name:48} recorded {case.target:.6g}, again {case.recompute():.6g}", flush=True)
        return 0
    print(table([]))
    rows = []
    for case in chosen:
        rows.append(measure(case, given.repetitions))
        print(table(rows[-1:]).splitlines()[1], flush=True)
    if given.out is not None:
        write(rows, given.out, shlex.join(["python", "-m", "benchmarks.coverage", *arguments]))
    return 0 if all(row["ok"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
