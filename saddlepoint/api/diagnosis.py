"""`sp.diagnose`: the real game of a run near where it stands, and why it circles, or that it does not."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from saddlepoint.api.run import Run, run_path
from saddlepoint.arguments import whole_number
from saddlepoint.diagnosis.local.diagnosis import Diagnosis
from saddlepoint.diagnosis.local.kernel import normalises_over_batch
from saddlepoint.diagnosis.local.measure import Measured, measure
from saddlepoint.diagnosis.local.verdict import Seen, Way, judge
from saddlepoint.errors import UserError
from saddlepoint.files import read_lines
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import open_recipe_data, with_source
from saddlepoint.run_folder import FINDINGS, LOG, PROBES
from saddlepoint.runs.loading import refuse_left_out
from saddlepoint.runs.recorded import Recorded, read_recorded
from saddlepoint.runs.standing import standing
from saddlepoint.training.machine.device import device_named
from saddlepoint.training.records.checkpoint import newest_valid, steps_saved
from saddlepoint.training.records.folder import RunFolder

SECONDS = 60.0


def diagnose(
    run: str | Path | Run,
    *,
    data: str | None = None,
    step: int | None = None,
    probe: int | None = None,
    seconds: float = SECONDS,
    device: str = "cpu",
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    latent: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Diagnosis:
    """What the game of a run is like where it stands, the verdict, and what would change it.

    Of a folder without weights the logs alone are read, and what they cannot tell is None with the reason.

    Args:
        run: its folder, also of one that is still going on.
        data: where its data is now, if it has moved.
        step: of the checkpoint; None for the newest valid one.
        probe: items of each side that it is looked at with; None for as many as its size allows.
        seconds: of processor time, about; what is not measured by then is None.
        device: cpu or cuda; it is measured in double precision.
        generator, discriminator, latent: your own networks, if the run was made with such.
        tell: is told what is being measured.

    Raises:
        UserError: there is no run, its game is no duel of a discriminator and a generator of latents, its data is gone.

    Examples:
        >>> found = sp.diagnose(run, probe=16, seconds=2)
        >>> found.judged.verdict in ("converging", "undamped", "unclear", "stuck", "cycling", "diverging")
        True
        >>> sorted(found.to_json()["rest"])
        ['c', 'h', 'k']
    """
    path = run_path(run)
    folder = RunFolder.existing(path)
    recipe, recorded = read_recorded(folder)
    probe = whole_number("probe", probe, least=4) if probe is not None else None
    if not (isinstance(seconds, int | float) and seconds > 0 and math.isfinite(seconds)):
        raise UserError(f"seconds={seconds}", "a positive number", "leave it out, or give more than 0")
    where = device_named(device)
    if where.type == "mps":
        raise UserError("device mps", "one that knows double precision", "choose cpu or cuda")
    # Asked of the kind before anything is opened: a run that is no duel is refused, whatever there is of it.
    kind_of(recipe).duel(None)
    seen = read_seen(path)
    reason = _why_logs_alone(recipe, folder, path, generator)
    if reason is not None:
        found = Measured(step=_last_step(path), count=0, weights=(0, 0))
        return _diagnosis(path, recipe, found, seen, {}, batch_norm=None, from_logs=reason)
    if data is not None:
        recipe = with_source(recipe, data)
    own = _own(recipe, recorded, generator, discriminator, latent)
    checkpoint = newest_valid(folder.checkpoints, left_out=refuse_left_out(folder.path), at=step)
    recipe = kind_of(recipe).reading(recipe, recorded.of_task(recipe))
    with torch.random.fork_rng(devices=[where] if where.type == "cuda" else []), torch.enable_grad():
        stands = standing(recipe, recorded, checkpoint, data=open_recipe_data(recipe), device=where, own=own)
        found = measure(stands, count=probe, seconds=seconds, tell=tell)
        normalised = normalises_over_batch(stands.duel, stands.duel.players[0].name)
        key = "networks.normalisation" if hasattr(recipe.networks, "normalisation") else ""
    return _diagnosis(
        path, recipe, found, seen, stands.settings, batch_norm=key if normalised else None, from_logs=None
    )


def _diagnosis(
    path: Path,
    recipe: Recipe,
    found: Measured,
    seen: Seen,
    settings: Mapping[str, float],
    *,
    batch_norm: str | None,
    from_logs: str | None,
) -> Diagnosis:
    return Diagnosis(
        way=Way(run=path, recipe=recipe.name, step=found.step, written=RunFolder.existing(path).written()),
        objective=str(recipe.objective),
        found=found,
        seen=seen,
        judged=judge(found, seen, settings, batch_norm=batch_norm),
        settings=settings,
        from_logs=from_logs,
    )


def _why_logs_alone(recipe: Recipe, folder: RunFolder, path: Path, generator: nn.Module | None) -> str | None:
    if not steps_saved(folder.checkpoints):
        return "the folder holds no checkpoint"
    if recipe.networks == "own" and generator is None:
        return "its networks are a person's own, which saddlepoint.diagnose takes as generator= and discriminator="
    return None


def _own(
    recipe: Recipe,
    recorded: Recorded,
    generator: nn.Module | None,
    discriminator: nn.Module | None,
    latent: int | None,
) -> OwnNetworks | None:
    if generator is None:
        return None
    if discriminator is None:
        raise UserError("generator= without discriminator=", "both players", "give discriminator= as well")
    of_task: Any = recorded.of_task(recipe)
    width = latent if latent is not None else getattr(of_task, "latent", None)
    if width is None:
        raise UserError("networks of your own without a latent width", "the width of z", "give latent=64")
    return OwnNetworks(
        generator=generator,
        discriminator=discriminator,
        latent=width,
        pixel_range=getattr(of_task, "pixel_range", None),
        begins=False,
    )


def read_seen(path: Path) -> Seen:
    """What a run's folder tells beside its networks: open findings, its newest signals, whether it is finite."""
    state: dict[str, str] = {}
    for line in read_lines(path / FINDINGS):
        if line.value is not None and "finding" in line.value:
            state[str(line.value["finding"])] = str(line.value.get("state", "open"))
    signals: dict[str, float] = {}
    for line in read_lines(path / PROBES):
        held = line.value.get("signals") if line.value is not None else None
        if isinstance(held, dict):
            signals = {str(name): float(each) for name, each in held.items() if isinstance(each, int | float)}
    last = None
    for line in read_lines(path / LOG):
        last = line.value if line.value is not None else last
    return Seen(
        findings=tuple(name for name, each in state.items() if each == "open"),
        signals=signals,
        finite=last is None or _finite(last.get("losses")),
    )


def _finite(losses: Any) -> bool:
    """Whether the totals of both players are numbers; JSON has null in the place of a NaN."""
    if not isinstance(losses, dict):
        return True
    return all(not isinstance(each, dict) or each.get("total", 0.0) is not None for each in losses.values())


def _last_step(path: Path) -> int:
    steps = [line.value["step"] for line in read_lines(path / LOG) if line.value is not None and "step" in line.value]
    return int(steps[-1]) if steps else 0
