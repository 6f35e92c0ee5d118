"""Published systems by class with self-attention and spectral norm: SAGAN, BigGAN, BigGAN-deep; BigGAN's CIFAR net.

What a paper leaves open is said beside it. BigGAN's batch of 2,048 was spread over many machines' cores, with the
statistics of batch normalisation taken over all of them. On one machine `training.accumulate` cuts the batch into
micro-batches: the gradient is their mean, but each is normalised by its own statistics, so that it is not the same run.
"""

import math

from saddlepoint.game.steps import Adam
from saddlepoint.networks import BigGan, BigGanDeep, Sagan
from saddlepoint.recipes.catalogue.small import small
from saddlepoint.recipes.kinds.generation import GenerationPart
from saddlepoint.recipes.specification import Data, Dynamics, Penalties, Recipe, Training, Watch
from saddlepoint.training.averages import Average

_WATCH = Watch(sample_every=1000, checkpoint_every=2000)
_BY_CLASS = GenerationPart(conditional=True)

sagan_128 = Recipe(
    name="sagan-128",
    summary="SAGAN (2019) at 128 x 128, by class: self-attention, spectral norm in both nets, rates 4e-4 and 1e-4",
    data=Data(size=(128, 128), channels=3),
    task=_BY_CLASS,
    networks=Sagan(),
    objective="hinge",
    optimizers={
        "discriminator": Adam(rate=4e-4, beta1=0.0, beta2=0.9),
        "generator": Adam(rate=1e-4, beta1=0.0, beta2=0.9),
    },
    training=Training(steps=1_000_000, batch=256),
    watch=_WATCH,
)


def _adam(rate: float) -> Adam:
    # beta2 is left open: Adam's own.
    return Adam(rate=rate, beta1=0.0, beta2=0.999, epsilon=1e-6)


def _average(start: int) -> Average:
    """beta = .9999 a step, the weights themselves before."""
    return Average(half_life=math.log(0.5) / math.log(0.9999), unit="steps", warm_up=None, start=start)


biggan_128 = Recipe(
    name="biggan-128",
    summary="BigGAN (2019) at 128 x 128, by class: shared embedding, hierarchical z, orthogonal weights, batch 2,048",
    data=Data(size=(128, 128), channels=3),
    task=_BY_CLASS,
    networks=BigGan(),
    objective="hinge",
    penalties=Penalties(orthogonal=1e-4),
    dynamics=Dynamics(discriminator_steps=2),
    optimizers={"discriminator": _adam(2e-4), "generator": _adam(5e-5)},
    average=_average(20_000),
    # The length is left open.
    training=Training(steps=150_000, batch=2048),
    watch=_WATCH,
)

# Rates and batch of the deep net are left open: those of the other one.
biggan_deep_128 = biggan_128.model_copy(
    update={
        "name": "biggan-deep-128",
        "summary": "BigGAN-deep (2019) at 128 x 128, by class: two bottleneck blocks a size, skips without weights",
        "networks": BigGanDeep(),
    }
)

# The regularisation and the epsilon of the nets for ImageNet are taken to be theirs alone.
biggan_32 = Recipe(
    name="biggan-32",
    summary="BigGAN's net for CIFAR at 32 x 32, by class: 64 channels, 4 steps of D, rates 2e-4, batch 50",
    data=Data(size=(32, 32), channels=3),
    task=_BY_CLASS,
    networks=BigGan(latent=128, width=64, conditioning="separate", attention=None, initialisation="normal"),
    objective="hinge",
    dynamics=Dynamics(discriminator_steps=4),
    optimizers={
        "discriminator": Adam(rate=2e-4, beta1=0.0, beta2=0.999),
        "generator": Adam(rate=2e-4, beta1=0.0, beta2=0.999),
    },
    average=_average(1000),
    # 500 epochs of 50,000 images, of which D sees 4 x 50 in a step.
    training=Training(steps=125_000, batch=50),
    watch=_WATCH,
)

RECIPES = (
    sagan_128,
    biggan_32,
    biggan_128,
    biggan_deep_128,
    small(sagan_128, networks=Sagan(width=8), size=32, batch=16, steps=800),
    small(
        biggan_32,
        networks=BigGan(latent=128, width=4, conditioning="separate", attention=None, initialisation="normal"),
        size=32,
        batch=16,
        steps=600,
    ),
    small(biggan_128, networks=BigGan(width=8, embedding=32), size=32, batch=8, steps=1500),
    small(biggan_deep_128, networks=BigGanDeep(width=12, embedding=32, depth=1), size=32, batch=8, steps=1200),
)
