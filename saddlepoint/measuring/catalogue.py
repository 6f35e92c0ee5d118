"""Every metric that `evaluate` knows, by name, and which of them are measured where none is named."""

from saddlepoint.data import Packed
from saddlepoint.data.embedded.toy import Mixture
from saddlepoint.errors import UserError
from saddlepoint.measuring.metric import Metric
from saddlepoint.measuring.of_classes import OF_CLASSES
from saddlepoint.measuring.of_features import OF_FEATURES
from saddlepoint.measuring.of_pairs import OF_PAIRS
from saddlepoint.measuring.of_values import OF_VALUES
from saddlepoint.measuring.real import Real

METRICS: dict[str, Metric] = {**OF_FEATURES, **OF_CLASSES, **OF_VALUES, **OF_PAIRS}

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
