"""How a data set from elsewhere is looked at: by `data check`, or by training on it for one step."""

from pathlib import Path
from random import Random

from benchmarks.hostile.damage import damage
from benchmarks.hostile.kind import Outcome
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import Workshop, shown

QUICK = ("training.batch=4", "training.threads=1", "networks.width=8", "watch.samples=4", "watch.log_every=1")


def look(
    workshop: Workshop, data: Path | str, place: Path, random: Random, what: str, *, train: float = 0.25
) -> Outcome:
    """Has the command read a data set.

    Args:
        workshop: starts the child.
        data: a file, a folder or a name.
        place: the attempt's folder.
        random: of the attempt.
        what: what is the matter with the data.
        train: the share of attempts in which it is trained on; the others check it.
    """
    if random.random() < train:
        more = [part for setting in QUICK for part in ("--set", setting)]
        arguments = ["train", "images", "--data", str(data), "--out", str(place / "run"), "--steps", "1", *more]
    else:
        arguments = ["data", "check", str(data)] if random.random() < 0.5 else ["data", "check", str(data), "--json"]
    ended = workshop.verb(arguments, place)
    return Outcome(what=f"{what}; {shown(arguments)}", fault=fault_of(ended))


def damage_some(path: Path, random: Random) -> str:
    """Damages a file in one to three ways; says how."""
    said = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if path.exists() and path.stat().st_size:
            said.append(damage(path, random))
    return ", ".join(said)
