"""Published systems of convolutional and residual nets up to 64 pixels: DCGAN, WGAN, WGAN-GP, SNGAN, projection.

What a paper leaves open is said beside it. All are trained here on what is not held out (data.hold_out), in colour.
"""

from saddlepoint.game.schedules import Linear
from saddlepoint.game.steps import Adam, RMSProp
from saddlepoint.game.turns import Bursts
from saddlepoint.networks import Dcgan, Resnet
from saddlepoint.recipes.catalogue.small import small
from saddlepoint.recipes.kinds.generation import GenerationPart
from saddlepoint.recipes.specification import Data, Dynamics, Penalties, Recipe, Training, Watch

_WATCH = Watch(sample_every=1000, checkpoint_every=2000)
_DCGAN_ADAM = Adam(rate=2e-4, beta1=0.5, beta2=0.999)

dcgan_64 = Recipe(
    name="dcgan-64",
    summary="DCGAN (2016) at 64 x 64, the wide-spread variant with kernels of 4 x 4 and 64 channels: Adam 2e-4, .5",
    data=Data(size=(64, 64), channels=3),
    task=GenerationPart(),
    networks=Dcgan(),
    objective="non_saturating",
    # As in the published code: G's step goes on with the fakes that D's was shown.
    dynamics=Dynamics(share_draws=True),
    optimizers={"discriminator": _DCGAN_ADAM, "generator": _DCGAN_ADAM},
    # The length is left open: about 25 epochs of 200,000 faces.
    training=Training(steps=40_000, batch=128),
    watch=_WATCH,
)

wgan_64 = Recipe(
    name="wgan-64",
    summary="WGAN (2017) at 64 x 64 with DCGAN's nets: critic in a box of +-.01, RMSProp 5e-5, 5 and 100 critic steps",
    data=Data(size=(64, 64), channels=3),
    task=GenerationPart(),
    networks=Dcgan(),
    objective="wasserstein",
    clip=0.01,
    dynamics=Dynamics(discriminator_steps=5, bursts=Bursts(steps=100, first=25, every=500)),
    optimizers={"discriminator": RMSProp(rate=5e-5), "generator": RMSProp(rate=5e-5)},
    # Length and prior are left open: DCGAN's prior, and as many critic steps as 20 epochs of 3 million bedrooms take.
    training=Training(steps=190_000, batch=64),
    watch=_WATCH,
)


def _to_zero(steps: int) -> Adam:
    return Adam(rate=Linear(start=2e-4, end=0.0, over=steps), beta1=0.0, beta2=0.9)


wgan_gp_32 = Recipe(
    name="wgan-gp-32",
    summary="WGAN-GP (2017) at 32 x 32: residual nets 128 wide, gradient penalty 10, 5 critic steps, rate 2e-4 to 0",
    data=Data(size=(32, 32), channels=3),
    task=GenerationPart(dequantise=True),
    networks=Resnet(width=128, discriminator_width=128, normalisation="none", pool="mean"),
    objective="wasserstein",
    penalties=Penalties(gradient_penalty=10.0),
    dynamics=Dynamics(discriminator_steps=5, generator_batches=2),
    optimizers={"discriminator": _to_zero(100_000), "generator": _to_zero(100_000)},
    training=Training(steps=100_000, batch=64),
    watch=_WATCH,
)

# What is left open for the next two is WGAN-GP's, whose nets they take up: batches of 64 and 128, rates that fall to 0.
sngan_32 = Recipe(
    name="sngan-32",
    summary="SNGAN (2018) at 32 x 32: residual nets 256 and 128 wide, spectral norm in D, hinge, 5 steps of D",
    data=Data(size=(32, 32), channels=3),
    task=GenerationPart(),
    networks=Resnet(),
    objective="hinge",
    dynamics=Dynamics(discriminator_steps=5, generator_batches=2),
    optimizers={"discriminator": _to_zero(100_000), "generator": _to_zero(100_000)},
    training=Training(steps=100_000, batch=64),
    watch=_WATCH,
)

projection_32 = sngan_32.model_copy(
    update={
        "name": "projection-32",
        "summary": "SNGAN by class (2018) at 32 x 32: gains and biases of each class in G, labels projected in D",
        "task": GenerationPart(conditional=True),
    }
)

RECIPES = (
    dcgan_64,
    wgan_64,
    wgan_gp_32,
    sngan_32,
    projection_32,
    small(dcgan_64, networks=Dcgan(width=16), size=32, batch=32, steps=3000),
    small(wgan_64, networks=Dcgan(width=16), size=32, batch=32, steps=800),
    small(
        wgan_gp_32,
        networks=Resnet(width=16, discriminator_width=16, normalisation="none", pool="mean"),
        size=32,
        batch=16,
        steps=400,
    ),
    small(sngan_32, networks=Resnet(width=16, discriminator_width=16), size=32, batch=16, steps=600),
    small(projection_32, networks=Resnet(width=16, discriminator_width=16), size=32, batch=16, steps=600),
)
