"""The kinds of task that a recipe can name, a file each; all that differs between them above tasks/ stands here.

A new one is a file with a `TaskPart` and a `Kind`, and a line in `KINDS`.
"""

from saddlepoint.recipes.kinds.classification import ClassificationKind
from saddlepoint.recipes.kinds.cycle import CycleKind
from saddlepoint.recipes.kinds.generation import GenerationKind
from saddlepoint.recipes.kinds.kind import Kind, Materials, Pictures
from saddlepoint.recipes.kinds.own import OwnKind
from saddlepoint.recipes.kinds.super_resolution import SuperResolutionKind
from saddlepoint.recipes.kinds.translation import TranslationKind
from saddlepoint.recipes.specification import Recipe

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        GenerationKind(),
        TranslationKind(),
        CycleKind(),
        SuperResolutionKind(),
        ClassificationKind(),
        OwnKind(),
    )
}


def kind_of(recipe: Recipe) -> Kind:
    """The kind of task that a recipe describes."""
    return KINDS[recipe.task.kind]


__all__ = ["KINDS", "Kind", "Materials", "Pictures", "kind_of"]
