"""Recipes to begin with: embedded and toy data, MNIST, any folder of images, the classifier of labelled data."""

from saddlepoint.game.schedules import Cosine, Exponential, Linear
from saddlepoint.game.steps import SGD, Adam
from saddlepoint.networks import Classifier, Dcgan, Maxout2014, Mlp, MlpIntro
from saddlepoint.recipes.kinds.classification import ClassificationPart
from saddlepoint.recipes.kinds.generation import GenerationPart
from saddlepoint.recipes.specification import (
    Augment,
    Data,
    Dynamics,
    Penalties,
    Recipe,
    Training,
    Watch,
)
from saddlepoint.training.averages import Average

# With R1 and R2 the one combination whose convergence does not lean on normalisation (R3GAN 2024).
_RELATIVISTIC = "paired_logistic"


def _falling(start: float, steps: int) -> Cosine:
    """To a tenth over the run, as rates and penalties do in R3GAN: nobody runs away early, strokes are fine late."""
    return Cosine(start=start, end=start / 10, over=steps)


digits = Recipe(
    name="digits",
    summary="scikit-learn's handwritten digits, 8x8: the embedded default, under a minute on a CPU",
    data=Data(source="digits"),
    task=GenerationPart(),
    networks=Dcgan(width=32, latent=64, normalisation="none"),
    objective=_RELATIVISTIC,
    penalties=Penalties(r1=0.1, r2=0.1),
    optimizers={
        "discriminator": Adam(rate=_falling(1e-3, 2000), beta1=0.0, beta2=0.99),
        "generator": Adam(rate=_falling(1e-3, 2000), beta1=0.0, beta2=0.99),
    },
    average=Average(half_life=10_000),
    # So small a model gains little from a second thread, and on a loaded machine waits for it.
    training=Training(steps=2000, batch=64, threads=1),
    watch=Watch(sample_every=250, checkpoint_every=500),
)

mnist = Recipe(
    name="mnist",
    summary="MNIST with a DCGAN pair, relativistic pairing, R1 and R2: good digits in minutes on a CPU",
    task=GenerationPart(),
    networks=Dcgan(width=32, latent=64, normalisation="none"),
    objective=_RELATIVISTIC,
    penalties=Penalties(r1=_falling(1.0, 5000), r2=_falling(1.0, 5000)),
    optimizers={
        "discriminator": Adam(rate=_falling(1e-3, 5000), beta1=0.0, beta2=0.99),
        "generator": Adam(rate=_falling(1e-3, 5000), beta1=0.0, beta2=0.99),
    },
    average=Average(half_life=20_000),
    training=Training(steps=5000, batch=64),
    watch=Watch(sample_every=250, checkpoint_every=500),
)

mnist_conditional = mnist.model_copy(
    update={
        "name": "mnist-conditional",
        "summary": "MNIST by class: labels embedded in G, projected in D",
        "task": GenerationPart(conditional=True),
    }
)

mnist_intro = Recipe(
    name="mnist-intro",
    summary="the introductory GAN: one hidden layer of 128 units on each side, non-saturating loss, Adam 1e-3",
    task=GenerationPart(),
    networks=MlpIntro(),
    objective="non_saturating",
    data=Data(hold_out=0.0),
    optimizers={
        "discriminator": Adam(rate=1e-3, beta1=0.9, beta2=0.999),
        "generator": Adam(rate=1e-3, beta1=0.9, beta2=0.999),
    },
    training=Training(steps=68_000, batch=128),
    watch=Watch(log_every=200, sample_every=1000, samples=16, checkpoint_every=5000),
)

# D's loss in the 2014 code is half the sum of its two cross-entropies. The objective here is the whole sum, so D's rate
# is half of the published .1: for SGD with momentum the two are the same.
_2014_factor = 1 / 1.000004
_2014_momentum = Linear(start=0.5, end=0.7, over=250 * 500)

mnist_2014 = Recipe(
    name="mnist-2014",
    summary="the first GAN as published: maxout discriminator with dropout, SGD with momentum, both players at once",
    task=GenerationPart(),
    networks=Maxout2014(),
    objective="non_saturating",
    data=Data(first=50_000),
    dynamics=Dynamics(turn="simultaneous", share_draws=True),
    optimizers={
        "discriminator": SGD(rate=Exponential(start=0.05, factor=_2014_factor, floor=5e-7), momentum=_2014_momentum),
        "generator": SGD(rate=Exponential(start=0.1, factor=_2014_factor, floor=1e-6), momentum=_2014_momentum),
    },
    training=Training(steps=125_000, batch=100),
    watch=Watch(log_every=100, sample_every=500, checkpoint_every=1000),
)

_IMAGES_STEPS = 20_000
# Found on faces and emoji (docs/results/time-to-quality.md): 5e-4 for all weights learns two to four times too slowly,
# and the 2e-3 that suits 32 pixels breaks nets of more levels, whose inner layers have more inputs.
_images_adam = Adam(rate=_falling(3e-2, _IMAGES_STEPS), beta1=0.0, beta2=0.99, equalised=True)

images = Recipe(
    name="images",
    summary="any folder, zip, .parquet or array of images, of one size or of many: relativistic pairing, R1 and R2",
    data=Data(size="auto", channels="auto"),
    task=GenerationPart(),
    networks="by_size",
    objective=_RELATIVISTIC,
    penalties=Penalties(r1=_falling(1.0, _IMAGES_STEPS), r2=_falling(1.0, _IMAGES_STEPS)),
    # Half of the images may be mirrored, a quarter are: G still learns which way round the data is.
    augment=Augment(flip=0.5),
    optimizers={"discriminator": _images_adam, "generator": _images_adam},
    average=Average(half_life=20_000),
    training=Training(steps=_IMAGES_STEPS, batch="by_size"),
    watch=Watch(checkpoint_every=500),
)

shapes = images.model_copy(
    update={
        "name": "shapes",
        "summary": "drawn circles, squares and triangles of known size, place and colour, by class",
        "data": Data(source="shapes"),
        "task": GenerationPart(conditional=True),
        "penalties": Penalties(r1=_falling(1.0, 3000), r2=_falling(1.0, 3000)),
        "optimizers": {
            "discriminator": Adam(rate=_falling(1e-3, 3000), beta1=0.0, beta2=0.99),
            "generator": Adam(rate=_falling(1e-3, 3000), beta1=0.0, beta2=0.99),
        },
        "training": Training(steps=3000, batch=64),
    }
)

toy = Recipe(
    name="toy",
    summary="8 Gaussians on a circle; --data 25-gaussians, swiss-roll or 1d-mixture for other sets of known density",
    data=Data(source="8-gaussians", hold_out=0.0),
    task=GenerationPart(),
    networks=Mlp(latent=2, width=128),
    objective=_RELATIVISTIC,
    penalties=Penalties(r1=0.1, r2=0.1),
    optimizers={
        "discriminator": Adam(rate=1e-3, beta1=0.0, beta2=0.9),
        "generator": Adam(rate=1e-3, beta1=0.0, beta2=0.9),
    },
    average=Average(half_life=50_000),
    training=Training(steps=4000, batch=256, threads=1),
    watch=Watch(sample_every=500),
)

figure1 = Recipe(
    name="figure1",
    summary="figure 1 of the 2014 paper: a GAN on the line; `saddlepoint figure1 RUN` draws p_data, p_g, D and z -> x",
    data=Data(source="1d-gaussian", hold_out=0.0),
    # Biases of 0 would bend G at z = 0 alone: its density then has one step where a Gaussian has a slope.
    task=GenerationPart(),
    networks=Mlp(latent=1, width=64, depth=4, bias_range=1.0),
    latent_prior="uniform",
    objective="non_saturating",
    # Without it D would keep circling round 1/2: nothing would damp the game where p_g = p_data.
    penalties=Penalties(r1=0.05),
    optimizers={
        "discriminator": Adam(rate=_falling(2e-3, 3000), beta1=0.0, beta2=0.99),
        "generator": Adam(rate=_falling(1e-3, 3000), beta1=0.0, beta2=0.99),
    },
    average=Average(half_life=50_000),
    # The density is read off G's slope, which rounding would roughen.
    training=Training(steps=3000, batch=1024, threads=1, precision="float32"),
    # Every kept checkpoint is a frame of the animation.
    watch=Watch(sample_every=1000, checkpoint_every=50, keep=60),
)

classifier = Recipe(
    name="classifier",
    summary="no GAN: learns the labels of --data, and so the features that metrics of it are measured in",
    data=Data(size="auto", channels="auto"),
    task=ClassificationPart(),
    networks=Classifier(),
    optimizers={"classifier": Adam(rate=Cosine(start=2e-3, end=0.0, over=3000), beta1=0.9)},
    training=Training(steps=3000, batch=64),
    watch=Watch(checkpoint_every=500),
)

RECIPES = (
    digits,
    mnist,
    mnist_intro,
    mnist_2014,
    mnist_conditional,
    images,
    toy,
    shapes,
    figure1,
    classifier,
)
