"""What the advised remedies repair: each failing run beside itself untreated, treated in place, and rolled back.

The remedy is what the run itself was told to do first (`do` of findings.jsonl), at the probe that first opened a
finding. In place it is asked of the run where it stands, and the optimizers begin afresh; rolled back, from the newest
checkpoint before the finding was first seen, where the run was well then. All runs of a kind are equally long;
`outcomes.py` says how they ended.
"""

import json
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.diagnosis.judging import ADVICE
from benchmarks.diagnosis.outcomes import FAILED
from benchmarks.diagnosis.plants import BREAKS, CIRCLING, SETS, Plant
from benchmarks.diagnosis.playing import PLAYED, Judges, Planting, prepare, recipe_of, told, written
from saddlepoint.errors import RunStopped
from saddlepoint.files import write_whole
from saddlepoint.run_folder import FINDINGS
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.session import start
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.requests import Rebuild, RollBack
from saddlepoint.training.state import State

# Those of the first set that something can be done about in place, and that are broken while they are well.
KINDS = (
    *("digits-vanishing", "digits-saturated", "toy-momentum", "digits-collapse", "digits-clip", "toy-circling"),
    *("toy-hopping", "toy-cycling", "digits-then-rates", "mnist-then-rates", "digits-then-collapse"),
    *("toy-cycling-clip", "toy-weak"),
)
# Steps of such runs, not broken and broken: 450 to 700 after a finding.
_LONG = {False: 1000, True: BREAKS + 550}
WAYS = ("untreated", "in place", "rolled back")


class Treating(Observer):
    """Asks a run once for what it was told to do first.

    Args:
        folder: of the run.
        back: it is rolled back for it, to before what was found was first seen.
    """

    def __init__(self, folder: Path, back: bool):
        self.folder, self.back, self.done = folder, back, ""

    def begin(self, game: Game, control: Control) -> None:
        self.control = control

    def step(self, state: State, record: Record) -> None:
        path = self.folder / FINDINGS
        if self.done or not path.exists():
            return
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        first = next((line for line in lines if line["state"] == "open"), None)
        if first is None:
            return
        words = shlex.split(first["do"])
        changes = tuple(word for word in words[3:] if "=" in word and not word.startswith("--"))
        self.done = f"{first['finding']}: {' '.join(words[1:])}"
        if words[1] != "ask" or not changes:
            return
        if self.back:
            self.control.ask(RollBack(to=max(0, first["since"] - 1), changes=changes, reason="a benchmark"))
        else:
            self.control.ask(Rebuild(changes=changes, reason="a benchmark", forget=True))


def repair(plant: Plant, seed: int, way: str, runs: Path, data: Path, judges: Judges) -> dict[str, Any]:
    """A run of a kind in one of the WAYS, played unless it is there; gives what its played.json holds."""
    out = runs / "repairs" / f"{plant.name}.{seed}.{way.replace(' ', '-')}"
    path = out / PLAYED
    about = f"{written(plant)} {way} {_LONG[plant.breaks]}"
    if path.exists() and (there := json.loads(path.read_text(encoding="utf-8")))["plant"] == about:
        return there
    shutil.rmtree(out, ignore_errors=True)
    recipe = recipe_of(plant, seed, data, steps=_LONG[plant.breaks])
    treating = Treating(out, way == "rolled back")
    failure = ""
    try:
        observers = [Planting(plant), *([treating] if way != "untreated" else [])]
        start(recipe, out, from_python=FromPython(), show=False, observers=observers)
    except RunStopped as error:
        failure = str(error)
    shutil.rmtree(out / "tensorboard", ignore_errors=True)
    ended = FAILED if failure else judges.of(recipe).outcome(out, by_class=plant.by_class)
    found = {"plant": about, "outcome": told(ended), "done": treating.done, "failure": failure}
    write_whole(path, (json.dumps(found) + "\n").encode())
    return found


def ways_of(plant: Plant) -> tuple[str, ...]:
    """The ways of a kind: nothing in place helps nets that have crashed, and what never was well has nowhere to go."""
    if plant.breaks and ADVICE in plant.right:
        return WAYS[0], WAYS[2]
    return WAYS if plant.breaks else WAYS[:2]


def repair_all(
    seeds: Iterable[int], runs: Path, mnist: Path, tell: Callable[[str], None], only: Sequence[str] | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Every kind, seed and way; gives the rows of the page after each kind."""
    data, judges, many = runs / "data", Judges(), list(seeds)
    prepare(data, mnist)
    plants = {plant.name: plant for plant in (*SETS["first"], CIRCLING)}
    rows: list[dict[str, Any]] = []
    for name in only or KINDS:
        plant = plants[name]
        ways = ways_of(plant)
        ended: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
        for seed in many:
            for way in ways:
                played = repair(plant, seed, way, runs, data, judges)
                ended[way].append(played)
                tell(f"{name}.{seed} {way}: {played['done']} {played['outcome']} {played['failure'][:60]}")
        rows += [_row(name, way, ended[way], ended[WAYS[0]]) for way in ways[1:]]
        yield rows


def _row(name: str, way: str, treated: list[dict[str, Any]], untreated: list[dict[str, Any]]) -> dict[str, Any]:
    done = dict.fromkeys(played["done"] or "nothing was found" for played in treated)
    return {
        "kind": name,
        "way": way,
        "done": list(done),
        "runs": len(treated),
        "repaired": sum(played["outcome"]["well"] for played in treated),
        "untreated_repaired": sum(played["outcome"]["well"] for played in untreated),
        "untreated": [played["outcome"]["frechet"] for played in untreated],
        "treated": [played["outcome"]["frechet"] for played in treated],
        "recall": [played["outcome"]["recall"] for played in treated],
    }
