"""`saddlepoint recipes [NAME]`."""

import argparse

from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.recipes.catalogue import RECIPES as CATALOGUE
    from saddlepoint.recipes.catalogue import recipe_named
    from saddlepoint.recipes.text import to_yaml

    if chosen.name is not None:
        recipe = recipe_named(chosen.name)
        return Answer(json=recipe.model_dump(mode="json"), text=to_yaml(recipe).removesuffix("\n"))
    rows = [{"name": each.name, "summary": each.summary, "task": each.task.words} for each in CATALOGUE.values()]
    width = max(len(row["name"]) for row in rows)
    return Answer(json=rows, text="\n".join(f"{row['name']:<{width}}  {row['summary']}" for row in rows))


RECIPES = Verb(name="recipes", summary="list the recipes, or show one as YAML", add=add, run=run)
