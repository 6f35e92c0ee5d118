"""Every metric that `evaluate` knows, by name: what it needs, and how it is computed of a comparison.

A metric is listed with what it needs, so that what is missing is said before anything is computed. What real data would
score comes from real items in the place of the samples: other ones of the reference's split, or unseen ones where the
metric looks for copies of what was trained on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from saddlepoint.data import Packed
from saddlepoint.data.embedded.toy import Mixture
from saddlepoint.errors import UserError
from saddlepoint.measuring import computed as of
from saddlepoint.measuring.comparison import Comparison
from saddlepoint.measuring.needs import NEEDS
from saddlepoint.measuring.real import Real
from saddlepoint.metrics.parzen import SAMPLES
from saddlepoint.metrics.psnr import psnr
from saddlepoint.metrics.result import Result
from saddlepoint.metrics.ssim import ssim, ssim_srgan


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric as `evaluate` knows it.

    Attributes:
        summary: what it says, for a list.
        compute: of a comparison that has what is needed.
        needs: names of `NEEDS`.
        baseline: which real items stand in for the samples to tell what real data scores; None where none can.
        count: how many samples its protocol asks for; None for as many as the other metrics take.
    """

    summary: str
    compute: Callable[[Comparison], Result]
    needs: tuple[str, ...] = ("samples",)
    baseline: Literal["reference", "unseen"] | None = "reference"
    count: int | None = None

    def check(self, name: str, comparison: Comparison) -> None:
        """Refuses a comparison that lacks what the metric needs.

        Raises:
            UserError: what is missing, and where it comes from.
        """
        for need in (NEEDS[each] for each in self.needs):
            if not need.there(comparison):
                raise UserError(f"{need.without} for the metric {name}", need.expected, need.cure)


METRICS: dict[str, Metric] = {
    "frechet_distance": Metric(summary="Frechet distance of features", compute=of.frechet_distance),
    "frechet_distance_infinity": Metric(
        summary="the same, extrapolated to infinitely many samples", compute=of.frechet_distance_infinity
    ),
    "frechet_distance_by_class": Metric(
        summary="its mean over the classes", compute=of.frechet_distance_by_class, needs=("samples", "labels")
    ),
    "kernel_distance": Metric(summary="kernel distance of features, unbiased", compute=of.kernel),
    "precision": Metric(summary="share of samples that are like real data", compute=of.of_neighbours("precision")),
    "recall": Metric(summary="share of real data that is like samples", compute=of.of_neighbours("recall")),
    "density": Metric(summary="how thick real data lies around samples", compute=of.of_neighbours("density")),
    "coverage": Metric(summary="share of real data with a sample nearby", compute=of.of_neighbours("coverage")),
    "inception_score": Metric(
        summary="how sure and how varied a classifier's labels are",
        compute=of.score_of_classes,
        needs=("samples", "logits"),
    ),
    "mode_count": Metric(
        summary="classes that a classifier finds", compute=of.modes_named, needs=("samples", "logits")
    ),
    "reverse_kl": Metric(
        summary="divergence of the classes' shares from the real ones",
        compute=of.divergence_of_classes,
        needs=("samples", "logits"),
    ),
    "different_bins": Metric(summary="share of statistically different bins", compute=of.bins_apart),
    "bin_divergence": Metric(summary="divergence of the bins' shares", compute=of.divergence_of_bins),
    "birthday_support": Metric(summary="support by the birthday paradox", compute=of.birthday),
    "memorisation": Metric(
        summary="whether samples lie closer to the training data than unseen data does",
        compute=of.copying,
        needs=("samples", "unseen"),
        baseline="unseen",
    ),
    "parzen": Metric(
        summary="log-likelihood under a Parzen window, the protocol of 2014",
        compute=of.parzen_2014,
        needs=("samples", "images", "validation and test"),
        count=SAMPLES,
    ),
    "accuracy": Metric(
        summary="share of real items that a classifier names rightly",
        compute=of.named_rightly,
        needs=("logits", "known labels"),
        baseline=None,
    ),
    "classification_accuracy_score": Metric(
        summary="share of unseen items with the label of the nearest sample",
        compute=of.named_by_samples,
        needs=("samples", "labels", "unseen"),
    ),
    "sliced_wasserstein": Metric(summary="sliced Wasserstein distance of pixels or points", compute=of.sliced),
    "wasserstein_1": Metric(
        summary="exact Wasserstein distance on the line", compute=of.on_the_line, needs=("samples", "line")
    ),
    "toy_log_density": Metric(
        summary="mean log-density of samples under the true density",
        compute=of.log_density,
        needs=("samples", "density"),
    ),
    "toy_high_quality_share": Metric(
        summary="share of samples near a mode", compute=of.high_quality, needs=("samples", "modes")
    ),
    "toy_modes_hit": Metric(summary="modes that are reached", compute=of.hit, needs=("samples", "modes")),
    "toy_modes_reverse_kl": Metric(
        summary="divergence of the modes' shares from the true ones",
        compute=of.divergence_of_modes,
        needs=("samples", "modes"),
    ),
    "psnr": Metric(summary="peak signal-to-noise ratio", compute=of.of_pairs(psnr), needs=("pairs",), baseline=None),
    "ssim": Metric(summary="structural similarity", compute=of.of_pairs(ssim), needs=("pairs",), baseline=None),
    "ssim_srgan": Metric(
        summary="the same in the SRGAN paper's window",
        compute=of.of_pairs(ssim_srgan),
        needs=("pairs",),
        baseline=None,
    ),
    "perceptual_distance": Metric(
        summary="distance of feature maps", compute=of.perceptual, needs=("pairs", "maps"), baseline=None
    ),
}

DEFAULT = ("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage")


def default_metrics(data: Packed) -> tuple[str, ...]:
    """What is measured unless other metrics are asked for; on points of a known density, that as well."""
    if data.kind == "images":
        return DEFAULT
    names = [*DEFAULT, "sliced_wasserstein"]
    known = Real.density_of(data)
    if data.shape == (1,):
        names.append("wasserstein_1")
    if known is not None:
        names.append("toy_log_density")
    if isinstance(known, Mixture):
        names += ["toy_high_quality_share", "toy_modes_hit", "toy_modes_reverse_kl"]
    return tuple(names)


def check_names(names: tuple[str, ...] | list[str]) -> None:
    """Refuses a metric that is not known, and no metric at all.

    Raises:
        UserError: with the names that are.
    """
    for name in names:
        if name not in METRICS:
            raise UserError(f"metric {name!r}", f"one of {', '.join(METRICS)}", "choose one of these")
    if not names:
        raise UserError("no metric", f"some of {', '.join(METRICS)}", "leave --metrics out for the usual ones")
    if len(set(names)) < len(names):
        raise UserError(f"metrics {', '.join(names)}", "each once", "leave out what is there twice")
