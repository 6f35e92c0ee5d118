"""Numbers of a recipe are finite and possible, at both ends of their schedules; what is possible is allowed."""

import pytest

from saddlepoint.errors import UserError
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.ranges import RANGES, check_numbers
from saddlepoint.recipes.text import known_keys, override

DIGITS = RECIPES["digits"]


@pytest.mark.parametrize(
    "assignment",
    [
        "generator.rate=-1e-3",
        "generator.rate=.nan",
        "discriminator.rate=.inf",
        "generator.rate={schedule: linear, start: 1, end: -1, over: 5}",
        "generator.rate={schedule: cosine, start: .nan, end: 0, over: 5}",
        "generator.rate={schedule: exponential, start: 1, factor: 0.5, floor: -1}",
        "discriminator.beta1=1",
        "discriminator.beta1=-1",
        "discriminator.beta2=1",
        "discriminator.beta2=-0.1",
        "generator.epsilon=-1e-8",
        "generator={optimizer: sgd, momentum: 1}",
        "generator={optimizer: rmsprop, smoothing: 1.5}",
        "penalties.r1=-0.1",
        "penalties.r2={schedule: linear, start: 1, end: -1, over: 5}",
        "augment.flip=1.5",
        "augment.shift=-0.5",
        "augment.flip={schedule: linear, start: 0, end: 2, over: 5}",
        "average.half_life=-1",
        "average.half_life={schedule: linear, start: -1, end: 5, over: 5}",
        "average.warm_up=.nan",
        "clip=.inf",
        "training.threads=100000",
    ],
)
def test_an_impossible_number_is_refused_by_its_name(assignment: str) -> None:
    with pytest.raises(UserError) as error:
        override(DIGITS, [assignment])
    part = assignment.split("=")[0].split(".")
    assert ".".join(part) in str(error.value) and "expected" in str(error.value)


@pytest.mark.parametrize(
    "assignment",
    [
        "generator.rate=0",
        "discriminator.beta1=-0.5",
        "generator={optimizer: sgd, momentum: -0.5}",
        "discriminator.beta2=0",
        "penalties.r1=0",
        "augment.flip=0",
        "augment.shift=1",
        "average.half_life=0",
        "generator.rate={schedule: exponential, start: 0.1, factor: 1}",
    ],
)
def test_unusual_numbers_are_allowed(assignment: str) -> None:
    assert override(DIGITS, [assignment]) != DIGITS


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_number_of_every_recipe_has_a_range(name: str) -> None:
    numbers = RECIPES[name].numbers()
    assert {f"{player}.rate" for player in RECIPES[name].optimizers} <= numbers.keys()
    check_numbers(numbers)


def test_every_range_is_used() -> None:
    every = override(
        DIGITS,
        [
            "generator={optimizer: rmsprop}",
            "augment.flip=0.5",
            "dynamics.correction=extragradient",
            "average.half_life=5",
            "task.top_k=0.5",
        ],
    ).numbers()
    numbers = [every, *(recipe.numbers() for recipe in RECIPES.values())]
    used = {part for group in numbers for name in group for part in name.split(".")}
    assert set(RANGES) <= used


@pytest.mark.parametrize("value", [10**13, 10**30])
def test_no_number_of_a_recipe_but_its_seed_is_beyond_what_anything_can_have(value: int) -> None:
    for name in ("digits", "srgan-x4"):
        taken = []
        for key in known_keys():
            try:
                override(RECIPES[name], [f"{key}={value}"])
            except UserError as error:
                assert len(str(error)) < 700
            else:
                taken.append(key)
        assert taken == (["seed"] if value < 2**63 else [])
