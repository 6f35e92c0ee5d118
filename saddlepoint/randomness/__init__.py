"""Counter-based randomness and the priors of z: all that is drawn in a run is a function of seed, stream and position.

A further prior is an entry of `PRIORS`. How seeds are derived is not to be changed: every recorded run depends on it.
"""

from saddlepoint.randomness.priors import PRIORS, prior
from saddlepoint.randomness.seeds import derive_seed, permutation, uniform

__all__ = ["PRIORS", "derive_seed", "permutation", "prior", "uniform"]
