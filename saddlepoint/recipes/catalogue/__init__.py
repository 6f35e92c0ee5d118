"""The named recipes, a file for each theme.

Each is a complete description; what it leaves open ("by_size") follows from the data's shape.
"""

from saddlepoint.errors import UserError
from saddlepoint.recipes.catalogue import attentive, convolutional, first, relativistic, super_resolution, translation
from saddlepoint.recipes.specification import Recipe

_THEMES = (first, convolutional, attentive, relativistic, translation, super_resolution)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for theme in _THEMES for recipe in theme.RECIPES}


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UserError: there is none.

    Examples:
        >>> digits = sp.recipe("digits")
        >>> digits.objective, digits.training.batch
        ('paired_logistic', 64)
        >>> sp.recipe("digit")
        Traceback (most recent call last):
        saddlepoint.errors.UserError: ...
    """
    if name not in RECIPES:
        raise UserError(
            f"recipe {name!r}", f"one of {', '.join(RECIPES)}, or a YAML file", "`saddlepoint recipes` lists them"
        )
    return RECIPES[name]
