"""What follows from the size of images: wider networks and larger batches for smaller ones, no batch statistics."""

from dataclasses import fields, replace

import pytest
import torch
import yaml

from saddlepoint.errors import UserError
from saddlepoint.game.penalties import refuse_batch_statistics
from saddlepoint.networks import Dcgan
from saddlepoint.recipes.by_size import batch_by_size, chosen, pair_by_size, side_by_device
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts, resolved, shaping
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.text import override, recipe_from, to_yaml
from tests.tasks.examples import packed

SHAPES = [(1, 8, 8), (1, 28, 28), (4, 17, 23), (1, 112, 92), (3, 64, 64), (3, 128, 128), (3, 321, 481), (3, 512, 512)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_pair_fits_the_shape_and_bears_the_recipes_penalties(shape: tuple[int, ...]) -> None:
    with torch.device("meta"):
        generator, discriminator = pair_by_size(shape).build(shape)
        images = generator(torch.empty(2, 128))
        assert images.shape == (2, *shape) and discriminator(images).shape == (2,)
    refuse_batch_statistics(discriminator, "r1")


def test_larger_images_have_narrower_networks_and_smaller_batches() -> None:
    squares = [(3, side, side) for side in (8, 64, 80, 81, 160, 161, 512)]
    assert [pair_by_size(shape).width for shape in squares] == [32, 32, 32, 24, 24, 16, 16]
    assert [batch_by_size(shape) for shape in squares] == [16, 16, 16, 16, 10, 10, 8]
    assert batch_by_size((3, 129, 128)) == 15 and batch_by_size((1, 4000, 4000)) == 8


def test_it_is_the_area_that_counts_and_not_the_channels() -> None:
    assert pair_by_size((1, 40, 160)) == pair_by_size((4, 80, 80)) == pair_by_size((3, 160, 40))
    assert batch_by_size((1, 64, 512)) == batch_by_size((3, 512, 64)) == 8


def test_what_is_said_of_networks_by_size_holds_and_the_rest_follows_from_the_size() -> None:
    recipe = override(RECIPES["images"], ["networks.width=6", "networks.latent=9", "training.batch=5"])
    assert recipe_from(yaml.safe_load(to_yaml(recipe)), "itself") == recipe
    made = resolved(recipe, DataFacts.of(packed(channels=3, side=16)))
    assert made.networks == replace(pair_by_size((3, 16, 16)), width=6, latent=9) and made.training.batch == 5
    assert override(recipe, ["networks=by_size"]).networks == "by_size"
    again = override(RECIPES["images"], ["networks.pair=by_size", "networks.dropout=0.25"])
    assert resolved(again, DataFacts.of(packed())).networks == replace(pair_by_size((1, 8, 8)), dropout=0.25)
    # Every option of the pair that is built can be said, one by one.
    for each in fields(Dcgan()):
        if each.name != "pair":
            said = override(RECIPES["shapes"], [f"networks.{each.name}={getattr(Dcgan(), each.name)}"])
            assert chosen(said.networks) == {each.name: getattr(Dcgan(), each.name)}
    assert recipe.shrunken().networks.shrunken() == recipe.shrunken().networks


def test_images_are_twice_as_large_where_the_machine_is_no_cpu() -> None:
    assert [side_by_device(torch.device(name)) for name in ("cpu", "cuda", "mps")] == [64, 128, 128]
    asked = shaping(override(RECIPES["images"], ["training.device=cpu"]))
    assert (asked["size"], asked["channels"], asked["fit"], asked["auto_side"]) == ("auto", "auto", "crop", 64)
    given = shaping(override(RECIPES["images"], ["data.size=native", "data.channels=native"]))
    assert given["size"] is None and given["channels"] is None
    # What a person has built is not to be met by another size.
    own = shaping(RECIPES["images"].model_copy(update={"networks": "own"}))
    assert own["size"] is None and own["channels"] is None


def test_what_was_chosen_for_the_data_is_written_as_numbers() -> None:
    data = resolved(RECIPES["images"], DataFacts.of(packed(channels=3, side=16))).data
    assert (data.size, data.channels) == ((16, 16), 3)
    again = resolved(override(RECIPES["images"], ["data.size=8x9"]), DataFacts.of(packed(channels=3, side=16))).data
    assert again.size == (8, 9), "what was said is not looked at again"
    assert resolved(RECIPES["mnist"], DataFacts.of(packed())).data == RECIPES["mnist"].data


@pytest.mark.parametrize("name", ["pix2pix-small", "cyclegan-small", "srresnet-x4-small"])
@pytest.mark.parametrize("setting", ["data.size=auto", "data.channels=auto"])
def test_what_has_a_rule_of_its_own_for_sizes_leaves_none_open(name: str, setting: str) -> None:
    recipe = override(RECIPES[name], [setting, "data.source=somewhere"])
    with pytest.raises(UserError, match=f"{setting.replace('=', ' = ')} in a recipe of the task"):
        kind_of(recipe).open(recipe, "somewhere")


@pytest.mark.parametrize(
    ("setting", "message"),
    [("networks.width=0", "width 0; expected 1 or more"), ("networks.group_width=4", "a key of the networks.pair")],
)
def test_what_the_pair_by_size_has_not_is_refused_before_any_data_is_read(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        override(RECIPES["images"], [setting])


@pytest.mark.parametrize("choose", [pair_by_size, batch_by_size])
def test_points_are_sent_to_the_recipe_for_points(choose) -> None:
    with pytest.raises(UserError, match=r"points of 2 dimensions.*use the recipe toy"):
        choose((2,))
