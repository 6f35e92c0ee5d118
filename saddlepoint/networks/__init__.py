"""Pairs of networks: a generator with its discriminator, one file per family.

A pair is a frozen dataclass of options. `build(shape, classes=0, mean=None)` makes the two modules, with weights from
torch's global generator:

    generator(z (n, latent) float32, labels (n,) int64 or None) -> (n, *shape), in generator.pixel_range (None: points)
    discriminator(samples (n, *shape), labels) -> scores (n,), raw: what they mean is the objective's business

Labels are required if classes > 0 and refused if not. `prior` names the distribution of z that the pair was published
with, `uses_mean` says whether the data's mean enters the initialisation, and `shrunken()` is the same pair, only
narrower. The literal `pair` tells the families apart in text.

A pair of `IMAGE_PAIRS` maps images to images. `build(source_shape, target_shape)` makes

    generator(sources (n, *source_shape) float32, in generator.source_range) -> (n, *target_shape), in pixel_range
    discriminator(images (n, *target_shape), sources) -> raw scores, one an image (n,) or one a patch (n, h', w')

where the discriminator takes the images' sources if `conditional_discriminator`, and refuses them if not. The generator
also takes sources of other sizes: those whose sides are multiples of `generator.grid`, from `generator.smallest` on.

`Classifier` is no pair: it plays against nobody, and labelled data sets are measured in its features.
"""

from saddlepoint.networks.biggan import BigGan
from saddlepoint.networks.biggan_deep import BigGanDeep
from saddlepoint.networks.classifier import Classifier
from saddlepoint.networks.cyclegan import CycleGan
from saddlepoint.networks.dcgan import Dcgan
from saddlepoint.networks.mlp import Maxout2014, Mlp, MlpIntro
from saddlepoint.networks.r3gan import R3gan
from saddlepoint.networks.resnet import Resnet
from saddlepoint.networks.sagan import Sagan
from saddlepoint.networks.srresnet import SrResNet
from saddlepoint.networks.unet_patchgan import UnetPatchgan

Pair = BigGan | BigGanDeep | Dcgan | Maxout2014 | Mlp | MlpIntro | R3gan | Resnet | Sagan

PAIRS: dict[str, type[Pair]] = {
    "biggan": BigGan,
    "biggan-deep": BigGanDeep,
    "dcgan": Dcgan,
    "mlp": Mlp,
    "mlp-2014": Maxout2014,
    "mlp-intro": MlpIntro,
    "r3gan": R3gan,
    "resnet": Resnet,
    "sagan": Sagan,
}

ImagePair = CycleGan | SrResNet | UnetPatchgan

IMAGE_PAIRS: dict[str, type[ImagePair]] = {
    "cyclegan": CycleGan,
    "srresnet": SrResNet,
    "unet-patchgan": UnetPatchgan,
}

__all__ = [
    "IMAGE_PAIRS",
    "PAIRS",
    "BigGan",
    "BigGanDeep",
    "Classifier",
    "CycleGan",
    "Dcgan",
    "ImagePair",
    "Maxout2014",
    "Mlp",
    "MlpIntro",
    "Pair",
    "R3gan",
    "Resnet",
    "Sagan",
    "SrResNet",
    "UnetPatchgan",
]
