"""Metrics of the values themselves, pixels or points, also against a density that is known."""

from saddlepoint.data.embedded.toy import Mixture
from saddlepoint.measuring.comparison import Comparison
from saddlepoint.measuring.metric import Metric
from saddlepoint.metrics.parzen import SAMPLES, parzen
from saddlepoint.metrics.result import Result
from saddlepoint.metrics.sliced_wasserstein import sliced_wasserstein
from saddlepoint.metrics.toy import high_quality_share, mean_log_density, modes_hit, modes_reverse_kl
from saddlepoint.metrics.wasserstein import wasserstein_1


def _parzen(c: Comparison) -> Result:
    assert c.validation is not None and c.test is not None
    return parzen(
        c.judged.values,
        c.validation.values,
        c.test.values,
        split=c.test_split,
        fingerprint=c.about["reference"]["fingerprint"],
        seed=c.seed,
    )


def _sliced_wasserstein(c: Comparison) -> Result:
    return sliced_wasserstein(c.judged.values, c.real.values, provenance=c.about)


def _wasserstein_1(c: Comparison) -> Result:
    return wasserstein_1(c.judged.values, c.real.values, provenance=c.about)


def _toy_log_density(c: Comparison) -> Result:
    assert c.density is not None
    return mean_log_density(c.judged.values, c.density.log_density, provenance=c.about)


def _mixture(c: Comparison) -> Mixture:
    assert isinstance(c.density, Mixture)
    return c.density


def _toy_high_quality_share(c: Comparison) -> Result:
    known = _mixture(c)
    return high_quality_share(c.judged.values, known.modes, known.deviations, provenance=c.about)


def _toy_modes_hit(c: Comparison) -> Result:
    known = _mixture(c)
    return modes_hit(c.judged.values, known.modes, known.deviations, provenance=c.about)


def _toy_modes_reverse_kl(c: Comparison) -> Result:
    known = _mixture(c)
    return modes_reverse_kl(c.judged.values, known.modes, known.weights, provenance=c.about)


OF_VALUES: dict[str, Metric] = {
    "parzen": Metric(
        summary="log-likelihood under a Parzen window, the protocol of 2014",
        compute=_parzen,
        needs=("samples", "images", "validation and test"),
        count=SAMPLES,
    ),
    "sliced_wasserstein": Metric(
        summary="sliced Wasserstein distance of pixels or points", compute=_sliced_wasserstein
    ),
    "wasserstein_1": Metric(
        summary="exact Wasserstein distance on the line", compute=_wasserstein_1, needs=("samples", "line")
    ),
    "toy_log_density": Metric(
        summary="mean log-density of samples under the true density",
        compute=_toy_log_density,
        needs=("samples", "density"),
    ),
    "toy_high_quality_share": Metric(
        summary="share of samples near a mode", compute=_toy_high_quality_share, needs=("samples", "modes")
    ),
    "toy_modes_hit": Metric(summary="modes that are reached", compute=_toy_modes_hit, needs=("samples", "modes")),
    "toy_modes_reverse_kl": Metric(
        summary="divergence of the modes' shares from the true ones",
        compute=_toy_modes_reverse_kl,
        needs=("samples", "modes"),
    ),
}
