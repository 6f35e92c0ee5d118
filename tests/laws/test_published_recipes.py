"""Laws of published recipes: each builds at its full size; its small sibling changes nothing but what it may.

Parameter counts and settings are those that the papers' tables imply.
"""

import math
from typing import Any

import pytest
import torch
from torch import nn

from saddlepoint.game.schedules import value_at
from saddlepoint.networks import Classifier
from saddlepoint.objectives import objective
from saddlepoint.recipes.by_size import pair_by_size
from saddlepoint.recipes.catalogue import (
    RECIPES,
    attentive,
    convolutional,
    relativistic,
    super_resolution,
    translation,
)
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import override

NAMES = sorted(RECIPES)
SMALL = [name for name in NAMES if name.endswith("-small")]
# Labels of the sets that they were published on; ten elsewhere.
CLASSES = {"sagan-128": 1000, "biggan-128": 1000, "biggan-deep-128": 1000}
# Generator, discriminator.
COUNTS = {
    "dcgan-64": (3_576_704, 2_765_568),
    "wgan-64": (3_576_704, 2_765_568),
    "biggan-128": (70_433_988, 87_982_370),
    "r3gan-32": (20_781_952, 20_732_800),
    "r3gan-256": (23_057_952, 23_009_568),
    "pix2pix": (54_413_955, 2_768_705),
    "cyclegan": (11_378_179, 2_764_737),
}
GENERATOR_COUNTS = {"srresnet-x4": 1_549_462}

# What a sibling may change of its networks: widths and depths.
OF_NETWORKS = {"width", "discriminator_width", "embedding", "blocks", "depth", "discriminator_layers"}
# Beside them, and beside lengths of time: sizes, what is written down how often, what it is called.
FREE = {
    "name",
    "summary",
    "data.size",
    "task.crop",
    "training.steps",
    "training.batch",
    "watch.log_every",
    "watch.sample_every",
    "watch.checkpoint_every",
    "watch.samples",
    *(f"networks.{name}" for name in OF_NETWORKS),
}
# Lengths of time themselves, in the average's unit.
AVERAGED = ("average.half_life", "average.start")


def _shapes(recipe: Recipe) -> tuple[int, ...]:
    """Of one sample, where the recipe says it; else what it is known for."""
    open_size = (256, 256) if recipe.task.kind in ("translation", "cycle") else (28, 28)
    height, width = recipe.data.size if isinstance(recipe.data.size, tuple) else open_size
    if recipe.data.source in ("8-gaussians", "1d-gaussian"):
        return (2,) if recipe.data.source == "8-gaussians" else (1,)
    channels = recipe.data.channels if isinstance(recipe.data.channels, int) else None
    return (channels or (1 if height == 28 else 3), height, width)


def build(name: str) -> list[nn.Module]:
    """The recipe's networks on the meta device, where weights have shapes and no numbers."""
    recipe, shape = RECIPES[name], _shapes(RECIPES[name])
    with torch.device("meta"):
        networks = pair_by_size(shape) if recipe.networks == "by_size" else recipe.networks
        assert not isinstance(networks, str)
        if isinstance(networks, Classifier):
            return [networks.build(shape, 10)]
        if recipe.task.kind == "super-resolution":
            crop = recipe.task.model_dump()["crop"]
            return list(networks.build((3, crop // 4, crop // 4), (3, crop, crop)))  # type: ignore[call-arg]
        if recipe.task.kind in ("translation", "cycle"):
            return list(networks.build(shape, shape))  # type: ignore[call-arg]
        conditional = recipe.task.model_dump()["conditional"]
        return list(networks.build(shape, classes=CLASSES.get(name, 10) if conditional else 0))  # type: ignore[call-arg]


@pytest.mark.parametrize("name", NAMES)
def test_it_builds_at_its_full_size(name: str) -> None:
    networks = build(name)
    assert all(parameter.is_meta for network in networks for parameter in network.parameters())
    counts = tuple(sum(parameter.numel() for parameter in network.parameters()) for network in networks)
    assert all(counts)
    assert counts == COUNTS.get(name, counts)
    assert counts[0] == GENERATOR_COUNTS.get(name, counts[0])


def _leaves(value: Any, name: str = "") -> dict[str, Any]:
    """Every leaf of a recipe by dotted name; a schedule is one."""
    if isinstance(value, dict) and "schedule" not in value:
        return {
            k: v for key, inner in value.items() for k, v in _leaves(inner, f"{name}.{key}" if name else key).items()
        }
    return {name: value}


def _in_proportion(full: Any, small: Any, shorter: dict[str, float]) -> bool:
    """Whether a schedule is the other one, its horizon in proportion to the run's length, up to a step."""
    assert isinstance(full, dict) and isinstance(small, dict)
    times = {"over", "after"}
    if {k: v for k, v in full.items() if k not in times} != {k: v for k, v in small.items() if k not in times}:
        return False
    by = shorter[full["unit"]]
    # A jump from one step to the next stays one.
    return all(
        small.get(key) == full.get(key) == 1 or abs(small.get(key, 0) - by * full.get(key, 0)) <= 1 for key in times
    )


@pytest.mark.parametrize("name", SMALL)
def test_a_small_sibling_changes_width_depth_batch_size_and_steps_alone(name: str) -> None:
    full, small = RECIPES[name.removesuffix("-small")], RECIPES[name]
    assert small.training.steps < full.training.steps
    assert isinstance(full.training.batch, int) and isinstance(small.training.batch, int)
    shorter = {"steps": small.training.steps / full.training.steps}
    shorter["images"] = shorter["steps"] * small.training.batch / full.training.batch
    before, after = (_leaves(recipe.model_dump(mode="json")) for recipe in (full, small))
    assert before.keys() == after.keys()
    wrong = []
    for key in before:
        if before[key] == after[key] or key in FREE:
            continue
        if key in AVERAGED:
            by = shorter[before["average.unit"]]
            one, two = (value if isinstance(value, dict) else {"end": value} for value in (before[key], after[key]))
            if "over" in one:
                assert two["over"] == pytest.approx(one["over"] * shorter[one["unit"]])
            if not all(two[end] == pytest.approx(one[end] * by) for end in ("start", "end") if end in one):
                wrong.append(key)
        elif not (isinstance(before[key], dict) and _in_proportion(before[key], after[key], shorter)):
            wrong.append(key)
    assert not wrong


def test_every_published_recipe_has_a_small_sibling() -> None:
    themes = (attentive, convolutional, relativistic, super_resolution, translation)
    full = [recipe.name for theme in themes for recipe in theme.RECIPES if not recipe.name.endswith("-small")]
    assert {f"{name}-small" for name in full} == set(SMALL)


def test_a_forbidden_change_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    law = test_a_small_sibling_changes_width_depth_batch_size_and_steps_alone
    sibling = RECIPES["r3gan-32-small"]
    for change in ("penalties.r1=0.05", "discriminator.beta1=0.5", "average.half_life=1e5", "networks.latent=8"):
        monkeypatch.setitem(RECIPES, "r3gan-32-small", override(sibling, [change]))
        with pytest.raises((AssertionError, KeyError)):
            law("r3gan-32-small")


@pytest.mark.parametrize(
    ("name", "images", "rate", "beta2", "gamma", "augment", "half_life"),
    [
        ("r3gan-32", 0, 2e-4, 0.9, 0.05, 0.0, 0.0),
        ("r3gan-32", 10_000_000, 1.25e-4, 0.945, 0.0275, 0.275, 2.5e6),
        ("r3gan-32", 20_000_000, 5e-5, 0.99, 0.005, 0.55, 5e6),
        ("r3gan-64", 30_000_000, 5e-5, 0.99, 0.2, 0.3, 0.5e6),
        ("r3gan-256", 250_000_000, 5e-5, 0.99, 15.0, 0.3, 0.5e6),
    ],
)
def test_r3gans_table(
    name: str, images: int, rate: float, beta2: float, gamma: float, augment: float, half_life: float
) -> None:
    values = {key: value_at(number, 0, images) for key, number in RECIPES[name].numbers().items()}
    for player in ("discriminator", "generator"):
        assert (values[f"{player}.rate"], values[f"{player}.beta2"]) == pytest.approx((rate, beta2))
        assert values[f"{player}.beta1"] == 0
    assert (values["penalties.r1"], values["penalties.r2"]) == pytest.approx((gamma, gamma))
    assert (values["augment.cutout"], values["augment.hue"]) == pytest.approx((augment, augment / 2))
    assert values["average.half_life"] == pytest.approx(half_life)
    assert len([key for key in values if key.startswith("augment.")]) == 13


def test_biggans_average_is_the_recursion_with_9999_in_10000() -> None:
    for name, start in (("biggan-128", 20_000), ("biggan-deep-128", 20_000), ("biggan-32", 1000)):
        average = RECIPES[name].average
        assert average is not None and average.start == start and average.warm_up is None and average.unit == "steps"
        assert isinstance(average.half_life, float)
        assert math.isclose(0.5 ** (1 / average.half_life), 0.9999, rel_tol=1e-12)


def test_cyclegans_generator_feels_the_whole_square_and_its_discriminator_half() -> None:
    text = RECIPES["cyclegan"].objective
    assert text is not None
    game = objective(text)
    real, fake = torch.tensor([3.0]), torch.tensor([0.5])
    assert sum(float(term) for term in game.discriminator_terms(real, fake).values()) == -(4 + 0.25) / 2
    assert sum(float(term) for term in game.generator_terms(fake, None).values()) == -0.25
