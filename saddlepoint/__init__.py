"""Saddlepoint trains generative adversarial networks, and knows what it is doing.

    import saddlepoint as sp
    run = sp.train("digits")
    images = sp.load(run).sample(16, seed=0)      # float32 (16, 1, 8, 8) in [0, 1]

Names are looked up when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from saddlepoint.api.diagnosis import diagnose as diagnose
    from saddlepoint.api.evaluation import evaluate as evaluate
    from saddlepoint.api.load import load as load
    from saddlepoint.api.run import Run as Run
    from saddlepoint.api.train import resume as resume
    from saddlepoint.api.train import train as train
    from saddlepoint.api.watch import Watch as Watch
    from saddlepoint.data import open_data as open_data
    from saddlepoint.errors import RunStopped as RunStopped
    from saddlepoint.errors import UserError as UserError
    from saddlepoint.objectives import objective as objective
    from saddlepoint.recipes.catalogue import recipe_named as recipe
    from saddlepoint.sampling.gan import Gan as Gan
    from saddlepoint.sampling.translator import Translator as Translator
    from saddlepoint.tasks.generation import Generation as Generation
    from saddlepoint.theory.density.divergence import divergence as divergence
    from saddlepoint.theory.proof.prove import prove as prove

_HOMES = {
    "Gan": ("saddlepoint.sampling.gan", "Gan"),
    "Run": ("saddlepoint.api.run", "Run"),
    "load": ("saddlepoint.api.load", "load"),
    "resume": ("saddlepoint.api.train", "resume"),
    "train": ("saddlepoint.api.train", "train"),
    "Watch": ("saddlepoint.api.watch", "Watch"),
    "diagnose": ("saddlepoint.api.diagnosis", "diagnose"),
    "evaluate": ("saddlepoint.api.evaluation", "evaluate"),
    "open_data": ("saddlepoint.data", "open_data"),
    "RunStopped": ("saddlepoint.errors", "RunStopped"),
    "UserError": ("saddlepoint.errors", "UserError"),
    "objective": ("saddlepoint.objectives", "objective"),
    "divergence": ("saddlepoint.theory.density.divergence", "divergence"),
    "prove": ("saddlepoint.theory.proof.prove", "prove"),
    "recipe": ("saddlepoint.recipes.catalogue", "recipe_named"),
    "Generation": ("saddlepoint.tasks.generation", "Generation"),
    "Translator": ("saddlepoint.sampling.translator", "Translator"),
}

__all__ = [
    "Gan",
    "Generation",
    "Run",
    "RunStopped",
    "Translator",
    "UserError",
    "Watch",
    "__version__",
    "diagnose",
    "divergence",
    "evaluate",
    "load",
    "objective",
    "open_data",
    "prove",
    "recipe",
    "resume",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # Imported here, because the command line must not wait for it.
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("saddlepoint")
        except PackageNotFoundError:
            return "not installed"
    if name in _HOMES:
        home, attribute = _HOMES[name]
        return getattr(import_module(home), attribute)
    raise AttributeError(f"module 'saddlepoint' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
