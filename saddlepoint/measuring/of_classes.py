"""Metrics of classes: what a classifier names samples, and what features say within a class."""

from dataclasses import replace

import torch
from torch import Tensor

from saddlepoint.measuring.comparison import Comparison
from saddlepoint.measuring.metric import Metric
from saddlepoint.metrics.by_class import by_class, class_mean
from saddlepoint.metrics.classification_accuracy import accuracy, classification_accuracy_score
from saddlepoint.metrics.frechet import frechet
from saddlepoint.metrics.inception_score import SPLITS, inception_score
from saddlepoint.metrics.modes import mode_count, reverse_kl
from saddlepoint.metrics.result import Result

_FEWEST_OF_A_CLASS = 10
_OF_A_CLASS = (
    "expected Frechet distance within a class at its counts, in squared feature units; 95 % over draws of both sets"
)


def _frechet_distance_by_class(c: Comparison) -> Result:
    def of_class(real: Tensor, made: Tensor) -> Result:
        found = frechet(made, real, provenance=c.about_features, device=c.arithmetic)
        # The counts in its words are those of the class; a mean over classes is of one thing.
        return replace(found, target=_OF_A_CLASS)

    assert c.judged.labels is not None and c.real.labels is not None
    found = by_class(
        of_class, c.real.vectors, c.judged.vectors, c.real.labels, c.judged.labels,
        classes=len(c.classes), fewest=_FEWEST_OF_A_CLASS,
    )  # fmt: skip
    mean = class_mean(found)
    return replace(mean, provenance={**mean.provenance, "reference_samples": c.real.count})


def _inception_score(c: Comparison) -> Result:
    splits = min(SPLITS, c.judged.count // 2)
    return inception_score(c.judged.logits, logits=True, splits=splits, provenance=c.about_features)


def _mode_count(c: Comparison) -> Result:
    return mode_count(c.judged.named, modes=c.judged.logits.shape[1], provenance=c.about_features)


def _reverse_kl(c: Comparison) -> Result:
    # Named by the same classifier as the samples, so that its mistakes are on both sides.
    counts = torch.bincount(c.real.named, minlength=c.real.logits.shape[1])
    return reverse_kl(c.judged.named, counts, provenance={**c.about_features, "reference_samples": c.real.count})


def _accuracy(c: Comparison) -> Result:
    assert c.real.labels is not None
    return accuracy(c.real.named, c.real.labels, classes=c.real.logits.shape[1], provenance=c.about_features)


def _classification_accuracy_score(c: Comparison) -> Result:
    assert c.judged.labels is not None and c.unseen is not None and c.unseen.labels is not None
    return classification_accuracy_score(
        c.judged.vectors,
        c.judged.labels,
        c.unseen.vectors,
        c.unseen.labels,
        classes=len(c.classes),
        provenance=c.about_features,
        device=c.arithmetic,
    )


OF_CLASSES: dict[str, Metric] = {
    "frechet_distance_by_class": Metric(
        summary="the Frechet distance within a class, its mean over the classes",
        compute=_frechet_distance_by_class,
        needs=("samples", "labels"),
    ),
    "inception_score": Metric(
        summary="how sure and how varied a classifier's labels are",
        compute=_inception_score,
        needs=("samples", "logits"),
    ),
    "mode_count": Metric(summary="classes that a classifier finds", compute=_mode_count, needs=("samples", "logits")),
    "reverse_kl": Metric(
        summary="divergence of the classes' shares from the real ones",
        compute=_reverse_kl,
        needs=("samples", "logits"),
    ),
    "accuracy": Metric(
        summary="share of real items that a classifier names rightly",
        compute=_accuracy,
        needs=("logits", "known labels"),
        baseline=None,
    ),
    "classification_accuracy_score": Metric(
        summary="share of unseen items with the label of the nearest sample",
        compute=_classification_accuracy_score,
        needs=("samples", "labels", "unseen"),
    ),
}
