"""A task that a person has built plays with the recipe of its kind; what is no task is refused with what it lacks."""

from types import SimpleNamespace

import pytest
import torch
import yaml

from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.game.steps import Adam
from saddlepoint.objectives import objective
from saddlepoint.recipes.kinds.own import OwnPart
from saddlepoint.recipes.own_tasks import ASKED, check_task, recipe_of_task
from saddlepoint.recipes.text import override, recipe_from, to_yaml
from saddlepoint.tasks.generation import Generation
from tests.recipes.own_examples import LATENT, good_discriminator, good_generator
from tests.tasks.examples import packed


def any_task(**given: object) -> SimpleNamespace:
    players = (Player(name="artist", networks={}), Player(name="forger", networks={}))
    has = {"players": players, "seed": 3, "batch": 5, "settings": ("task.pull", "penalties.r1")}
    return SimpleNamespace(**{**dict.fromkeys(ASKED), **has, **given})


def test_any_task_has_an_optimizer_for_each_player_and_a_weight_for_each_setting() -> None:
    recipe = recipe_of_task(any_task())  # type: ignore[arg-type]
    assert recipe.task == OwnPart(names=("artist", "forger"), weights={"pull": 1.0})
    assert recipe.optimizers == {"artist": Adam(), "forger": Adam()} and recipe.networks is None
    assert (recipe.seed, recipe.training.batch) == (3, 5)
    assert {"task.pull", "penalties.r1", "artist.rate", "forger.beta1"} <= recipe.numbers().keys()
    changed = override(recipe, ["artist.rate=0.5", "task.weights.pull=2"])
    assert changed.numbers()["artist.rate"] == 0.5 and changed.numbers()["task.pull"] == 2
    assert recipe_from(yaml.safe_load(to_yaml(changed)), "a test") == changed


def test_a_task_of_generation_keeps_its_kind() -> None:
    task = Generation(
        generator=good_generator(),
        discriminator=good_discriminator(),
        data=packed(),
        objective=objective("hinge"),
        latent=LATENT,
        penalties=("r1",),
        seed=4,
    )
    recipe = recipe_of_task(task)
    assert (recipe.task.kind, recipe.networks, recipe.objective, recipe.seed) == ("generation", "own", "hinge", 4)
    assert recipe.penalties.r1 is not None and recipe.penalties.r2 is None


def test_what_is_no_task_is_told_what_it_lacks() -> None:
    with pytest.raises(UserError, match=r"a Linear without players.*loss.*; expected .*RunTask"):
        check_task(torch.nn.Linear(1, 1))


@pytest.mark.parametrize("name", ["training", "two words"])
def test_a_player_may_not_be_named_like_a_key(name: str) -> None:
    with pytest.raises(UserError, match="a player named"):
        recipe_of_task(any_task(players=(Player(name=name, networks={}),)))  # type: ignore[arg-type]
