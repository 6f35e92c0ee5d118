"""A cure cures: what a refusal of a recipe says to set is set, each way on its own, and then the refusal is gone."""

import re
from typing import Any

import numpy as np
import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.game.schedules import value_at
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts, RecipeData, resolved
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import known_keys, override
from saddlepoint.runs.build import Built, build_game
from tests.tasks.examples import packed, pairs

CPU = torch.device("cpu")
ASSIGNMENT = re.compile(r"(?<![\w.])([a-z_]+(?:\.[a-z_0-9]+)*)=([^\s,;)]+?)(?=[,;)]|\s|$)")


def points() -> RecipeData:
    items = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    return packed(items=items, shape=(2,), kind="points", labelled=False)


def ways(cure: str) -> list[list[str]]:
    """The settings of a cure: "seed=1 and clip=2, or task.l1=3" is two ways, the first of two settings."""
    parts = [
        [pair for pair in ASSIGNMENT.findall(part) if pair[0] in known_keys()] for part in re.split(r"\bor\b", cure)
    ]
    found = [[f"{key}={value}" for key, value in part] for part in parts]
    return [way for way in found if way]


def begun(recipe: Recipe, data: RecipeData) -> Built:
    """Everything of a run up to its first step, that one included; but nothing waits for a compiler."""
    recipe = resolved(recipe, DataFacts.of(data))
    game = build_game(recipe, build_task(recipe, DataFacts.of(data), data, CPU), CPU)
    if recipe.training.compile:
        return game
    settings = {name: value_at(number, 0, 0) for name, number in game.schedules.items()}
    draws = {player.name: game.task.draw(player.name, 0, 0, game.state) for player in game.task.players}
    movers = [game.task.players[0].name]
    game.correction.apply(game.field, movers, draws, settings, game.steps, game.state.correction)
    return game


SMALL = ["networks.width=4", "networks.latent=5", "training.batch=6", "training.threads=1"]
DCGAN = ["networks.pair=dcgan", "networks.latent=5", "networks.width=4", "training.batch=6", "training.threads=1"]
NO_PENALTY = ["penalties.r1=null", "penalties.r2=null"]
SPECTRAL = ["networks.normalisation=spectral", *NO_PENALTY]
TRANSLATION = ["networks.width=4", "networks.discriminator_layers=1", "data.size=null", "training.threads=1"]

# The recipe, what breaks it, the data it is given.
BROKEN: dict[str, tuple[str, list[str], Any]] = {
    "micro-batches without a sample": ("digits", [*SMALL, "training.accumulate=7"], packed),
    "a mean over the batch in parts": (
        "digits",
        [*SMALL, "objective=average_logistic", "training.accumulate=2"],
        packed,
    ),
    "second derivatives in parts": (
        "digits",
        [*SMALL, *NO_PENALTY, "dynamics.correction=consensus", "training.accumulate=2"],
        packed,
    ),
    "second derivatives of spectral normalisation": (
        "digits",
        [*DCGAN, *SPECTRAL, "dynamics.correction=consensus"],
        packed,
    ),
    "bfloat16 differentiated again": (
        "digits",
        [*SMALL, *NO_PENALTY, "dynamics.correction=symplectic", "training.precision=bfloat16"],
        packed,
    ),
    "compiled second derivatives": (
        "digits",
        [*SMALL, *NO_PENALTY, "dynamics.correction=consensus", "training.compile=true"],
        packed,
    ),
    "shared draws of two sizes": (
        "digits",
        [*SMALL, "dynamics.share_draws=true", "dynamics.generator_batches=2"],
        packed,
    ),
    "several steps at once": (
        "digits",
        [*SMALL, "dynamics.turn=simultaneous", "dynamics.discriminator_steps=3"],
        packed,
    ),
    "a strength of nothing": ("digits", [*SMALL, "dynamics.strength=1"], packed),
    "batch statistics under penalties": ("digits", [*DCGAN, "networks.normalisation=batch"], packed),
    "nothing to adapt": ("digits", [*SMALL, "adaptive_augmentation.target=0.6"], packed),
    "adapting to pairs": (
        "digits",
        [*SMALL, "objective=paired_logistic", "adaptive_augmentation.target=0.6", "augment.flip=1"],
        packed,
    ),
    "too certain an augmentation": ("digits", [*SMALL, "augment.flip=3"], packed),
    "colours of grey images": ("digits", [*SMALL, "augment.hue=1"], packed),
    "augmented points": ("toy", ["augment.shift=1", "training.threads=1"], points),
    "mirrored points": ("toy", ["task.mirror=true", "training.threads=1"], points),
    "dequantised points": ("toy", ["task.dequantise=true", "training.threads=1"], points),
    "classes that are not there": ("digits", [*SMALL, "task.conditional=true"], lambda: packed(labelled=False)),
    "a player without an optimizer": ("digits", [*SMALL, "generator=null"], packed),
    "an optimizer without a player": ("digits", [*SMALL, "classifier.optimizer=sgd"], packed),
    "pairs for a generator of latents": ("digits", SMALL, pairs),
    "a conditional pair of narrow latents": (
        "biggan-32-small",
        [
            "networks.latent=1",
            "networks.conditioning=hierarchical",
            "networks.width=4",
            "training.batch=4",
            "training.threads=1",
        ],
        lambda: packed(channels=3, side=32),
    ),
    "no objective": ("digits", [*SMALL, "objective=null"], packed),
    "evaluations that nobody asked for": ("digits", [*SMALL, "watch.evaluate_count=50"], packed),
    "the best by what is not measured": ("digits", [*SMALL, "watch.best.value=metrics.recall"], packed),
    "translation without pairs": ("pix2pix-small", TRANSLATION, lambda: pairs(paired=False)),
    "clipped weights of translation": ("pix2pix-small", [*TRANSLATION, "clip=1"], pairs),
    "a crop that is no multiple": ("srresnet-x4-small", ["task.crop=30", "training.threads=1"], packed),
    "a crop larger than the tiles": (
        "srresnet-x4-small",
        ["task.crop=64", "training.threads=1"],
        lambda: packed(channels=3, side=32),
    ),
    "an opponent by half": ("srresnet-x4-small", ["objective=hinge", "training.threads=1"], packed),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_way_of_a_cure_ends_the_refusal(case: str) -> None:
    name, breaking, make = BROKEN[case]
    with pytest.raises(UserError) as refused:
        begun(override(RECIPES[name], breaking), make())
    told = refused.value
    for way in ways(told.cure):
        if way == [f"data.tile={way[0].partition('=')[2]}"]:
            continue  # of the data, which is opened anew with it
        try:
            begun(override(RECIPES[name], [*breaking, *way]), make())
        except UserError as after:
            assert after.got != told.got, f"{way} does not cure: {after}"
            # What comes next is another matter, but never that the cure itself is not to be had.
            assert not any(key.partition("=")[0] in after.got for key in way), f"{way} cannot be set: {after}"


def test_most_of_these_refusals_say_what_to_set() -> None:
    """Else the test above would prove nothing."""
    cures = []
    for name, breaking, make in BROKEN.values():
        with pytest.raises(UserError) as refused:
            begun(override(RECIPES[name], breaking), make())
        cures.append(refused.value.cure)
    assert sum(bool(ways(cure)) for cure in cures) > 0.7 * len(cures), "\n".join(cures)


def test_ways_are_told_apart() -> None:
    assert ways("set seed=1 and clip=null, or task.l1=[x]") == [["seed=1", "clip=null"], ["task.l1=[x]"]]
    assert ways("as set={'clip': None} from Python, or with --set clip=null") == [["clip=null"]]
    assert ways("choose another") == []
