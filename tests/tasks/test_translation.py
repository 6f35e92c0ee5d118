"""Translation with and without pairs: what the networks are given, what each player pays for, what is refused."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.game.field import cost
from saddlepoint.game.task import Request, networks_of
from saddlepoint.networks import CycleGan, UnetPatchgan
from saddlepoint.objectives import objective
from saddlepoint.tasks.cycle import Cycle
from saddlepoint.tasks.translation import Translation
from saddlepoint.training.state import State
from tests.tasks.examples import pairs

WEIGHTS = {"task.l1": 100.0, "task.cycle": 10.0, "task.identity": 5.0}


def translation(name: str = "non_saturating", **options: Any) -> Translation:
    torch.manual_seed(0)
    pair = UnetPatchgan(
        width=4, discriminator_layers=1, normalisation="none", generator_normalisation="none", dropout=0.0
    )
    generator, discriminator = pair.build((1, 32, 32), (1, 32, 32))
    data = options.pop("data", pairs())
    return Translation(
        generator=generator, discriminator=discriminator, data=data, objective=objective(name), batch=4, **options
    )


def cycle(name: str = "least_squares", **options: Any) -> Cycle:
    torch.manual_seed(0)
    pair = CycleGan(width=4, blocks=1, discriminator_layers=1)
    (there, judge), (back, judge_back) = (pair.build((1, 32, 32), (1, 32, 32)) for _ in range(2))
    data = options.pop("data", pairs(paired=False))
    return Cycle(
        generator=there,
        discriminator=judge,
        generator_back=back,
        discriminator_back=judge_back,
        data=data,
        objective=objective(name),
        shape=(1, 32, 32),
        **{"batch": 3, **options},
    )


def test_pairs_stay_together_and_each_player_has_its_own_order() -> None:
    task = translation()
    assert task.data is not None
    partner = {
        source.tobytes(): target.tobytes()
        for source, target in zip(task.data.sources.items, task.data.targets.items, strict=True)
    }
    draws = [task.draw(player, 0, 0, State(seed=0)) for player in ("discriminator", "generator")]
    for draw in draws:
        for source, real in zip(draw["source"].numpy(), draw["real"].numpy(), strict=True):
            assert partner[source.tobytes()] == real.tobytes()
    assert not torch.equal(draws[0]["source"], draws[1]["source"])


def test_the_generator_pays_for_the_distance_and_d_sees_the_sources() -> None:
    task = translation()
    draw = task.draw("generator", 0, 0, State(seed=0))
    with torch.no_grad():
        source, real = (draw[side] / 127.5 - 1 for side in ("source", "real"))
        fake = task.generator(source)
        loss = task.loss("generator", networks_of(task), draw, WEIGHTS)
        torch.testing.assert_close(loss.costs["l1"], 100 * (fake - real).abs().mean())
        scores = task.discriminator(fake, source)
        # -log D, averaged over patches.
        torch.testing.assert_close(cost(loss) - loss.costs["l1"], torch.nn.functional.softplus(-scores).mean())
        assert scores.dim() == 3 and not torch.equal(scores, task.discriminator(fake, source.flip(0)))


def test_translations_are_images_in_their_range() -> None:
    for task in (translation(), cycle()):
        assert task.data is not None
        sources = task.data.sources.batch([0, 1, 2])[0]
        with torch.no_grad():
            made = task.sample(networks_of(task), Request(tensors={"source": sources}))
        assert made.shape == (3, 1, 32, 32) and 0 <= made.min() and made.max() <= 1 and made.dtype == torch.float32


def test_there_and_back_and_what_is_already_there_cost_the_generators() -> None:
    task = cycle()
    draw = task.draw("generator", 0, 0, State(seed=0))
    with torch.no_grad():
        source, real = (draw[side] / 127.5 - 1 for side in ("source", "real"))
        loss = task.loss("generator", networks_of(task), draw, WEIGHTS)
        there, back = task.generator, task.generator_back
        round_trips = (back(there(source)) - source).abs().mean() + (there(back(real)) - real).abs().mean()
        own_kind = (there(real) - real).abs().mean() + (back(source) - source).abs().mean()
        torch.testing.assert_close(loss.costs, {"cycle": 10 * round_trips, "identity": 5 * own_kind})
        expected = {
            "f3": -((task.discriminator(there(source)) - 1) ** 2).mean() / 2,
            "f3_back": -((task.discriminator_back(back(real)) - 1) ** 2).mean() / 2,
        }
        torch.testing.assert_close(loss.value, expected)


def test_each_discriminator_judges_its_own_kind_and_old_fakes_from_the_pool() -> None:
    task = cycle(pool=3)
    state = State(seed=0)
    seen: dict[str, list[torch.Tensor]] = {"discriminator": [], "discriminator_back": []}

    def spy(name: str, network: torch.nn.Module):
        def call(images: torch.Tensor) -> torch.Tensor:
            seen[name].append(images)
            return network(images)

        return call

    networks = networks_of(task)
    watched = {**networks, **{name: spy(name, networks[name]) for name in seen}}
    with torch.no_grad():
        old = 0
        for step in range(12):
            draw = task.draw("discriminator", step, 0, state)
            loss = task.loss("discriminator", watched, draw, WEIGHTS)
            real, shown = seen["discriminator"][-2:]
            torch.testing.assert_close(real, draw["real"] / 127.5 - 1)
            fresh = loss.shown["generator"]
            uses_old = draw["generator/uses_old"]
            assert torch.equal(shown[~uses_old], fresh[~uses_old])
            assert torch.equal(shown[uses_old], draw["generator/old"][uses_old])
            old += int(uses_old.sum())
            task.remember("discriminator", draw, loss)
            state.images += 3
    assert 6 < old < 27 and int(task.state["pool/generator/filled"]) == 3


def test_what_cannot_be_translated_is_refused() -> None:
    with pytest.raises(UserError, match="unpaired images"):
        translation(data=pairs(paired=False))
    with pytest.raises(UserError, match="one shape"):
        one = pairs(paired=False)
        cycle(data=replace(one, sources=pairs(side=16).sources))
    wrongs: list[dict[str, Any]] = [{"scale": 0.5}, {"batch": 0}, {"pool": -1}]
    for wrong in wrongs:
        with pytest.raises(UserError, match="expected"):
            cycle(**wrong)
