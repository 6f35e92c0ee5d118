"""Any metric of real against generated arrays, class by class, and the mean over classes: intra-class FID and the like.

The intra-class Frechet distance was made known by Miyato & Koyama, "cGANs with projection discriminator" (2018): it
sees the lack of variety within a class, which a distance over all classes hides.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows
from saddlepoint.metrics.modes import labels_of
from saddlepoint.metrics.result import Result

VERSION = 1


def by_class(
    metric: Callable[[Tensor, Tensor], Result],
    real: Tensor | np.ndarray,
    fake: Tensor | np.ndarray,
    real_labels: Tensor | np.ndarray,
    fake_labels: Tensor | np.ndarray,
    *,
    classes: int,
    fewest: int,
) -> dict[int, Result]:
    """A metric for every class that the real data has.

    Args:
        metric: (real rows, generated rows) -> Result; bind its settings beforehand.
        real: (n, ...) features or pixels of real images.
        fake: (m, ...) the same of generated ones.
        real_labels: (n,) integers from 0 to classes - 1.
        fake_labels: (m,) the same.
        classes: how many there can be.
        fewest: images of either kind that a class needs, at least 2; more than the features' size for a Frechet
        distance
            with covariances of full rank.

    Returns:
        Class to Result, in the order of the classes, each with its `class` in the record.

    Raises:
        UserError: labels out of range or of other numbers than the rows; a class with too few.
    """
    if fewest < 2:
        raise UserError(f"{fewest} images of a class as enough", "at least 2", "ask for more")
    tables = {"real": rows("real images", real), "generated": rows("generated images", fake)}
    labels = {
        kind: labels_of(f"labels of {kind} images", given, classes)
        for kind, given in (("real", real_labels), ("generated", fake_labels))
    }
    for kind, table in tables.items():
        if len(table) != len(labels[kind]):
            raise UserError(f"{len(labels[kind])} labels for {len(table)} {kind} images", "one each", "label every one")
    counts = {kind: torch.bincount(given, minlength=classes) for kind, given in labels.items()}
    # A class that is generated but not real is a class with too few real images.
    present = ((counts["real"] + counts["generated"]) > 0).nonzero().flatten().tolist()
    few = [f"{number[label]} {kind} of class {label}" for label in present for kind, number in counts.items()
           if number[label] < fewest]  # fmt: skip
    if few:
        raise UserError(
            f"{', '.join(few[:5])}{' and more' if len(few) > 5 else ''}",
            f"at least {fewest} real and generated images of every class",
            "give more of these or leave the class out of both",
        )
    return {
        label: _named(
            metric(*(table[(labels[kind] == label).to(table.device)] for kind, table in tables.items())), label
        )
        for label in present
    }


def class_mean(results: Mapping[int, Result]) -> Result:
    """The mean of one metric over classes, every class alike.

    Args:
        results: class to Result, as `by_class` gives them.

    Returns:
        The mean of the values. The interval covers the mean of what the classes' own intervals cover: the classes are
        independent, so its sides are the root of the sum of their squared sides, over the number of classes (Zou &
        Donner 2008). The record holds what all classes agree in, the values by class and the samples together.

    Raises:
        UserError: no class, other metrics, or a value or interval that is not finite.
    """
    if not results or len({(result.metric, result.target) for result in results.values()}) != 1:
        names = sorted({result.metric for result in results.values()})
        raise UserError(f"results of {', '.join(names) or 'nothing'}", "one metric, one target", "see by_class")
    for label, result in results.items():
        if not all(math.isfinite(number) for number in (result.value, *result.interval)):
            raise UserError(
                f"{result.value} in {result.interval} for class {label}",
                "a finite value and interval of every class",
                "give more images or leave the class out",
            )
    own = list(results.values())
    value = math.fsum(result.value for result in own) / len(own)
    below = math.hypot(*(result.value - result.interval[0] for result in own)) / len(own)
    above = math.hypot(*(result.interval[1] - result.value for result in own)) / len(own)
    first = own[0].provenance
    agreed = {
        key: entry
        for key, entry in first.items()
        if key != "class" and all(key in result.provenance and result.provenance[key] == entry for result in own)
    }
    return Result(
        metric=f"{own[0].metric}_class_mean",
        value=value,
        interval=(value - below, value + above),
        target=f"mean over classes of: {own[0].target}",
        provenance={
            **agreed,
            "version": VERSION,
            "version_of_metric": first.get("version"),
            "classes": len(own),
            "by_class": {str(label): result.value for label, result in results.items()},
            "samples": sum(int(result.provenance.get("samples", 0)) for result in own),
        },
    )


def _named(result: Result, label: int) -> Result:
    return replace(result, provenance={**result.provenance, "class": label})
