"""The named recipes, a file for each theme.

Each is a complete description; what it leaves open ("by_size") follows from the data's shape.
"""

from saddlepoint.errors import UserError
from saddlepoint.recipes.catalogue import first, translation
from saddlepoint.recipes.specification import Recipe

RECIPES: dict[str, Recipe] = {recipe.name: recipe for theme in (first, translation) for recipe in theme.RECIPES}


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UserError: there is none.
    """
    if name not in RECIPES:
        raise UserError(
            f"recipe {name!r}", f"one of {', '.join(RECIPES)}, or a YAML file", "`saddlepoint recipes` lists them"
        )
    return RECIPES[name]
