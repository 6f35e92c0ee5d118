"""R3GAN as published: relativistic pairing, R1 and R2, every number on a cosine schedule in images.

For CIFAR-10, FFHQ-64 and FFHQ-256 (Huang et al. 2024). The published runs compute the three or four largest sizes in
bfloat16; these are float32 throughout.
"""

from saddlepoint.game.schedules import Cosine
from saddlepoint.game.steps import Adam
from saddlepoint.networks import R3gan
from saddlepoint.recipes.catalogue.small import small
from saddlepoint.recipes.kinds.generation import GenerationPart
from saddlepoint.recipes.specification import Augment, Data, Penalties, Recipe, Training, Watch
from saddlepoint.training.averages import Average

# Real images seen until every schedule has reached its end.
_HORIZON = 20_000_000


def _cosine(start: float, end: float) -> Cosine:
    return Cosine(start=start, end=end, over=_HORIZON, unit="images")


def _augment(end: float) -> Augment:
    """From nothing to `end`; half of it for what changes colours."""
    plane, colour = _cosine(0.0, end), _cosine(0.0, end / 2)
    return Augment(
        flip=plane,
        rotate90=plane,
        shift=plane,
        scale=plane,
        rotate=plane,
        stretch=plane,
        fractional_shift=plane,
        brightness=colour,
        contrast=colour,
        luma_flip=colour,
        hue=colour,
        saturation=colour,
        cutout=plane,
    )


def _r3gan(
    name: str,
    data: str,
    *,
    size: int,
    conditional: bool,
    gamma: tuple[float, float],
    half_life: float,
    augment: float,
    batch: int,
    images: int,
) -> Recipe:
    penalty = _cosine(*gamma)
    adam = Adam(rate=_cosine(2e-4, 5e-5), beta1=0.0, beta2=_cosine(0.9, 0.99))
    return Recipe(
        name=name,
        summary=f"R3GAN (2024) at {size} x {size} as for {data}: relativistic pairing, R1, R2, cosine schedules",
        data=Data(size=(size, size), channels=3),
        task=GenerationPart(conditional=conditional, mirror=True),
        networks=R3gan(),
        objective="paired_logistic",
        penalties=Penalties(r1=penalty, r2=penalty),
        augment=_augment(augment),
        optimizers={"discriminator": adam, "generator": adam},
        average=Average(half_life=_cosine(0.0, half_life), unit="images", warm_up=None),
        # Rounded up to whole steps.
        training=Training(steps=-(-images // batch), batch=batch),
        watch=Watch(sample_every=1000, checkpoint_every=2000),
    )


r3gan_32 = _r3gan(
    "r3gan-32",
    "CIFAR-10, by class",
    size=32,
    conditional=True,
    gamma=(0.05, 0.005),
    half_life=5e6,
    augment=0.55,
    batch=512,
    images=250_000_000,
)
r3gan_64 = _r3gan(
    "r3gan-64",
    "FFHQ",
    size=64,
    conditional=False,
    gamma=(2.0, 0.2),
    half_life=0.5e6,
    augment=0.3,
    batch=256,
    images=100_000_000,
)
r3gan_256 = _r3gan(
    "r3gan-256",
    "FFHQ",
    size=256,
    conditional=False,
    gamma=(150.0, 15.0),
    half_life=0.5e6,
    augment=0.3,
    batch=256,
    images=200_000_000,
)

RECIPES = (
    r3gan_32,
    r3gan_64,
    r3gan_256,
    # The rates stay as they are, and with them a narrow net learns slowly: many steps of few images each.
    small(r3gan_32, networks=R3gan(width=32), size=32, batch=8, steps=4000),
    small(r3gan_64, networks=R3gan(width=32), size=32, batch=8, steps=4000),
    small(r3gan_256, networks=R3gan(width=32), size=64, batch=8, steps=2000),
)
