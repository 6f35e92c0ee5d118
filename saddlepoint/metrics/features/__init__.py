"""Features: images in, vectors out, with a record of the network, its weights and how it was fed.

Frechet, kernel and neighbour metrics are computed on these; which ones is the user's choice, by `open_features`. A
further network is a file here and a name that `open_features` knows.
"""

from saddlepoint.metrics.features.features import Features, classifier_features, collect, collect_logits, stream
from saddlepoint.metrics.features.opening import open_features

__all__ = ["Features", "classifier_features", "collect", "collect_logits", "open_features", "stream"]
