"""The identities of the theory, each once, for masses, densities and samples alike (all logarithms natural).

    I(x) = -log p(x)      H(P) = E_P[I]      H(Q, P) = E_Q[-log p] = H(Q) + KL(Q||P)
    KL(P||Q) = E_P[log p/q]      JS(P, Q) = KL(P||M)/2 + KL(Q||M)/2, M = (P + Q)/2
    D_f(P||Q) = E_Q[f(p/q)],  f(u) = sup_D u f1(D) + f2(D),  reached at the optimal discriminator of u = p/q
    V(D*, G) = E_P f1(D*) + E_Q f2(D*):  for minimax -log 4 + 2 JS(P, Q), with D* = p / (p + q)

f is the objective's own: the divergence that a discriminator's f1 and f2 measure (Nguyen, Wainwright, Jordan 2010;
Nowozin et al. 2016), so that no divergence is written a second time beside the catalogue.
"""

from collections.abc import Sequence

import numpy as np

from saddlepoint.errors import UserError
from saddlepoint.objectives import Objective, Separable, objective
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.theory.density.distributions import Distribution, Masses
from saddlepoint.theory.numeric import to_numpy

# Raw outputs between which the optimal discriminator is looked for: beyond, exp leaves the range of float64.
_FARTHEST = 700.0
_HALVINGS = 80


def self_information(distribution: Distribution, points: np.ndarray) -> np.ndarray:
    """I(x) = -log p(x) at points, in nats; inf where there is no mass."""
    return -distribution.log_density(points)


def entropy(distribution: Distribution) -> float:
    """H(P) = E_P[-log p]: of masses, or the differential entropy of a density (which may be negative)."""
    return distribution.mean(lambda x: self_information(distribution, x))


def cross_entropy(true: Distribution, model: Distribution) -> float:
    """H(true, model) = E_true[-log model]; inf where the model lacks mass that the truth has."""
    return true.mean(lambda x: self_information(model, x))


def kl(true: Distribution, model: Distribution) -> float:
    """KL(true || model) = E_true[log true - log model]: not symmetric, 0 only for equal distributions."""
    return true.mean(lambda x: true.log_density(x) - model.log_density(x))


def js(first: Distribution, second: Distribution) -> float:
    """Jensen-Shannon divergence, symmetric, between 0 and log 2."""

    def against_the_middle(own: Distribution) -> float:
        def logarithm(x: np.ndarray) -> np.ndarray:
            both = np.logaddexp(first.log_density(x), second.log_density(x))
            return own.log_density(x) - both + np.log(2.0)

        return own.mean(logarithm)

    return against_the_middle(first) / 2 + against_the_middle(second) / 2


def log_likelihood(data: Distribution, model: Distribution) -> float:
    """E_data[log model]: for samples the mean log-likelihood.

    It is -H(data) - KL(data || model), and H(data) does not depend on the model: the most likely model is the nearest
    one in KL(data || model).
    """
    return -cross_entropy(data, model)


def divergence(
    chosen: Objective | str, real: Distribution | Sequence[float], fake: Distribution | Sequence[float]
) -> float:
    """The divergence between data and samples that a generator minimises, if its discriminator is always the best one.

    D_f(real || fake) = E_fake[f(p/q)] with the f of the objective: J(D*) at the optimal discriminator D*. Minimax gives
    -log 4 + 2 JS, fgan_kl the Kullback-Leibler divergence KL(real || fake).

    Args:
        chosen: an objective that compares no pairs, or its text, as `objective` reads it.
        real, fake: masses of the same atoms, (n,), each with sum 1; or a `Density` or `Samples` of
            `theory/density/distributions.py`. Both must have mass wherever one of them has.

    Returns:
        In nats; of samples, the Monte Carlo value.

    Raises:
        UserError: an objective that is paired, or without a best discriminator (as Wasserstein), masses that are no
            distribution, samples of unknown density, an integral that does not settle.

    Examples:
        >>> real, fake = [0.5, 0.5], [0.25, 0.75]
        >>> round(sp.divergence("fgan_kl", real, fake), 4)
        0.1438
        >>> round(sp.divergence("minimax", real, real), 4)  # -log 4: nothing is left to learn
        -1.3863
    """
    asked = chosen if isinstance(chosen, Objective) else objective(chosen)
    return optimal_value(asked, _distribution(real), _distribution(fake))


def optimal_discriminator(chosen: Objective, log_ratio: np.ndarray) -> np.ndarray:
    """The raw output a that maximises p f1(D(a)) + q f2(D(a)), from log p/q (any shape).

    For minimax its sigmoid is D* = p / (p + q): the raw output is log p/q itself.

    Raises:
        UserError: the objective is paired, or has no such maximum (as Wasserstein, whose critic must be bounded).
    """
    separable = _separable(chosen)
    slopes = to_numpy(*[differentiate(separable.on_outputs[name]) for name in ("f1", "f2")])

    def rises(a: np.ndarray) -> np.ndarray:
        """Whether p f1' + q f2' > 0, scaled by the larger of p and q so that neither overflows."""
        with np.errstate(all="ignore"):
            real, fake = slopes(a)
            return real * np.exp(np.minimum(log_ratio, 0.0)) + fake * np.exp(np.minimum(-log_ratio, 0.0)) > 0

    log_ratio = np.asarray(log_ratio, dtype=np.float64)
    low, high = np.full(log_ratio.shape, -_FARTHEST), np.full(log_ratio.shape, _FARTHEST)
    middle_ratio = np.abs(log_ratio) < 1
    if not rises(low)[middle_ratio].all() or rises(high)[middle_ratio].any():
        raise UserError(
            f"the objective {separable.name}",
            "one whose discriminator has a best value at every point",
            "choose a divergence (minimax, fgan_...), or bound the critic and measure a distance instead",
        )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rising = rises(middle)
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return (low + high) / 2


def optimal_value(chosen: Objective, real: Distribution, fake: Distribution) -> float:
    """J(D*) = E_real f1(D*) + E_fake f2(D*), the best the discriminator can do: the divergence that G minimises.

    For samples it is the Monte Carlo value at the D* of the known densities.

    Raises:
        UserError: as `optimal_discriminator`.
    """
    separable = _separable(chosen)
    on_real, on_fake = (to_numpy(separable.on_outputs[name]) for name in ("f1", "f2"))

    def best(x: np.ndarray) -> np.ndarray:
        return optimal_discriminator(separable, real.log_density(x) - fake.log_density(x))

    with np.errstate(all="ignore"):
        return real.mean(lambda x: on_real(best(x))[0]) + fake.mean(lambda x: on_fake(best(x))[0])


def _distribution(given: Distribution | Sequence[float]) -> Distribution:
    return given if isinstance(given, Distribution) else Masses(masses=np.asarray(given, dtype=np.float64))


def _separable(chosen: Objective) -> Separable:
    if not isinstance(chosen, Separable):
        raise UserError(f"the paired objective {chosen.name}", "a separable one", "choose minimax or an fgan_ member")
    return chosen
