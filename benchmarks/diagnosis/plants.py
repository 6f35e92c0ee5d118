"""What is planted: kinds of run by name, the failing ones with the findings that are right for them.

A kind is a recipe, what is set in it, and how long it is; a breaking kind is a healthy one of which something is asked
after step 600. Whether a run then fails is measured (`outcomes.py`), not planned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saddlepoint.training.requests import Rebuild, RunRequest, SetSettings

# Where healthy runs are broken, where their checkpoint stands; how long a run is, one that fails
# from its start, and one that has been broken.
BREAKS, STEPS, SHORT, AFTER = 600, 600, 450, 300
SMALL = (
    "average=null",
    "training.device=cpu",
    "training.threads=1",
    "watch.samples=36",
    "watch.sample_every=200",
    "watch.checkpoint_every=200",
    "watch.keep=5",
)
_RATES = ("generator.rate=1e-3", "discriminator.rate=1e-3")
_MLP = ("networks.pair=mlp", "networks.depth=3")
# By data set: the recipe, and what is set in it. DATA stands for the folder of the prepared files.
BASES: Mapping[str, tuple[str, ...]] = {
    "toy": ("toy", "networks.width=64", "training.batch=64"),
    "digits": ("digits", *_MLP, "networks.width=64", "networks.latent=16", *_RATES),
    "mnist": (
        *("mnist", "data.source=DATA/mnist.npz", *_MLP, "networks.width=128", "networks.latent=32", *_RATES),
        *("penalties.r1=0.3", "penalties.r2=0.3"),
    ),
}
WITHOUT = ("penalties.r1=null", "penalties.r2=null")
_MOMENTUM = ("generator.beta1=0.9", "discriminator.beta1=0.9")
_HALF = ("generator.beta1=0.5", "discriminator.beta1=0.5")
_BOTH_SGD = (
    *("discriminator.optimizer=sgd", "generator.optimizer=sgd", "dynamics.turn=simultaneous"),
    *("discriminator.momentum=0", "generator.momentum=0"),
)
_CONVOLUTIONAL = ("networks.pair=dcgan", "networks.width=8", "networks.latent=16", "networks.normalisation=none")
# A schedule that ends long before the run does.
_STOPPED = tuple(
    f"{player}.rate={{schedule: cosine, start: 1e-3, end: 1e-6, over: 200, unit: steps}}"
    for player in ("discriminator", "generator")
)
_NORMALISED = (*_CONVOLUTIONAL, "networks.normalisation=batch")
_BY_CLASS = ("task.conditional=true", "generator.rate=2e-3", "discriminator.rate=2e-3")
_NS, _MINIMAX, _WASSERSTEIN = "objective=non_saturating", "objective=minimax", "objective=wasserstein"
_CLIPPED = (_WASSERSTEIN, *WITHOUT, "discriminator.optimizer=rmsprop", "generator.optimizer=rmsprop")


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A kind of run.

    Attributes:
        name: of the kind.
        base: the data set, a key of BASES.
        changes: "key=value" each, set beside the base's.
        steps: of the run.
        right: the findings that name its failure; none for a healthy kind.
        asked: of the run at step BREAKS.
        sabotage: what no recipe says, a key of `playing.SABOTAGE`; at step BREAKS where `breaks`, else at the start.
        breaks: it is healthy until step BREAKS.
        by_class: its samples are of the class that they are asked for, or it has failed.
    """

    name: str
    base: str
    changes: tuple[str, ...] = ()
    steps: int = STEPS
    right: tuple[str, ...] = ()
    asked: RunRequest | None = None
    sabotage: str = ""
    breaks: bool = False
    by_class: bool = False

    @property
    def fails(self) -> bool:
        """It is planted as a failure."""
        return bool(self.right)


def _rates(discriminator: float, generator: float) -> tuple[str, str]:
    return f"discriminator.rate={discriminator:g}", f"generator.rate={generator:g}"


def _plant(name: str, *changes: str, right: str = "", **more: Any) -> Plant:
    return Plant(name=name, base=name.split("-")[0], changes=changes, right=tuple(right.split()), **more)


def _breaking(name: str, asked: RunRequest | None, *changes: str, right: str, **more: Any) -> Plant:
    return _plant(name, *changes, right=right, asked=asked, breaks=True, steps=BREAKS + AFTER, **more)


_FASTER = SetSettings(values={"discriminator.rate": 3e-2, "generator.rate": 3e-2})
_WON, _VANISHES = "discriminator_won", "vanishing_generator_gradient"
# A D of twenty times its opponent's rate: its steps are too large, and it wins.
_WON_BY_RATE = "discriminator_won rate_too_large"
_LEAK, _RATE, _MEMORISES = "batch_norm_leak", "rate_too_large", "discriminator_memorises"

FAILING = (
    _plant(
        "digits-vanishing",
        _MINIMAX,
        *WITHOUT,
        *_rates(5e-3, 2e-4),
        "dynamics.discriminator_steps=4",
        steps=SHORT,
        right=_VANISHES,
    ),
    _plant("digits-saturated", _NS, *WITHOUT, *_rates(1e-2, 5e-4), steps=SHORT, right=_WON_BY_RATE),
    _plant("digits-frozen", *_rates(1e-3, 1e-7), steps=SHORT, right="generator_frozen"),
    _plant("digits-dead", sabotage="dead units", steps=SHORT, right="generator_frozen"),
    _plant("digits-collapse", _MINIMAX, *WITHOUT, *_rates(5e-4, 2e-3), *_HALF, right="collapse"),
    _plant(
        "digits-leak-D",
        *_NORMALISED,
        _NS,
        *WITHOUT,
        *_HALF,
        *_rates(2e-4, 2e-4),
        "training.batch=4",
        steps=SHORT,
        right=_LEAK,
    ),
    _plant("digits-clip", *_CLIPPED, "clip=1", *_rates(5e-4, 5e-4), steps=SHORT, right="cycling collapse"),
    _plant("digits-rates", *_rates(3e-2, 3e-2), steps=SHORT, right=_RATE),
    _plant("digits-latent", "networks.latent=1", steps=SHORT, right="collapse"),
    _plant("digits-few", "networks.width=128", _NS, *WITHOUT, "data.first=50", steps=SHORT, right=_MEMORISES),
    _plant(
        "digits-labels",
        *_BY_CLASS,
        "networks.width=128",
        "data.source=DATA/shuffled.npz",
        steps=700,
        right="labels_ignored",
        by_class=True,
    ),
    _plant(
        "digits-overflow", "objective=fgan_jeffrey", *WITHOUT, *_rates(1e-2, 1e-2), right="nan_ahead rate_too_large"
    ),
    _plant("toy-cycling", _NS, *WITHOUT, *_BOTH_SGD, *_rates(0.1, 0.1), steps=SHORT, right="cycling nan_ahead"),
    _plant(
        "toy-cycling-clip",
        _WASSERSTEIN,
        *WITHOUT,
        *_BOTH_SGD,
        "clip=0.1",
        *_rates(0.02, 0.02),
        steps=SHORT,
        right="cycling",
    ),
    _plant("toy-momentum", _NS, *WITHOUT, *_MOMENTUM, steps=SHORT, right="cycling"),
    _plant(
        "toy-hopping",
        "data.source=25-gaussians",
        _NS,
        *WITHOUT,
        *_HALF,
        *_rates(2e-4, 3e-3),
        steps=SHORT,
        right="cycling collapse",
    ),
    _plant(
        "toy-vanishing",
        _MINIMAX,
        *WITHOUT,
        *_rates(5e-3, 2e-4),
        "dynamics.discriminator_steps=4",
        steps=SHORT,
        right=_VANISHES,
    ),
    _plant("toy-weak", _NS, *WITHOUT, *_rates(2e-6, 2e-4), steps=SHORT, right=_VANISHES + " no_progress"),
    _plant(
        "mnist-vanishing",
        _MINIMAX,
        *WITHOUT,
        *_rates(5e-3, 2e-4),
        "dynamics.discriminator_steps=3",
        steps=SHORT,
        right=_VANISHES,
    ),
    _plant("mnist-saturated", _NS, *WITHOUT, *_rates(1e-2, 5e-4), steps=SHORT, right=_WON_BY_RATE),
    _plant("mnist-collapse", _NS, *WITHOUT, *_rates(5e-4, 4e-3), *_HALF, steps=SHORT, right="collapse"),
    _plant("mnist-rates", *_rates(3e-2, 3e-2), steps=SHORT, right=_RATE),
    _plant("mnist-momentum", _NS, *WITHOUT, *_MOMENTUM, *_rates(2e-3, 2e-3), steps=SHORT, right="cycling collapse"),
    _plant("mnist-narrow", "networks.width=8", steps=1200, right="collapse no_progress"),
    _plant("mnist-weak", _NS, *WITHOUT, *_rates(2e-6, 2e-4), steps=SHORT, right=_VANISHES + " no_progress"),
    _plant("mnist-stopped", *_STOPPED, steps=1200, right="no_progress"),
    # From here on: healthy runs that are broken.
    _breaking("digits-then-rates", _FASTER, right=_RATE),
    _breaking(
        "digits-then-collapse",
        Rebuild(changes=(_MINIMAX, *WITHOUT, *_rates(5e-4, 4e-3), *_HALF)),
        right="collapse",
    ),
    _breaking(
        "digits-then-labels",
        None,
        *_BY_CLASS,
        "networks.width=128",
        right="labels_ignored",
        sabotage="shuffle",
        by_class=True,
    ),
    _breaking("digits-then-critic", Rebuild(changes=(_WASSERSTEIN, *WITHOUT, *_MOMENTUM)), right="cycling collapse"),
    _breaking("toy-then-momentum", Rebuild(changes=(_NS, *WITHOUT, *_MOMENTUM)), right="cycling"),
    _breaking("toy-then-critic", Rebuild(changes=(_WASSERSTEIN, *WITHOUT, *_MOMENTUM)), right="cycling collapse"),
    _breaking("mnist-then-rates", _FASTER, right=_RATE),
    _breaking(
        "mnist-then-collapse",
        Rebuild(changes=(_NS, *WITHOUT, *_rates(5e-4, 4e-3), *_HALF)),
        right="collapse",
    ),
)

HEALTHY = (
    _plant("digits-well"),
    _plant("digits-well-non-saturating", _NS, "penalties.r1=0.3", "penalties.r2=null", steps=700),
    _plant("digits-well-hinge", "objective=hinge", steps=900),
    _plant("digits-well-least-squares", "objective=least_squares", steps=900),
    _plant("digits-well-by-class", *_BY_CLASS, "networks.width=128", by_class=True),
    _plant(
        "digits-well-critic", _WASSERSTEIN, *WITHOUT, "penalties.gradient_penalty=1", "dynamics.discriminator_steps=2"
    ),
    _plant("digits-well-convolutional", *_CONVOLUTIONAL, steps=900),
    _plant("digits-well-clip", *_CLIPPED, "clip=0.05", *_rates(5e-4, 5e-4), steps=1000),
    _plant("toy-well"),
    _plant("toy-well-25", "data.source=25-gaussians"),
    _plant("toy-well-non-saturating", _NS, "penalties.r1=0.3", "penalties.r2=null"),
    _plant("toy-well-critic", _WASSERSTEIN, *WITHOUT, "penalties.gradient_penalty=1", "dynamics.discriminator_steps=3"),
    _plant("mnist-well", "networks.width=256"),
    _plant("mnist-well-hinge", "objective=hinge", "networks.width=256", steps=700),
    _plant("mnist-well-by-class", *_BY_CLASS, "networks.width=256", by_class=True, steps=900),
    _plant("toy-well-no-penalty", _NS, *WITHOUT, *_rates(2e-4, 2e-4), *_HALF, steps=900),
)

# Made after the rules were frozen: other objectives, networks, data and settings.
_R3GAN = ("networks.pair=r3gan", "networks.width=32", "networks.group_width=8", "networks.latent=16")
_SPECTRAL = ("networks.pair=resnet", "networks.width=16", "networks.discriminator_width=16", "networks.latent=16")
AFTERWARDS = (
    _plant("toy-roll-momentum", "data.source=swiss-roll", _NS, *WITHOUT, *_MOMENTUM, steps=SHORT, right="cycling"),
    _plant("toy-25-critic", "data.source=25-gaussians", _WASSERSTEIN, *WITHOUT, *_HALF, right="cycling collapse"),
    _plant(
        "digits-convolutional-saturated",
        *_CONVOLUTIONAL,
        _NS,
        *WITHOUT,
        *_rates(1e-2, 2e-4),
        right=_WON_BY_RATE,
    ),
    _plant("digits-convolutional-frozen", *_CONVOLUTIONAL, *_rates(1e-3, 1e-7), right="generator_frozen"),
    _plant("digits-r3gan-rates", *_R3GAN, *_rates(3e-2, 3e-2), right=_RATE),
    _plant("digits-hinge-few", "objective=hinge", "networks.width=128", *WITHOUT, "data.first=30", right=_MEMORISES),
    _plant("digits-least-squares-momentum", "objective=least_squares", *WITHOUT, *_MOMENTUM, right="cycling collapse"),
    _plant("digits-latent-2", "networks.latent=2", right="collapse"),
    _plant("digits-kl", "objective=fgan_kl", *WITHOUT, *_rates(1e-2, 1e-2), right="nan_ahead rate_too_large"),
    _plant(
        "mnist-convolutional-vanishing",
        *_CONVOLUTIONAL,
        _MINIMAX,
        *WITHOUT,
        *_rates(5e-3, 2e-4),
        "dynamics.discriminator_steps=3",
        steps=SHORT,
        right=_VANISHES,
    ),
    _breaking("mnist-then-labels", None, *_BY_CLASS, right="labels_ignored", sabotage="shuffle", by_class=True),
    _breaking("digits-hinge-then-rates", _FASTER, "objective=hinge", right=_RATE),
    _breaking(
        "digits-convolutional-then-collapse",
        Rebuild(changes=(_NS, *WITHOUT, *_rates(5e-4, 4e-3), *_HALF)),
        *_CONVOLUTIONAL,
        right="collapse",
    ),
    _plant("digits-well-spectral", *_SPECTRAL, "objective=hinge", *WITHOUT, *_rates(1e-3, 5e-4)),
    _plant("digits-well-r3gan", *_R3GAN),
    _plant("digits-well-two-rates", _NS, "penalties.r1=0.3", "penalties.r2=null", *_rates(2e-3, 1e-3), steps=800),
    _plant("digits-well-average", "objective=average_logistic", steps=800),
    _plant("digits-well-augmented", "augment.shift=1", steps=900),
    _plant("toy-well-roll", "data.source=swiss-roll"),
    _plant("toy-well-1d", "data.source=1d-mixture"),
    _plant("mnist-well-convolutional", *_CONVOLUTIONAL, steps=900),
)

# For the remedies alone: at half the rate of toy-cycling, whose seeds mostly blow up before anybody looks.
CIRCLING = _plant("toy-circling", _NS, *WITHOUT, *_BOTH_SGD, *_rates(0.05, 0.05), right="cycling")

SETS: Mapping[str, tuple[Plant, ...]] = {"first": (*FAILING, *HEALTHY), "second": AFTERWARDS}
