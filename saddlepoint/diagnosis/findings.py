"""Findings: what is seen in words that need no theory, beside what healthy runs show, and what to do first."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from saddlepoint.diagnosis.remedies import Remedy
from saddlepoint.diagnosis.rules import Turn

# What healthy runs showed of each signal, [smallest, largest] of their medians; None for no bound on that side. Of
# points x_nn, x_line and x_cov1 are large, because modes are narrow; no D among those runs normalised over its batch.
HEALTHY: Mapping[str, tuple[float | None, float | None]] = {
    "auc_rf": (0.53, 0.93),
    "auc_th": (0.39, 0.59),
    "gain": (0.95, 1.36),
    "gain_eff": (0.95, 1.0),
    "drift": (0.03, 0.43),
    "upd_D": (0.0005, 0.014),
    "upd_G": (0.0004, 0.013),
    "x_mean": (0.09, 0.4),
    "x_pd": (0.77, 1.1),
    "x_nn": (0.83, None),
    "x_line": (0.8, None),
    "x_hub": (0.04, 0.14),
    "x_recall": (0.3, 1.0),
    "x_cov1": (1.0, None),
    "cent_max": (0.13, 0.73),
    "turn_cos": (-0.6, 0.53),
    "vol": (0.0, 0.19),
    "batch_dep": (0.0, 0.0),
    "bn_gap_G": (0.0, 0.07),
    "label_auc": (0.6, 0.94),
    "spread_fall": (0.1, None),
    "upd_most": (0.0009, 0.02),
    "grown_most": (1.0, 1.05),
}

# Each signal as a person reads it.
NAMES: Mapping[str, str] = {
    "auc_rf": "how often D scores a training item above a generated one (1/2: it cannot tell them apart, 1: always)",
    "auc_th": "how often D scores a training item above one that it was never shown (1/2: it knows neither)",
    "gain": "how hard the objective pulls at the generator, where 1 is its pull at the game's rest point",
    "gain_eff": "the share of generated samples that carry the generator's gradient",
    "drift": "how far the generator's samples move in 25 steps, in distances between two items of the data",
    "upd_D": "how large a step of the discriminator is beside its weights",
    "upd_G": "how large a step of the generator is beside its weights",
    "x_mean": "how far the mean of the samples is from the data's, in spreads of the data",
    "x_pd": "how far two samples are apart, where 1 is as far as two items of the data",
    "x_nn": "how far a sample is from its nearest other sample, where 1 is as far as in the data",
    "x_hub": "the share of samples whose nearest item of the data is one and the same",
    "x_recall": "the share of the data that lies among the samples",
    "x_cov1": "how far an item of the data is from the nearest sample, where 1 is as far as from the nearest item",
    "cent_max": "how far the mean of fixed samples travels and comes back, in distances between two items of the data",
    "turn_cos": "whether that mean goes on in one direction (1) or trembles (0 and below)",
    "vol": "how much the mean of the samples jumps from one look to the next, in spreads of the data",
    "batch_dep": "how much D's score of an item depends on the others in its batch, in spreads of its scores",
    "bn_gap_G": "how different the same samples are in training and in evaluation mode",
    "label_auc": "how often D scores an item above the same item under a wrong label (1/2: labels mean nothing to it)",
    "grown_most": "how much the weights of either network grew from one look to the next, at most",
    "x_line": "how far a sample is from its nearest other, beside how far apart any two are: small on a line",
    "upd_most": "the largest step so far of either network, beside its weights",
    "spread_fall": "how far D's scores differ, where 1 is as far as they did before",
}

TITLES: Mapping[str, str] = {
    "nan_ahead": "An overflow is ahead",
    "vanishing_generator_gradient": "The generator gets no gradient",
    "generator_frozen": "The generator stands still",
    "batch_norm_leak": "Batch normalisation lets samples see one another",
    "rate_too_large": "The steps are large",
    "discriminator_memorises": "The discriminator knows the training items by heart",
    "labels_ignored": "Labels mean nothing to the discriminator",
    "cycling": "The run goes round in circles",
    "discriminator_won": "The discriminator has won",
    "collapse": "The generator makes too little that is different",
    "no_progress": "Nothing gets better any more",
}

_WORDS: Mapping[str, str] = {
    "nan_ahead": "A few samples carry all of the generator's gradient, and numbers grow towards where they are not"
    " finite any more. The run will end with an error if it goes on so.",
    "vanishing_generator_gradient": "The discriminator tells real from generated without effort, or is so slow that it"
    " takes what is generated for real, and under this objective the generator then gets almost nothing to learn from."
    " A slower discriminator alone does not revive it.",
    "generator_frozen": "The samples of fixed latents hardly change any more, while the discriminator tells them from"
    " real ones at once: the generator's steps are too small to matter, or its units are dead.",
    "batch_norm_leak": "What a network makes of a sample depends on the others of its batch, and the samples are"
    " not good: the players may be settling that the batch, and not the sample, looks right.",
    "rate_too_large": "Each step changes the weights by much of their own size. Some runs get away with it; when it"
    " goes wrong, both networks are soon dead and only a roll back helps. This is advice, not a failure.",
    "discriminator_memorises": "The discriminator scores the images that it is trained on above others of the same"
    " kind: it knows them by heart, and what it then teaches the generator is not what the data looks like.",
    "labels_ignored": "The discriminator scores an item under a wrong label as high as under its own: the labels may"
    " not belong to the items, or the networks do not use them. The samples will look fine and be of any class. Compare"
    " some items with their labels.",
    "cycling": "The generator's samples travel far and come back, and the way does not get shorter: each player chases"
    " what the other has just left.",
    "discriminator_won": "The discriminator scores nearly every real item above every generated one, and the samples"
    " have stopped getting better: the generator is told that it is wrong, and hardly how to be less so.",
    "collapse": "The samples differ less from one another than the data does, and they have stopped getting better:"
    " many latents lead to nearly the same sample, and much of the data is never made.",
    "no_progress": "The samples are still far from much of the data and no measured number has got better for a long"
    " while, or the discriminator scores what is generated above what is real, so that it teaches nothing. The networks"
    " may be too small, a rate too low, or a schedule of theirs at its end.",
}
# Of so few items a discriminator soon knows each.
_FEW = 1000


def words_of(finding: str, train_count: int | None = None) -> str:
    """What is seen, in a sentence or two."""
    few = finding == "discriminator_memorises" and train_count is not None and train_count < _FEW
    more = f" There are only {train_count} of them: too few." if few else ""
    return f"{TITLES[finding]}. {_WORDS[finding]}{more}"


def line_of(turn: Turn, remedy: Remedy, train_count: int | None = None) -> dict[str, Any]:
    """A line of findings.jsonl; in `do`, RUN stands for the run's folder, and of what has passed it is empty."""
    return {
        "finding": turn.finding,
        "state": "open" if turn.open else "withdrawn",
        "step": turn.step,
        "since": turn.since,
        "words": words_of(turn.finding, train_count),
        "evidence": {name: value if math.isfinite(value) else None for name, value in turn.evidence.items()},
        "healthy": {name: list(HEALTHY[name]) for name in turn.evidence},
        "do": remedy.command if turn.open else "",
    }


def range_in_words(healthy: Any) -> str:
    """What healthy runs show, from `healthy` of a line: 0.56 to 0.93."""
    if not isinstance(healthy, Sequence) or isinstance(healthy, str) or len(healthy) != 2:
        return "not known"
    low, high = (f"{end:.3g}" if isinstance(end, int | float) else None for end in healthy)
    if low is None or high is None:
        return f"{low} or more" if high is None else f"at most {high}"
    return f"{low} to {high}"
