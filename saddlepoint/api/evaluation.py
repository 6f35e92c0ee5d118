"""Evaluating: samples of a run, or from anywhere, measured against real data; a run's results go to its metrics.jsonl.

results = sp.evaluate("runs/mnist", features="classifier:runs/classifier")
results = sp.evaluate((samples, images), metrics=["frechet_distance"])
"""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.api.run import Run
from saddlepoint.arguments import text
from saddlepoint.data import Packed, open_data
from saddlepoint.errors import UserError, reason_of
from saddlepoint.files import append_line
from saddlepoint.game.task import networks_of
from saddlepoint.measuring.arrays import packed_array
from saddlepoint.measuring.catalogue import METRICS, check_names, default_metrics
from saddlepoint.measuring.items import items_of_data
from saddlepoint.measuring.judges import Judges
from saddlepoint.measuring.measure import Measurer, Samples
from saddlepoint.measuring.pairs import pairs_by_name
from saddlepoint.measuring.real import Real
from saddlepoint.metrics.features import Features
from saddlepoint.process.saying import say
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.tasks import open_recipe_data, with_source
from saddlepoint.runs.features import default_features, features_for, features_of, why_pixels
from saddlepoint.runs.loading import load_task
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.training.machine.device import device_named
from saddlepoint.training.records.checkpoint import Checkpoint
from saddlepoint.training.records.folder import RunFolder

Arrays = Tensor | np.ndarray
Place = str | Path


def evaluate(
    what: Place | Run | tuple[Place | Arrays | Packed, Place | Arrays | Packed],
    *,
    metrics: Sequence[str] | None = None,
    features: str | Features | None = None,
    data: str | None = None,
    reference: str | None = None,
    count: int | None = None,
    seed: int = 0,
    step: int | None = None,
    device: str = "auto",
    command: str = "",
) -> list[dict[str, Any]]:
    """Measures a run and appends the results to its metrics.jsonl; or any samples against any real data.

    Args:
        what: a run; or (samples, real data), each a folder, zip, .npz or other data, or an array of images (n,
            channels, height, width), 8-bit or floats in [0, 1], or of points (n, dimensions).
        metrics: names of `METRICS`. None: the Frechet and kernel distances, precision, recall, density and coverage; on
            points of a known density those of toy sets too; for a run of a classifier its accuracy.
        features: efficientnet-lite0, hog, pixels, classifier:RUN, inception:FILE, inception-clean:FILE, dinov2:FILE,
            vgg19:FILE, or features of your own. None: for images of 32 pixels and more efficientnet-lite0, if its
            wheel is installed; else pixels; for a run of a classifier its own.
        data: where a run's data is now, if it has moved.
        reference: the split that is compared with: train, held_out or test. None: train, as published distances are
            computed; for accuracy the test split, or else the held-out one.
        count: how many samples, and at most so many of the reference. None: half of the split, 10,000 at most (2,000
            of efficientnet-lite0, of hog, and of features with more than 4096 dimensions), so that the baseline has the
            same counts.
        seed: of the samples' latents.
        step: of a run's checkpoint; None for the newest.
        device: auto, cpu, cuda or mps.
        command: what a person typed, recorded.

    Returns:
        A list of {metric, value, interval, provenance}; the provenance's `baseline` is what real data scores. For
        images of 16 pixels and more the distance, precision, recall and coverage follow by a second judge, hog.

    Raises:
        UserError: something is unknown, missing, or does not fit.

    Examples:
        >>> (measured,) = sp.evaluate(run, metrics=["kernel_distance"], count=50)
        >>> measured["metric"], len(measured["interval"])
        ('kernel_distance', 2)
        >>> measured["provenance"]["baseline"]["what"]
        'two parts of train'

        Samples from anywhere, without a run:

        >>> made, real = torch.rand(40, 1, 8, 8), torch.rand(40, 1, 8, 8)
        >>> [each["metric"] for each in sp.evaluate((made, real), metrics=["frechet_distance"], count=20)]
        ['frechet_distance']
    """
    command = text("command", command)
    check_names(list(metrics) if metrics is not None else [*METRICS])
    if count is not None and count < 2:
        raise UserError(f"{count} samples", "2 or more", "change --samples-count")
    if isinstance(what, tuple):
        for name, given in (("data", data), ("step", step)):
            if given is not None:
                raise UserError(f"{name}={given} with samples of no run", "nothing there", "leave it out")
        return _of_samples(*what, metrics, features, reference, count, device_named(device), command)
    path = what.path if isinstance(what, Run) else Path(what)
    return _of_run(path, metrics, features, data, reference, count, seed, step, device, command)


def _of_run(
    path: Path,
    metrics: Sequence[str] | None,
    features: str | Features | None,
    data: str | None,
    reference: str | None,
    count: int | None,
    seed: int,
    step: int | None,
    device: str,
    command: str,
) -> list[dict[str, Any]]:
    folder = RunFolder.existing(path)
    recipe, recorded = read_recorded(folder)
    if recipe.networks == "own":
        raise UserError(
            f"the run {path} of one's own networks",
            "a pair of the catalogue",
            "measure its samples: saddlepoint.evaluate((samples, images))",
        )
    if data is not None:
        recipe = with_source(recipe, data)
    kind = kind_of(recipe)
    if not kind.measured:
        raise UserError(
            f"the run {path} of the task {recipe.task.kind}",
            "a generator of latents, or a classifier",
            "write its images into a folder, and use evaluate --samples FOLDER --data FOLDER --metrics psnr,ssim",
        )
    packed = open_recipe_data(recipe)
    loaded = load_task(path, left_out=partial(_refuse_left_out, path), device=device, step=step)
    if tuple(packed.shape) != loaded.found.shape:
        raise UserError(
            f"data of shape {tuple(packed.shape)}", f"that of the run, {loaded.found.shape}", "choose other --data"
        )
    about = {"step": loaded.step, "trained_on": recorded.facts.fingerprint, "command": command}
    where = loaded.task.device
    own = features_of(loaded, path) if features is None else None
    known = own or _features(features, packed, where)
    samples = kind.generated_samples(loaded.task, networks_of(loaded.task), packed, known, seed=seed, about={})
    names, split = metrics or kind.default_metrics(packed), reference or kind.reference(packed)
    judges = Judges(known, real=Real(data=packed, split=split, features=known, device=where))
    results, recorded_too = [], True
    for _, record in judges.measure(names, samples=samples, count=count):
        record["provenance"].update(about)
        results.append(record)
        if recorded_too:
            recorded_too = _append_if_possible(folder, record)
    return results


def _refuse_left_out(run: Path, problems: Sequence[str], older: Checkpoint) -> None:
    """A number says which step it is of only to whoever reads its provenance: so the person chooses the step."""
    raise UserError(
        f"{run}, whose newest checkpoint is damaged: {problems[0]}",
        "a whole one, or the step that is to be measured",
        f"choose the newest whole one with --step {older.step}, or mend the run by"
        f" `saddlepoint resume {shlex.quote(str(run))}`",
    )


def _append_if_possible(folder: RunFolder, record: dict[str, Any]) -> bool:
    """Records a result in its run; what took minutes to measure is answered also where the run cannot take it."""
    try:
        append_line(folder.metrics, record)
    except OSError as error:
        say(True, f"the run does not take its results, which are only answered here ({reason_of(error)})")
        return False
    return True


def _of_samples(
    samples: Place | Arrays | Packed,
    real: Place | Arrays | Packed,
    metrics: Sequence[str] | None,
    features: str | Features | None,
    reference: str | None,
    count: int | None,
    device: torch.device,
    command: str,
) -> list[dict[str, Any]]:
    paired = [name for name in metrics or () if "pairs" in METRICS[name].needs]
    if paired:
        if len(paired) < len(metrics or ()):
            others = [name for name in metrics or () if name not in paired]
            raise UserError(
                f"{', '.join(others)} beside {', '.join(paired)}",
                "metrics of pairs alone, or of sets alone",
                "measure them one after the other",
            )
        return _of_pairs(samples, real, paired, features, device, command)
    made, kept = _packed(samples), _packed(real)
    if made.shape != kept.shape:
        raise UserError(
            f"samples of shape {tuple(made.shape)} and data of {tuple(kept.shape)}", "one shape", "resize the samples"
        )
    known = _features(features, kept, device)
    chosen = np.sort(np.concatenate(list(made.splits.values())))
    # Files come sorted, and so by class: a part of them is drawn at random, always the same.
    chosen = chosen[np.random.default_rng(0).permutation(len(chosen))]
    given = Samples(
        make=lambda number: items_of_data(made, chosen[:number], known, device),
        available=len(chosen),
        about={"samples_from": {"source": made.source, "fingerprint": made.fingerprint}},
    )
    judges = Judges(known, real=Real(data=kept, split=reference or "train", features=known, device=device))
    names = metrics or default_metrics(kept)
    found = [record for _, record in judges.measure(names, samples=given, count=count)]
    return [{**each, "provenance": {**each["provenance"], "command": command}} for each in found]


def _of_pairs(
    images: Any,
    reference: Any,
    names: Sequence[str],
    features: str | Features | None,
    device: torch.device,
    command: str,
) -> list[dict[str, Any]]:
    if not isinstance(images, str | Path) or not isinstance(reference, str | Path):
        raise UserError(
            "arrays as pairs", "two folders with the same file names", "call saddlepoint.metrics.psnr.psnr itself"
        )
    pairs = pairs_by_name(images, reference)
    # Of these only the distance of feature maps looks at features, and neither default has maps.
    known = _features_of_shape(features or "pixels", tuple(pairs.images[0].shape), device)
    measurer = Measurer(known, real=None, pairs=pairs)
    about = {"samples_from": {"source": str(images)}, "reference": {"source": str(reference)}, "command": command}
    found = [record for _, record in measurer.measure(names, samples=None)]
    return [{**each, "provenance": {**each["provenance"], **about}} for each in found]


def _features(features: str | Features | None, data: Packed, device: torch.device) -> Features:
    return _features_of_shape(features, tuple(data.shape), device)


def _features_of_shape(features: str | Features | None, shape: tuple[int, ...], device: torch.device) -> Features:
    if isinstance(features, Features):
        return features
    if features is None and (why := why_pixels(shape)) is not None:
        say(True, why)
    return features_for(features or default_features(shape), shape, device)


def _packed(given: Place | Arrays | Packed) -> Packed:
    if isinstance(given, Packed):
        return given
    if isinstance(given, str | Path):
        # Everything that is given is to be measured: nothing is held out but what the source itself sets apart.
        return open_data(given, hold_out=0.0)
    return packed_array(given)
