"""Wrong arguments from Python: a table of calls, each of which has to be refused on one line, or rightly done.

The calls stand in `misuse_networks.py` and `misuse_calls.py`. A bare exception from inside torch or numpy is a fault,
and so is a call that is accepted although it can never have been meant.
"""

from pathlib import Path
from random import Random

from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.misuse_calls import CALLS
from benchmarks.hostile.misuse_networks import NETWORKS, Call, Expected, Surroundings
from benchmarks.hostile.verdict import fault_of, last_line
from benchmarks.hostile.workshop import Workshop

_DONE, _REFUSED = 40, 41


def prepare(workshop: Workshop) -> Attack:
    calls = [*NETWORKS, *CALLS]
    Random(f"{workshop.seed}/misuse").shuffle(calls)

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        call = calls[index]
        surroundings = Surroundings(place=place, run=workshop.small_run)
        ended = workshop.start(lambda: _made(call, surroundings), place, limit=40).wait()
        fault = fault_of(ended, codes=frozenset({_DONE, _REFUSED}))
        if fault is None and ended.code == _DONE and call.expected is Expected.REFUSED:
            fault = "accepted without a word" if not ended.err.strip() else f"accepted: {last_line(ended.err)}"
        said = any(line.startswith("data: ") for line in ended.err.splitlines())
        if fault is None and ended.code == _DONE and call.expected is Expected.SAID and not said:
            fault = "accepted without a word about the data"
        if fault is None and ended.code == _REFUSED and call.expected is Expected.DONE:
            fault = f"refused: {last_line(ended.out)}"
        taken = sorted(each.name for each in (place / "new").iterdir()) if (place / "new").exists() else []
        if fault is None and ended.code == _REFUSED and taken:
            fault = f"refused, but the folder is taken: {', '.join(taken)}"
        return Outcome(what=f"{call.name} (in {call.do.__module__.rpartition('.')[2]}.py)", fault=fault)

    return Attack(attempt=attempt, count=len(calls))


def _made(call: Call, surroundings: Surroundings) -> int:
    from saddlepoint.errors import RunStopped, UserError

    try:
        call.do(surroundings)
    except (UserError, RunStopped) as error:
        if len(str(error).splitlines()) != 1:
            print(f"Traceback (most recent call last): an error of several lines: {error}")
        print(f"saddlepoint said: {error}")
        return _REFUSED
    except Exception as error:
        said = " ".join([str(error), *getattr(error, "__notes__", ())])
        if call.passes is None or call.passes not in said:
            raise
        return _REFUSED
    return _DONE


KIND = Kind(
    name="misuse",
    tried="wrong networks, data sets, settings and arguments from Python",
    good="one line (UserError) before anything is written, or rightly done",
    prepare=prepare,
)
