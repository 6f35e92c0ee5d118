"""The recipes of super-resolution: SRResNet and SRGAN as published (Ledig et al. 2017), and their small siblings."""

from saddlepoint.game.schedules import Linear
from saddlepoint.game.steps import Adam
from saddlepoint.networks import SrResNet
from saddlepoint.recipes.kinds.super_resolution import SuperResolutionPart
from saddlepoint.recipes.specification import Recipe, Training, Watch


def _adam(steps: int) -> Adam:
    """1e-4 for the first half of the steps, 1e-5 from there on."""
    return Adam(rate=Linear(start=1e-4, end=1e-5, over=1, after=steps // 2 - 1), beta1=0.9, beta2=0.999)


srresnet_x4 = Recipe(
    name="srresnet-x4",
    summary="photographs enlarged 4 times: a residual net of 16 blocks by the squared error alone, as published",
    task=SuperResolutionPart(content="pixels"),
    networks=SrResNet(),
    optimizers={"generator": Adam(rate=1e-4, beta1=0.9, beta2=0.999)},
    training=Training(steps=1_000_000, batch=16),
    watch=Watch(samples=8, sample_every=5000, checkpoint_every=5000),
)

srgan_x4 = Recipe(
    name="srgan-x4",
    summary="srresnet-x4 gone on with (--from RUN) against a discriminator, compared in VGG19 "
    "(--set task.content=vgg19:FILE)",
    task=SuperResolutionPart(content="vgg19", adversarial=1e-3),
    networks=SrResNet(),
    objective="non_saturating",
    optimizers={"discriminator": _adam(200_000), "generator": _adam(200_000)},
    training=Training(steps=200_000, batch=16),
    watch=Watch(samples=8, sample_every=5000, checkpoint_every=5000),
)

_SMALL = SrResNet(width=16, blocks=2)

# The pieces keep their size: much of a smaller one would lie under the zeros around it, which a photograph has not.
srresnet_x4_small = srresnet_x4.model_copy(
    update={
        "name": "srresnet-x4-small",
        "summary": "srresnet-x4 with 2 blocks of a quarter of the width, for a CPU",
        "networks": _SMALL,
        "training": Training(steps=6000, batch=2),
        "watch": Watch(samples=8, sample_every=1000, checkpoint_every=1000),
    }
)

srgan_x4_small = srgan_x4.model_copy(
    update={
        "name": "srgan-x4-small",
        "summary": "srgan-x4 with 2 blocks of a quarter of the width, for a CPU: --from a run of srresnet-x4-small",
        "networks": _SMALL,
        "optimizers": {"discriminator": _adam(2000), "generator": _adam(2000)},
        "training": Training(steps=2000, batch=2),
        "watch": Watch(samples=8, sample_every=500, checkpoint_every=500),
    }
)

RECIPES = (srresnet_x4, srgan_x4, srresnet_x4_small, srgan_x4_small)
