"""The rows of the training-speed table: a recipe of ours, its shape and batch, and the reference beside it.

What D sees is augmented on neither side, and nothing is drawn, evaluated or saved while the clock runs; all else is
what `saddlepoint train RECIPE` does. Importing this module imports nothing heavy: the process that sets rows against
each other stays small.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saddlepoint.recipes.specification import Recipe

# Of the random data that a row trains on: enough that no batch repeats itself, little enough for any memory.
ITEM_BYTES = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        name: of the row.
        recipe: the named recipe that is trained.
        shape: (channels, height, width) of an image.
        batch: images in a step.
        classes: of the random labels; 0 for none.
        pairs: the data is pairs of images.
        changes: what is set in the recipe beside the batch, as after `--set`.
        reference: key of `references.REFERENCES`; empty for a row without one.
        options: of the reference.
    """

    name: str
    recipe: str
    shape: tuple[int, int, int]
    batch: int
    classes: int = 0
    pairs: bool = False
    changes: tuple[str, ...] = ()
    reference: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def items(self) -> int:
        """How many images the random data has."""
        channels, height, width = self.shape
        return max(2 * self.batch, min(1024, ITEM_BYTES // (channels * height * width)))

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Row":
        read = json.loads(text)
        return cls(**{**read, "shape": tuple(read["shape"]), "changes": tuple(read["changes"])})


# Of a reference whose recipe shares its draws: both sides then make their fakes once.
_SHARED = {"shared": True}

ROWS = (
    Row(name="mlp-28", recipe="mnist-intro", shape=(1, 28, 28), batch=128, reference="mlp"),
    Row(name="dcgan-64", recipe="dcgan-64", shape=(3, 64, 64), batch=128, reference="dcgan", options=_SHARED),
    Row(name="sngan-32", recipe="sngan-32", shape=(3, 32, 32), batch=64, reference="sngan"),
    Row(
        name="r3gan-32-w8",
        recipe="r3gan-32",
        shape=(3, 32, 32),
        batch=16,
        classes=10,
        changes=("networks.width=96",),
        reference="r3gan",
        options={"width": 96, "classes": 10},
    ),
    Row(
        name="r3gan-32",
        recipe="r3gan-32",
        shape=(3, 32, 32),
        batch=4,
        classes=10,
        reference="r3gan",
        options={"classes": 10},
    ),
    Row(name="biggan-32", recipe="biggan-32", shape=(3, 32, 32), batch=32, classes=10, reference="biggan"),
    Row(
        name="pix2pix-256",
        recipe="pix2pix",
        shape=(3, 256, 256),
        batch=1,
        pairs=True,
        reference="pix2pix",
        options=_SHARED,
    ),
    Row(name="srresnet", recipe="srresnet-x4", shape=(3, 192, 192), batch=16, reference="srresnet"),
)


def recipe_of(row: Row, device: str = "cpu") -> "Recipe":
    """The row's recipe as it is trained: unaugmented, unwatched, with random data brought to it."""
    from saddlepoint.recipes.catalogue import recipe_named
    from saddlepoint.recipes.specification import Augment, Watch
    from saddlepoint.recipes.text import override

    never = 10**9
    recipe = recipe_named(row.recipe).model_copy(
        update={
            "augment": Augment(),
            "adaptive_augmentation": None,
            "watch": Watch(log_every=never, sample_every=never, checkpoint_every=never),
        }
    )
    run = (f"training.batch={row.batch}", f"training.steps={never}", f"training.device={device}")
    return override(recipe, (*run, *row.changes))
