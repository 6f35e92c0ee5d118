"""From a recipe and data to a game: what is initialised how, what is refused, what the pieces are told."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.networks import Maxout2014
from saddlepoint.recipes.by_size import batch_by_size, pair_by_size
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts, resolved
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task, open_recipe_data
from saddlepoint.recipes.text import override
from saddlepoint.runs.build import build_game
from saddlepoint.tasks.generation import Generation
from tests.tasks.examples import packed

CPU = torch.device("cpu")
SMALL = ["networks.width=4", "networks.latent=5", "training.batch=6"]
MAXOUT = ["networks.pair=mlp-2014", "networks.latent=5", "networks.units=8", "training.batch=6"]


def recipe(*assignments: str, name: str = "digits") -> Recipe:
    return override(RECIPES[name], [*SMALL, *assignments])


def built(made: Recipe, data: Packed | None = None) -> Generation:
    data = packed() if data is None else data
    return generation(build_task(made, DataFacts.of(data), data, CPU))


def generation(task: Any) -> Generation:
    assert isinstance(task, Generation)
    return task


def game(*assignments: str):
    made = recipe(*assignments)
    return build_game(made, built(made), CPU)


# Initialisation


def bright_training(channels: int = 1) -> Packed:
    """The training images are of three grey levels by row of pixels; what is held out is black."""
    items = np.zeros((20, channels, 8, 8), np.uint8)
    items[:16, :, :4], items[:16, :, 4:6] = 51, 204
    return packed(items=items, shape=(channels, 8, 8))


def without_last_weights(network: nn.Module) -> nn.Module:
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    return network


def test_the_net_of_2014_starts_at_the_training_images_mean() -> None:
    made = override(RECIPES["digits"], [*MAXOUT, "penalties.r1=null", "penalties.r2=null"])
    assert isinstance(made.networks, Maxout2014)
    image = without_last_weights(built(made, bright_training()).generator)(torch.randn(1, 5))[0, 0, :, 0]
    expected = torch.tensor([0.2] * 4 + [0.8] * 2 + [0.0] * 2)
    torch.testing.assert_close(image, expected, rtol=0, atol=1e-5)


def test_without_data_it_starts_in_the_middle_and_without_need_no_data_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = override(RECIPES["digits"], [*MAXOUT, "penalties.r1=null", "penalties.r2=null"])
    task = generation(build_task(made, DataFacts.of(packed()), None, CPU))
    assert without_last_weights(task.generator)(torch.randn(1, 5)).eq(0.5).all()

    def read(self: Packed, indices: object) -> None:
        raise AssertionError("a network that does not use the mean read the data")

    monkeypatch.setattr(Packed, "batch", read)
    built(recipe())
    with pytest.raises(AssertionError, match="read the data"):
        built(made)


def test_weights_follow_the_recipes_seed_alone() -> None:
    torch.manual_seed(1)
    one = built(recipe())
    torch.manual_seed(2)
    torch.randn(7)
    two, other = built(recipe()), built(recipe("seed=1"))
    for network in ("generator", "discriminator"):
        ours, again, another = (list(getattr(task, network).parameters()) for task in (one, two, other))
        assert all(torch.equal(a, b) for a, b in zip(ours, again, strict=True))
        assert not all(torch.equal(a, b) for a, b in zip(ours, another, strict=True))


def test_labels_enter_the_networks_of_conditional_tasks_only() -> None:
    assert built(recipe()).generator.classes == 0
    assert built(recipe("task.conditional=true")).generator.classes == 3


def test_a_bound_on_weights_holds_from_the_start() -> None:
    made = game("clip=0.01", "objective=wasserstein", "penalties.r1=null", "penalties.r2=null")
    task = generation(made.task)
    assert max(parameter.abs().max().item() for parameter in task.discriminator.parameters()) <= 0.01
    assert max(parameter.abs().max().item() for parameter in task.generator.parameters()) > 0.01


# What the pieces are told


def test_a_games_numbers_are_the_recipes() -> None:
    made = game("augment.flip=0.25", "average.half_life=7", "penalties.r2=null")
    task = generation(made.task)
    assert task.penalties == ("r1",) and task.augmentations == ("flip",)
    assert made.schedules["penalties.r1"] == 0.1 and "penalties.r2" not in made.schedules
    assert made.schedules["augment.flip"] == 0.25 and made.schedules["average.half_life"] == 7
    assert made.schedules["generator.rate"] == RECIPES["digits"].numbers()["generator.rate"]
    assert made.state.averages is not None and list(made.state.averages.networks) == ["generator"]


def test_without_an_average_none_is_kept() -> None:
    made = game("average=null")
    assert made.state.averages is None and "average.half_life" not in made.schedules


def test_turns_are_the_recipes() -> None:
    def moves(*assignments: str) -> list[list[tuple[str, int]]]:
        return [[(move.player, move.substep) for move in group] for group in game(*assignments).turn(0)]

    d, g = "discriminator", "generator"
    assert moves() == [[(d, 0)], [(g, 0)]]
    assert moves("dynamics.discriminator_steps=3") == [[(d, 0)], [(d, 1)], [(d, 2)], [(g, 0)]]
    assert moves("dynamics.turn=simultaneous") == [[(d, 0), (g, 0)]]
    assert game("dynamics.share_draws=true").turn(0)[-1][0].reuses == d


def test_precision_and_micro_batches_reach_the_field() -> None:
    field = game("training.precision=bfloat16", "training.accumulate=2").field
    assert field.accumulate == 2
    with field.precision():
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.bfloat16
    with game().field.precision():
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32


@pytest.mark.parametrize("prior", [None, "uniform"])
def test_the_prior_is_the_pairs_unless_the_recipe_names_one(prior: str | None) -> None:
    made = override(RECIPES["digits"], [*MAXOUT, "penalties.r1=null", "penalties.r2=null"])
    assert isinstance(made.networks, Maxout2014)
    task = built(made if prior is None else override(made, [f"latent_prior={prior}"]))
    assert task.prior == (prior or made.networks.prior)


def test_what_depends_on_the_data_is_fixed_by_it() -> None:
    open_recipe = override(RECIPES["images"], ["networks=by_size", "training.batch=by_size"])
    fixed = resolved(open_recipe, DataFacts.of(packed(side=16)))
    assert fixed.networks == pair_by_size((1, 16, 16)) and fixed.training.batch == batch_by_size((1, 16, 16))
    chosen = override(open_recipe, ["networks.pair=dcgan", "networks.width=4", "training.batch=3"])
    chosen = override(chosen, ["data.size=16x16", "data.channels=1"])
    assert resolved(chosen, DataFacts.of(packed(side=16))) == chosen


# Refusals


def test_micro_batches_under_a_mean_over_the_batch_are_refused_with_the_cure() -> None:
    with pytest.raises(UserError, match=r"accumulate=2 with average_logistic.*whole batch.*training\.accumulate=1"):
        game("objective=average_logistic", "training.accumulate=2")
    assert game("objective=average_logistic").field.accumulate == 1
    assert game("objective=paired_logistic", "training.accumulate=2").field.accumulate == 2


def test_micro_batches_without_samples_are_refused() -> None:
    with pytest.raises(UserError, match=r"accumulate=7 with a batch of 6.*accumulate=6 or less"):
        game("training.accumulate=7")
    assert game("training.accumulate=6").field.accumulate == 6


def test_several_steps_of_one_player_at_once_are_refused() -> None:
    with pytest.raises(UserError, match=r"2 discriminator steps in simultaneous play.*dynamics\.turn=alternating"):
        game("dynamics.turn=simultaneous", "dynamics.discriminator_steps=2")


def test_other_players_than_the_recipes_are_refused_by_name() -> None:
    @dataclass(frozen=True)
    class Duel:
        players = (Player(name="forger", networks={}), Player(name="discriminator", networks={}))

    with pytest.raises(UserError, match=r"optimizers of .*; expected one for each player: forger, discriminator"):
        build_game(recipe(), Duel(), CPU)  # type: ignore[arg-type]


def test_a_penalty_without_its_weight_is_refused() -> None:
    task = replace(built(recipe()), penalties=("gradient_penalty",))
    with pytest.raises(UserError, match=r"penalties\.gradient_penalty.*set penalties\.gradient_penalty to a number"):
        build_game(recipe(), task, CPU)


def test_an_unknown_prior_is_refused_before_anything_is_drawn() -> None:
    with pytest.raises(UserError, match=r"prior 'cauchy'.*normal"):
        built(recipe("latent_prior=cauchy"))


def test_a_recipe_without_data_says_what_to_give() -> None:
    with pytest.raises(UserError, match=r"recipe mnist without data.*--data PATH"):
        open_recipe_data(RECIPES["mnist"])


def test_a_run_of_own_networks_asks_for_them() -> None:
    made = recipe().model_copy(update={"networks": "own"})
    with pytest.raises(UserError, match=r"one's own networks.*generator= and discriminator="):
        built(made)
    generator = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    own = OwnNetworks(generator=generator, discriminator=nn.Sequential(nn.Flatten(), nn.Linear(64, 1)), latent=3)
    task = build_task(override(made, ["penalties.r1=null"]), DataFacts.of(packed()), packed(), CPU, own)
    assert task.generator is own.generator and task.latent == 3 and math.prod(task.data.shape) == 64  # type: ignore[union-attr]
