"""Counter-based randomness and the priors of z."""

from saddlepoint.randomness.priors import PRIORS, prior
from saddlepoint.randomness.seeds import derive_seed, permutation, uniform

__all__ = ["PRIORS", "derive_seed", "permutation", "prior", "uniform"]
