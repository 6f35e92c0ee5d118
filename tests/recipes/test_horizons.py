"""A recipe of another length is the same run, longer or shorter: the same numbers at the same share of it."""

import math

import pytest

from saddlepoint.game.schedules import Cosine, Exponential, Linear, value_at
from saddlepoint.game.steps import Adam
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.horizons import begun_with, with_steps
from saddlepoint.recipes.specification import Dynamics, Recipe
from saddlepoint.recipes.text import override, recipe_from, to_yaml
from saddlepoint.training.averages import Average


def images(recipe: Recipe) -> int:
    batch = recipe.training.batch if isinstance(recipe.training.batch, int) else 64
    return recipe.training.steps * batch


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("times", [0.03, 2.5])
def test_at_the_same_share_of_the_run_every_number_is_the_same(name, times):
    recipe = RECIPES[name]
    other = with_steps(recipe, max(1, round(times * recipe.training.steps)))
    assert other.training.steps != recipe.training.steps
    for share in (0.0, 0.1, 0.25, 0.5, 0.501, 0.8, 1.0):
        # Between two whole steps too.
        at, there = [(share * each.training.steps, share * images(each)) for each in (recipe, other)]
        for key, number in recipe.numbers().items():
            expected = value_at(number, *at)  # type: ignore[arg-type]
            if key == "average.half_life":
                expected *= other.training.steps / recipe.training.steps
            found = value_at(other.numbers()[key], *there)  # type: ignore[arg-type]
            assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-15), key


def everywhere() -> Recipe:
    """Schedules of all kinds, in all the parts that may have one."""
    digits = RECIPES["digits"]
    return digits.model_copy(
        update={
            "task": digits.task.model_copy(update={"top_k": Linear(start=1.0, end=0.5, over=600, after=400)}),
            "penalties": digits.penalties.model_copy(
                update={"r1": Cosine(start=1.0, end=0.1, over=128_000, unit="images")}
            ),
            "augment": digits.augment.model_copy(update={"flip": Linear(start=0.0, end=0.5, over=1000)}),
            "dynamics": Dynamics(correction="extragradient", strength=Cosine(start=1.0, end=0.0, over=2000)),
            "optimizers": {
                "discriminator": Adam(rate=Exponential(start=1e-3, factor=0.5, floor=1e-6)),
                "generator": Adam(rate=Exponential(start=1e-3, factor=0.999, unit="images")),
            },
            "average": Average(half_life=Cosine(start=0.0, end=10_000, over=128_000, unit="images"), start=640),
        }
    )


def test_horizons_stand_as_numbers_wherever_a_schedule_may_be():
    short = with_steps(everywhere(), 500)
    plain = recipe_from(short.model_dump(mode="json"), "the same")
    assert plain == short and to_yaml(plain) == to_yaml(short)
    numbers = short.numbers()
    assert numbers["task.top_k"] == Linear(start=1.0, end=0.5, over=150, after=100)
    assert numbers["penalties.r1"] == Cosine(start=1.0, end=0.1, over=32_000, unit="images")
    assert numbers["augment.flip"] == Linear(start=0.0, end=0.5, over=250)
    assert numbers["dynamics.strength"] == Cosine(start=1.0, end=0.0, over=500)
    assert numbers["discriminator.rate"] == Exponential(start=1e-3, factor=0.5**4, floor=1e-6)
    assert numbers["generator.rate"] == Exponential(start=1e-3, factor=0.999**4, unit="images")
    assert numbers["average.half_life"] == Cosine(start=0.0, end=2500, over=32_000, unit="images")
    assert short.average is not None and short.average.start == 160


def test_another_batch_makes_a_run_of_other_images_and_moves_only_what_is_told_in_them():
    other = with_steps(everywhere(), 2000, batch=16)
    assert other.training.batch == 16
    assert other.numbers()["penalties.r1"] == Cosine(start=1.0, end=0.1, over=32_000, unit="images")
    assert other.numbers()["task.top_k"] == everywhere().numbers()["task.top_k"]


def test_extreme_lengths_have_possible_numbers():
    fast = override(RECIPES["mnist-2014"], ["generator.rate.factor=0.01", "training.steps=1000000"])
    short = with_steps(fast, 1).numbers()["generator.rate"]
    assert isinstance(short, Exponential) and 0 < short.factor < 1e-300 and short(1, 0) == short.floor
    assert with_steps(RECIPES["images"], 10**12).training.steps == 10**12


def test_the_same_length_is_the_same_recipe():
    assert with_steps(RECIPES["images"], RECIPES["images"].training.steps) is RECIPES["images"]


def test_what_is_set_by_hand_beside_the_steps_stands_as_it_was_written():
    digits = RECIPES["digits"]
    by_hand = begun_with(digits, ["generator.rate.over=700", "training.steps=500", "average.half_life=123"])
    assert by_hand.numbers()["generator.rate"] == Cosine(start=1e-3, end=1e-4, over=700)
    assert by_hand.numbers()["discriminator.rate"] == Cosine(start=1e-3, end=1e-4, over=500)
    assert by_hand.numbers()["average.half_life"] == 123
    # What is not set of the same schedule comes along, and a part that is given as a whole is a setting like others.
    half = begun_with(digits, ["training.steps=500", "generator.rate.start=2e-3"])
    assert half.numbers()["generator.rate"] == Cosine(start=2e-3, end=1e-4, over=500)
    whole = begun_with(digits, ["training={steps: 500, batch: 8}"])
    assert whole.numbers()["generator.rate"] == Cosine(start=1e-3, end=1e-4, over=500)
    assert begun_with(digits, ["training.batch=8"]).numbers() == digits.numbers()
