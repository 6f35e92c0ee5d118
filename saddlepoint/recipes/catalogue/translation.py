"""Recipes of translation between images: pix2pix and CycleGAN, as published, and small siblings.

pix2pix halves D's loss. Under Adam that is the same game, so it is left out here.
"""

from saddlepoint.game.schedules import Linear
from saddlepoint.game.steps import Adam
from saddlepoint.networks import CycleGan, UnetPatchgan
from saddlepoint.recipes.catalogue.small import small
from saddlepoint.recipes.kinds.cycle import CyclePart
from saddlepoint.recipes.kinds.translation import TranslationPart
from saddlepoint.recipes.specification import Dynamics, Recipe, Training, Watch

# As in the published code of both, an iteration has one set of images, which G translates once.
_SHARED = Dynamics(share_draws=True)
_PIX2PIX_ADAM = Adam(rate=2e-4, beta1=0.5, beta2=0.999)

pix2pix = Recipe(
    name="pix2pix",
    summary="translation learnt from pairs, 256 x 256: a U-Net against 70 x 70 patches, L1 weight 100, batch 1",
    task=TranslationPart(l1=100.0, scale=286 / 256, mirror=True),
    networks=UnetPatchgan(),
    objective="non_saturating",
    dynamics=_SHARED,
    optimizers={"discriminator": _PIX2PIX_ADAM, "generator": _PIX2PIX_ADAM},
    # 200 epochs of the 400 facades. One image keeps 57 million weights busy, which are best left as they lie.
    training=Training(steps=80_000, batch=1, channels_last=False),
    watch=Watch(sample_every=1000),
)

cyclegan = Recipe(
    name="cyclegan",
    summary="translation without pairs, 256 x 256: two residual nets, there and back must change nothing",
    task=CyclePart(cycle=10.0, identity=5.0, pool=50, scale=286 / 256, mirror=True),
    networks=CycleGan(),
    # Least squares with D's loss halved and G's whole, against which the cycle has its weight of 10.
    objective="f1=-(D-1)**2/2; f2=-D**2/2; f3=-(D-1)**2",
    dynamics=_SHARED,
    # 100 epochs of the 1,000-odd images of horse2zebra at one rate, 100 more while it falls to 0.
    optimizers={
        "discriminator": Adam(rate=Linear(start=2e-4, end=0.0, over=100_000, after=100_000), beta1=0.5, beta2=0.999),
        "generator": Adam(rate=Linear(start=2e-4, end=0.0, over=100_000, after=100_000), beta1=0.5, beta2=0.999),
    },
    training=Training(steps=200_000, batch=1),
    watch=Watch(sample_every=1000),
)

RECIPES = (
    pix2pix,
    cyclegan,
    small(pix2pix, networks=UnetPatchgan(width=16, discriminator_layers=2), size=64, batch=1, steps=3000, samples=16),
    small(
        cyclegan,
        networks=CycleGan(width=12, blocks=3, discriminator_layers=2),
        size=64,
        batch=1,
        steps=1000,
        samples=16,
    ),
)
