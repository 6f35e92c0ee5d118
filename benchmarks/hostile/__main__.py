"""python -m benchmarks.hostile --minutes N [--seed S] [--only KIND ...] [--json FILE] [--page FILE.md] [--list]

Exit code 1 if any attempt was not good. `--case KIND:INDEX` makes one attempt again, with the same seed, and keeps its
folder to look at.
"""

import argparse
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from benchmarks.hostile.kind import Kind


def main(arguments: Sequence[str], kinds: "Sequence[Kind] | None" = None) -> int:
    """Runs a campaign; gives its exit code.

    Args:
        arguments: of the command line.
        kinds: others than those of the table; only to test the campaign itself.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--minutes", type=float, metavar="N", help="altogether, shared out over the kinds")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of everything that is drawn (default 0)")
    parser.add_argument("--only", nargs="+", default=[], metavar="KIND", help="only these kinds")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="where the results go as JSON")
    parser.add_argument("--page", type=Path, default=None, metavar="FILE.md", help="a page whose table is replaced")
    parser.add_argument("--case", metavar="KIND:INDEX", help="make one attempt again and keep its folder")
    parser.add_argument("--list", action="store_true", help="list the kinds, and end")
    given = parser.parse_args(arguments)
    if not hasattr(os, "pidfd_open"):
        parser.error("the campaign needs Linux: it watches its children through pidfd_open")
    # Before torch is imported, here and in all children.
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    planted = kinds is not None
    if kinds is None:
        from benchmarks.hostile.kinds import KINDS

        kinds = KINDS
    if given.list:
        width = max(len(kind.name) for kind in kinds)
        for kind in kinds:
            print(f"{kind.name:{width}}  {kind.tried}\n{'':{width}}  good: {kind.good}")
        return 0
    names = [kind.name for kind in kinds]
    if unknown := [name for name in given.only if name not in names]:
        parser.error(f"no kind is named {' or '.join(unknown)}; there are {', '.join(names)}")
    if given.case is None and (given.minutes is None or not 0 < given.minutes < float("inf")):
        parser.error("--minutes N is needed, a number above 0")
    chosen = [kind for kind in kinds if not given.only or kind.name in given.only]
    if not planted:
        from benchmarks.hostile.preload import preload

        preload()
    command = shlex.join(["python", "-m", "benchmarks.hostile", *arguments])
    try:
        return _run(given, chosen, command)
    except ValueError as error:
        parser.error(str(error))


def _run(given: argparse.Namespace, kinds: "Sequence[Kind]", command: str) -> int:
    from benchmarks.hostile import record
    from benchmarks.hostile.campaign import campaign, one
    from benchmarks.hostile.child import end_all
    from benchmarks.hostile.workshop import PLACE, Workshop, own_surroundings

    # So that the folder is removed when somebody stops the campaign.
    before = signal.signal(signal.SIGTERM, _end)
    root = Path(tempfile.mkdtemp(prefix="saddlepoint-hostile-"))
    # Other users are part of the campaign.
    root.chmod(0o755)
    keep = False
    try:
        with own_surroundings(root):
            workshop = Workshop(root, given.seed)
            if given.case is not None:
                row = one(kinds, workshop, given.case)
                keep = True
                print(f"{record.table([row])}\nkept: {root / PLACE}")
                return 1 if row.bad else 0
            rows = campaign(kinds, workshop, minutes=given.minutes, say=_say)
        found = record.as_json(rows, command=command, minutes=given.minutes, seed=given.seed)
        if given.json is not None:
            record.write_json(found, given.json)
        if given.page is not None:
            record.write_page(found, given.page)
        print(record.table(rows))
        return 1 if any(row.bad for row in rows) else 0
    finally:
        end_all()
        signal.signal(signal.SIGTERM, before)
        if not keep:
            shutil.rmtree(root, ignore_errors=True)


def _say(line: str) -> None:
    print(line, flush=True)


def _end(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
