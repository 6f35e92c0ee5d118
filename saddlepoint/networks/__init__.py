"""Pairs of networks: a generator with its discriminator, one file per family.

A pair is a frozen dataclass of options. `build(shape, classes=0, mean=None)` makes the two modules, with weights from
torch's global generator:

    generator(z (n, latent) float32, labels (n,) int64 or None) -> (n, *shape), in generator.pixel_range (None: points)
    discriminator(samples (n, *shape), labels) -> scores (n,), raw: what they mean is the objective's business

Labels are required if classes > 0 and refused if not. `prior` names the distribution of z that the pair was published
with, `uses_mean` says whether the data's mean enters the initialisation, and `shrunken()` is the same pair, only
narrower. The literal `pair` tells the families apart in text.
"""

from saddlepoint.networks.dcgan import Dcgan
from saddlepoint.networks.mlp import Maxout2014, Mlp, MlpIntro

Pair = Dcgan | Maxout2014 | Mlp | MlpIntro

PAIRS: dict[str, type[Pair]] = {
    "dcgan": Dcgan,
    "mlp": Mlp,
    "mlp-2014": Maxout2014,
    "mlp-intro": MlpIntro,
}

__all__ = ["PAIRS", "Dcgan", "Maxout2014", "Mlp", "MlpIntro", "Pair"]
