"""Accuracy of a classifier that was trained on samples and tested on real data: Ravuri & Vinyals, "Classification
accuracy score for conditional generative models" (2019).

    CAS = share of real test images whose label is found by a classifier that saw labelled samples alone.

Theirs is a ResNet-50 trained on as many samples as there are training images: `accuracy` takes the predictions of any
such classifier. `classification_accuracy_score` needs no training: its classifier is the nearest sample in feature
space, which has no settings and is repeatable to the bit. Compare either with the same classifier on real training
data.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import nearest, rows
from saddlepoint.metrics.modes import labels_of
from saddlepoint.metrics.proportion import wilson
from saddlepoint.metrics.result import Result

VERSION = 1


def accuracy(
    predictions: Tensor | np.ndarray, labels: Tensor | np.ndarray, *, classes: int, provenance: Mapping[str, Any]
) -> Result:
    """Share of real test images whose predicted label is right.

    Args:
        predictions: (n,) integers from 0 to classes - 1.
        labels: (n,) the true ones.
        classes: how many there are.
        provenance: the classifier and what it was trained on, the split, ... for the record.

    Returns:
        The share; the interval, Wilson's, covers the probability of a right answer with the classifier held fixed.
        `by_class` is the share for each class, null where the class does not occur.

    Raises:
        UserError: labels out of range, or of other numbers than the predictions.
    """
    found, true = labels_of("predictions", predictions, classes), labels_of("labels", labels, classes)
    if len(found) != len(true):
        raise UserError(f"{len(found)} predictions for {len(true)} labels", "one each", "predict every test image")
    right = found == true
    share = float(right.double().mean())
    occurrences = torch.bincount(true, minlength=classes).tolist()
    hits = torch.bincount(true[right], minlength=classes).tolist()
    return Result(
        metric="accuracy",
        value=share,
        interval=wilson(share, len(true)),
        target="share of real test images whose label is found; 95 % for its probability, the classifier held fixed",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(true),
            "classes": classes,
            "by_class": [hit / count if count else None for hit, count in zip(hits, occurrences, strict=True)],
            "precision": "exact",
        },
    )


def classification_accuracy_score(
    samples: Tensor | np.ndarray,
    sample_labels: Tensor | np.ndarray,
    real: Tensor | np.ndarray,
    real_labels: Tensor | np.ndarray,
    *,
    classes: int,
    provenance: Mapping[str, Any],
    device: str | torch.device = "cpu",
) -> Result:
    """Accuracy on real data of the rule that an image has the label of the nearest sample.

    Args:
        samples: (n, ...) features or pixels of generated images.
        sample_labels: (n,) the labels they were made for, integers from 0 to classes - 1.
        real: (m, ...) the same of real test images.
        real_labels: (m,) theirs.
        classes: how many there are.
        provenance: the features, the reference and its split, the samples' seed, ... for the record.
        device: where the arithmetic is done.

    Returns:
        As `accuracy`, with the samples held fixed.

    Raises:
        UserError: labels out of range or of other numbers than the images, other sizes, or points that are not finite.
    """
    given = labels_of("labels of the samples", sample_labels, classes)
    table = rows("samples", samples)
    if len(given) != len(table):
        raise UserError(f"{len(given)} labels for {len(table)} samples", "one each", "label every sample")
    _, neighbours = nearest(real, table, device=device)
    measured = accuracy(given[neighbours[:, 0]], real_labels, classes=classes, provenance=provenance)
    return Result(
        metric="classification_accuracy_score",
        value=measured.value,
        interval=measured.interval,
        target="share of real test images with the label of the nearest sample; "
        "95 % for its probability, the samples held fixed",
        provenance={
            **measured.provenance,
            "protocol": "Ravuri & Vinyals 2019",
            "deviations": ["nearest neighbour instead of a ResNet-50 trained on the samples"],
            "classifier": "nearest neighbour, Euclidean",
            "samples": len(table),
            "test_images": measured.provenance["samples"],
            "precision": "float64",
        },
    )
