"""The theory's formula, the prediction of D's next step and the verdict of `diagnose`, on trained runs.

    python -m benchmarks.local_diagnosis [--runs FOLDER] [--only NAME ...] [--out FILE]

Each run is trained (or taken from the folder, where an earlier call left it), its outcome is measured by its samples
(`diagnosis/outcomes.py`), and it is diagnosed in double precision. Of each stand in the record

    errors      |formula - J| / |J| with constants of the rest point, with each sample's own factors, and with the
                curvature of the networks beside them; on 256 items of each side, and on 1,024: what falls between the
                two is the noise of the draw
    prediction  of the run's own next step, of a share of it that moves D by less than half its spread, and of such a
                step of plain gradient descent
    verdict     beside what is known of the run

J is taken as products, which tests hold equal to the matrix; norms are estimated with 30 sign vectors (10 for nets of
20,000 weights and more, and on 1,024 items).
Every objective that has a name comes after them, on two nets of 691 weights together.
"""

import argparse
import dataclasses
import math
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmarks.diagnosis.outcomes import Judge
from benchmarks.record import FOLDER, merged, read, record
from saddlepoint import train
from saddlepoint.api.diagnosis import read_seen
from saddlepoint.diagnosis.local.duel import Probe, drawn
from saddlepoint.diagnosis.local.flow import Flow
from saddlepoint.diagnosis.local.formula import PerSample
from saddlepoint.diagnosis.local.kernel import normalises_over_batch
from saddlepoint.diagnosis.local.measure import Standing, measure, measure_shares
from saddlepoint.diagnosis.local.prediction import Prediction, predict
from saddlepoint.diagnosis.local.rest import Rest, rest_of
from saddlepoint.diagnosis.local.verdict import judge
from saddlepoint.errors import RunStopped
from saddlepoint.game.steps import SGD, Step
from saddlepoint.objectives.members import summaries
from saddlepoint.recipes.tasks import open_recipe_data
from saddlepoint.runs.loading import refuse_left_out
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.runs.standing import standing
from saddlepoint.training.machine.device import describe, versions
from saddlepoint.training.records.checkpoint import newest_valid
from saddlepoint.training.records.folder import RunFolder

# Items of each side, of which the second shows what of an error is the noise of the first.
ITEMS, MORE = 256, 1024
# Processor seconds for one diagnosis.
SECONDS = 120.0
RECORD = FOLDER / "local_diagnosis.json"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A run.

    Attributes:
        name: of the row.
        recipe: that is trained.
        steps: of the run.
        known: what is known of such a run beforehand: healthy, circling, stuck.
        changes: what is set in the recipe.
    """

    name: str
    recipe: str
    steps: int
    known: str
    changes: Mapping[str, Any] = field(default_factory=dict)


WITHOUT = {"penalties.r1": None, "penalties.r2": None}
R1 = {"penalties.r1": 0.3, "penalties.r2": None}
SMALL_TOY = {"networks.width": 16, "networks.depth": 2}
MLP = {"networks.pair": "mlp", "networks.latent": 16, "networks.width": 64, "networks.depth": 2}
CONVOLUTIONAL = {"networks.width": 8, "networks.latent": 16}
NON_SATURATING = {"objective": "non_saturating"}


def adam(discriminator: float, generator: float, beta1: float = 0.0, beta2: float = 0.9) -> dict[str, Any]:
    """Both players by Adam at these rates."""
    rates = {"discriminator": discriminator, "generator": generator}
    numbers = {"beta1": beta1, "beta2": beta2}
    return {f"{name}.{key}": value for name, rate in rates.items() for key, value in {"rate": rate, **numbers}.items()}


def descent(rate: float) -> dict[str, Any]:
    """Both players at once by plain gradient descent."""
    numbers = {"optimizer": "sgd", "rate": rate, "momentum": 0.0}
    of_both = {f"{name}.{key}": value for name in ("discriminator", "generator") for key, value in numbers.items()}
    return {**of_both, "dynamics.turn": "simultaneous"}


def _planned(name: str, recipe: str, steps: int, known: str, *changes: Mapping[str, Any]) -> Planned:
    together = {key: value for each in changes for key, value in each.items()}
    return Planned(name=name, recipe=recipe, steps=steps, known=known, changes=together)


SLOW = adam(1e-3, 1e-3, beta2=0.99)
RUNS = (
    _planned("toy, the recipe", "toy", 1500, "healthy"),
    _planned("toy, R1", "toy", 600, "healthy", SMALL_TOY, NON_SATURATING, R1),
    _planned("toy, hinge, R1", "toy", 600, "healthy", SMALL_TOY, {"objective": "hinge"}, R1),
    _planned(
        "toy, Wasserstein, gradient penalty",
        "toy",
        600,
        "healthy",
        SMALL_TOY,
        WITHOUT,
        {"objective": "wasserstein", "penalties.gradient_penalty": 1.0},
    ),
    _planned(
        "digits, small net, R1",
        "digits",
        500,
        "healthy",
        MLP,
        {"networks.width": 12},
        NON_SATURATING,
        R1,
        adam(2e-3, 2e-3),
    ),
    _planned("digits, R1 and R2, paired", "digits", 800, "healthy", MLP, SLOW),
    _planned("digits, R1", "digits", 800, "healthy", MLP, NON_SATURATING, R1, adam(1e-3, 1e-3)),
    _planned("digits, least squares, R1", "digits", 800, "healthy", MLP, {"objective": "least_squares"}, R1, SLOW),
    _planned("digits, by class", "digits", 800, "healthy", MLP, {"task.conditional": True}, SLOW),
    _planned(
        "digits, convolutions", "digits", 800, "healthy", CONVOLUTIONAL, {"networks.generator_normalisation": "none"}
    ),
    _planned("digits, batch norm in G", "digits", 800, "healthy", CONVOLUTIONAL),
    _planned(
        "digits, batch norm in both",
        "digits",
        800,
        "failing",
        CONVOLUTIONAL,
        {"networks.normalisation": "batch"},
        WITHOUT,
    ),
    _planned(
        "digits, minimax, no penalty",
        "digits",
        500,
        "undamped",
        MLP,
        {"objective": "minimax"},
        WITHOUT,
        adam(5e-4, 5e-4),
    ),
    _planned(
        "digits, D far ahead",
        "digits",
        500,
        "stuck",
        MLP,
        {"objective": "minimax"},
        WITHOUT,
        adam(5e-3, 2e-4),
        {"dynamics.discriminator_steps": 4},
    ),
    _planned(
        "toy, plain descent, no penalty", "toy", 600, "circling", SMALL_TOY, NON_SATURATING, WITHOUT, descent(0.1)
    ),
    _planned(
        "toy, momentum, no penalty",
        "toy",
        600,
        "circling",
        {"networks.width": 64},
        NON_SATURATING,
        WITHOUT,
        adam(1e-3, 1e-3, 0.9),
    ),
)
CATALOGUE = tuple(_planned(name, "toy", 500, "", SMALL_TOY, {"objective": name}, R1) for name in summaries())


def played(planned: Planned, folder: Path) -> Path:
    """The run's folder, trained unless it is there.

    Raises:
        RunStopped: it left the finite numbers.
    """
    out = folder / planned.name.replace(", ", "-").replace(" ", "_").replace(":", "-")
    if not (out / "report.html").exists():
        common = {"training.device": "cpu", "training.threads": 1, "average": None}
        train(planned.recipe, out=out, steps=planned.steps, set={**common, **planned.changes}, show=False)
    return out


def opened(path: Path) -> tuple[Standing, Any, Any]:
    """The duel of a run at its newest checkpoint, with its recipe and data."""
    folder = RunFolder.existing(path)
    recipe, recorded = read_recorded(folder)
    checkpoint, data = newest_valid(folder.checkpoints, left_out=refuse_left_out(path)), open_recipe_data(recipe)
    stands = standing(recipe, recorded, checkpoint, data=data, device=torch.device("cpu"))
    return stands, recipe, data


def row_of(planned: Planned, folder: Path) -> dict[str, Any]:
    """What is found of a run."""
    began = time.process_time()
    row: dict[str, Any] = {**dataclasses.asdict(planned)}
    try:
        path = played(planned, folder)
    except RunStopped as error:
        return {**row, "failure": str(error)}
    trained = time.process_time()
    stands, recipe, data = opened(path)
    found = measure(stands, count=ITEMS, seconds=SECONDS)
    name = stands.duel.players[0].name
    batch_norm = "networks.normalisation" if normalises_over_batch(stands.duel, name) else None
    judged = judge(found, read_seen(path), stands.settings, batch_norm=batch_norm)
    outcome = Judge(data, str(recipe.data.source)).outcome(path, by_class=recipe.task.conditional)
    return {
        **row,
        "outcome": {**dataclasses.asdict(outcome), "well": outcome.well},
        "weights": found.weights,
        "near": found.near,
        "verdict": judged.verdict,
        "because": judged.because,
        "damping": found.pair.damping if found.pair is not None else None,
        "step_times_fastest": found.fastest,
        "findings": list(read_seen(path).findings),
        "errors": {str(ITEMS): found.shares.errors if found.shares is not None else None, str(MORE): _errors(stands)},
        "sizes": {name: found.shares.sizes[name] for name in found.parts or {}} if found.shares is not None else None,
        "eigenvalue": _pair(found.pair.value) if found.pair is not None else None,
        "parts": {name: _pair(part) for name, part in found.parts.items()} if found.parts is not None else None,
        "prediction": _told(found.prediction),
        "descent": _told(_descent(stands)),
        "reasons": found.reasons,
        "seconds": {"training": round(trained - began, 1), "diagnosis": round(time.process_time() - trained, 1)},
    }


def _errors(stands: Standing) -> dict[str, float] | None:
    probe = Probe.of(stands.duel, drawn(stands.duel, stands.state, MORE), stands.settings)
    rest = rest_of(stands.duel.objective)
    return measure_shares(Flow(probe), PerSample(probe), rest if isinstance(rest, Rest) else None, probes=10).errors


def _descent(stands: Standing) -> Prediction | str:
    """A plain step from where the run stands, as long as one that moves D by about its spread, then halved."""
    name = stands.duel.players[0].name
    settings = {**stands.settings, f"{name}.rate": 1.0, f"{name}.momentum": 0.0}
    probe = Probe.of(stands.duel, drawn(stands.duel, stands.state, ITEMS), settings)
    return predict(probe, Step(stands.duel.players[0], SGD(), fused=False))


def _told(made: Prediction | str | None) -> dict[str, float | None] | None:
    if made is None or isinstance(made, str) or made.error is None:
        return None
    return {
        "moved": made.moved,
        "error": made.error,
        "bare_error": made.bare_error,
        "error_with_curvature": made.midway_error,
        "share": made.share,
        "small_moved": made.small_moved,
        "small_error": made.small_error,
    }


def _pair(value: complex) -> list[float]:
    return [value.real, value.imag]


def _finite(value: Any) -> Any:
    """JSON knows no infinity."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.local_diagnosis", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--runs", type=Path, help="where the runs are kept, and taken from")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="rows of these names alone")
    parser.add_argument("--out", type=Path, default=RECORD)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as own:
        for part, plans in (("runs", RUNS), ("catalogue", CATALOGUE)):
            for each in plans:
                if given.only is None or each.name in given.only:
                    row = _finite(row_of(each, (given.runs or Path(own)) / part))
                    print(line(row), flush=True)
                    _record(given.out, part, row, [each.name for each in plans])
    return 0


def _record(path: Path, part: str, row: dict[str, Any], names: list[str]) -> None:
    """Sets a row among those that are recorded: whether at once or row by row, each is what the whole command gives."""
    parts = {name: read(path).get(name, []) for name in ("runs", "catalogue")}
    parts[part] = merged(parts[part], [row], names)
    seconds = round(sum(sum(each.get("seconds", {}).values()) for rows in parts.values() for each in rows))
    machine = {**describe(torch.device("cpu")), **versions()}
    record(path, **parts, machine=machine, command="python -m benchmarks.local_diagnosis", seed=0, seconds=seconds)


def line(row: dict[str, Any]) -> str:
    """A row for the one who waits."""
    if "failure" in row:
        return f"{row['name']:36} {row['failure'][:80]}"
    few, more = row["errors"][str(ITEMS)], row["errors"][str(MORE)]
    shown = (
        " ".join(
            f"{name} {few.get(name, math.nan):.3f}/{more.get(name, math.nan):.3f}"
            for name in ("rest_point", "per_sample", "with_curvature")
        )
        if few and more
        else "no J"
    )
    steps = " ".join(
        f"{name} {row[name]['error']:.3f} ({row[name]['moved']:.2f}) {row[name]['small_error']:.3f}"
        for name in ("prediction", "descent")
        if row[name] is not None
    )
    ended = f"{'well' if row['outcome']['well'] else 'badly'} {row['outcome']['frechet']}"
    damping, fastest = (
        f"{each:.2f}" if each is not None else "-" for each in (row["damping"], row["step_times_fastest"])
    )
    return (
        f"{row['name']:36} {row['known']}: {row['verdict']}, {row['because']} ({ended}) near {row['near']} damping "
        f"{damping} fastest {fastest} | {shown} | {steps} | {row['seconds']} {row['findings']}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
