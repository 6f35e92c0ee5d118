"""What a generation task refuses, draws, and hands to its networks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.game.penalties import orthogonal_regularisation
from saddlepoint.game.task import Request, networks_of
from saddlepoint.networks import Dcgan
from saddlepoint.tasks.generation import PENALTIES, Generation
from saddlepoint.tasks.kit.adaptive import PROBABILITY, Adaptive
from saddlepoint.tasks.kit.adversary import ANCHORS, INPUT_PENALTIES
from saddlepoint.training.state import State
from tests.tasks.examples import generation, packed

SETTINGS = {**{f"penalties.{name}": 1.0 for name in PENALTIES}, "augment.flip": 1.0, "augment.shift": 1.0}


class Seen(nn.Module):
    """Stands for a network and remembers what it was given."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network, self.given = network, []

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        self.given.append(inputs)
        return self.network(*inputs)


# Refusals


@pytest.mark.parametrize("penalty", INPUT_PENALTIES)
def test_batch_statistics_under_a_penalty_are_refused(penalty: str) -> None:
    normalised = Dcgan(latent=5, width=4, normalisation="batch")
    with pytest.raises(UserError, match=rf"batch normalisation.*penalty {penalty};.*penalties\.{penalty}=null"):
        generation(pair=normalised, penalties=(penalty,))
    assert generation(pair=normalised).penalties == (), "without a penalty it is allowed"


def test_batch_statistics_in_the_generator_are_allowed() -> None:
    generation(pair=Dcgan(latent=5, width=4, normalisation="none", generator_normalisation="batch"), penalties=("r1",))


def test_an_unknown_penalty_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"penalty 'r3'.*r1, r2, gradient_penalty"):
        generation(penalties=("r1", "r3"))


def test_augmentation_that_cannot_be_is_refused() -> None:
    with pytest.raises(UserError, match=r"augmentation 'flop'.*flip, rotate90, shift"):
        generation(augmentations=("flop",))
    with pytest.raises(UserError, match=r"augmentation of points \(flip\).*augment\.flip=null"):
        generation(augmentations=("flip",), pixel_range=None)
    with pytest.raises(UserError, match=r"hue of images with 1 .*augment\.hue=null"):
        generation(augmentations=("flip", "hue"))


def test_unlabelled_data_in_a_conditional_task_is_refused() -> None:
    with pytest.raises(UserError, match=r"without labels \(random\).*one folder per class.*task\.conditional=false"):
        generation(data=packed(labelled=False), conditional=True)
    assert not generation(data=packed(labelled=False)).conditional


def test_nothing_to_train_on_is_refused() -> None:
    nothing = {"train": np.arange(0), "held_out": np.arange(20)}
    with pytest.raises(UserError, match=r"no training items.*data\.hold_out=0"):
        generation(data=packed(splits=nothing))
    with pytest.raises(UserError, match="batch 0"):
        generation(batch=0)


def test_a_formula_that_raw_outputs_cannot_be_put_into_is_refused() -> None:
    with pytest.raises(UserError, match="link"):
        generation("f1=log(D); f2=log(1-D); f3=log(D)")


# What is drawn


def _draws(task: Generation, player: str, count: int) -> list:
    state, draws = State(seed=0), []
    for step in range(count):
        draws.append(task.draw(player, step, 0, state))
        state.images += draws[-1].images
    return draws


def test_the_discriminator_walks_through_the_training_items_epoch_by_epoch() -> None:
    task = generation()  # 16 training items, batches of 6: three epochs are eight batches
    real = torch.cat([draw["real"] for draw in _draws(task, "discriminator", 8)])
    assert task.data is not None
    train = task.data.batch(np.arange(16))[0]
    for epoch in real.split(16):
        assert sorted(map(bytes, epoch.numpy())) == sorted(map(bytes, train.numpy()))


def test_only_the_discriminators_draws_count_images() -> None:
    task = generation(batch=5)
    assert _draws(task, "discriminator", 1)[0].images == 5
    assert _draws(task, "generator", 1)[0].images == 0


def test_a_draw_holds_what_is_needed_and_no_more() -> None:
    def names(player: str, *arguments, **options) -> set[str]:
        return set(_draws(generation(*arguments, **options), player, 1)[0].tensors)

    assert names("discriminator") == {"real", "z"} and names("generator") == {"z"}
    assert names("generator", "paired_logistic") == {"real", "z"}
    assert names("discriminator", conditional=True) == {"real", "z", "labels"}
    assert names("generator", conditional=True) >= {"z", "labels"}
    assert names("discriminator", penalties=("gradient_penalty",)) == {"real", "z", "mix"}
    assert names("generator", penalties=("gradient_penalty",)) == {"z"}
    assert names("generator", augmentations=("flip",)) == {"z", "augment_real", "augment_fake"}


def test_everything_random_in_a_draw_is_its_own() -> None:
    task = generation(augmentations=("shift",), penalties=("gradient_penalty",))
    state = State(seed=0)
    one = task.draw("discriminator", 3, 0, state)
    assert one["z"].shape == (6, 5) and one["mix"].shape == (6, 1)
    assert not torch.equal(one["augment_real"], one["augment_fake"])
    for other in (task.draw("discriminator", 3, 1, state), task.draw("discriminator", 4, 0, state)):
        assert one.seed != other.seed
        assert not torch.isin(one["z"], other["z"]).any() and not torch.isin(one["mix"], other["mix"]).any()
    assert not torch.isin(one["z"], task.draw("generator", 3, 0, state)["z"]).any()
    assert not torch.equal(one["z"], task.draw("discriminator", 3, 0, State(seed=1))["z"])


def test_a_larger_batch_begins_with_a_smaller_ones_latents() -> None:
    state = State(seed=0)
    small, large = (generation(batch=batch).draw("generator", 2, 0, state)["z"] for batch in (4, 9))
    assert torch.equal(small, large[:4])


# What the networks are given


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_fakes_take_the_labels_of_the_real_images(player: str) -> None:
    task = generation("paired_logistic", conditional=True)
    task = replace(task, generator=Seen(task.generator), discriminator=Seen(task.discriminator))
    draw = _draws(task, player, 1)[0]
    assert task.data is not None and task.data.labels is not None
    rows = {image.tobytes(): int(label) for image, label in zip(task.data.items, task.data.labels, strict=True)}
    expected = torch.tensor([rows[image.tobytes()] for image in draw["real"].numpy()])
    task.loss(player, networks_of(task), draw, SETTINGS)
    assert torch.equal(draw["labels"], expected)
    given = [call[1] for network in networks_of(task).values() for call in network.given]  # type: ignore[attr-defined]
    assert len(given) == 3, "G once, D on real and on fake"
    assert all(torch.equal(labels, expected) for labels in given)


class Making(nn.Module):
    """A generator that makes the same whatever it is given."""

    def __init__(self, made: torch.Tensor):
        super().__init__()
        self.made = made

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.made


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 1.0)])
def test_black_and_white_are_the_ends_of_the_networks_range(low: float, high: float) -> None:
    task = generation(pixel_range=(low, high))
    levels = torch.arange(256, dtype=torch.uint8).reshape(256, 1, 1, 1)
    seen = task.seen(levels)
    assert seen.dtype == torch.float32
    torch.testing.assert_close(seen.flatten(), torch.linspace(low, high, 256), rtol=0, atol=1e-6)
    # Sampled from a generator that makes exactly these, every level comes back as itself.
    request = Request(tensors={"z": torch.zeros(256, 5)})
    made = task.sample({"generator": Making(seen)}, request)
    assert torch.equal((made * 255).round().to(torch.uint8), levels)


def test_samples_are_never_outside_their_range() -> None:
    request = Request(tensors={"z": torch.zeros(1, 5)})
    wild = torch.tensor([-7.0, -1.0, 0.0, 1.0, 9.0], dtype=torch.float64).reshape(1, 1, 1, 5)
    made = generation().sample({"generator": Making(wild)}, request)
    assert made.dtype == torch.float32 and made.flatten().tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_points_are_seen_and_sampled_as_they_are() -> None:
    task = generation(pixel_range=None)
    points = torch.tensor([[-3.5, 12.25]])
    assert torch.equal(task.seen(points), points)
    assert torch.equal(task.sample({"generator": Making(points)}, Request(tensors={"z": torch.zeros(1, 5)})), points)


def test_samples_of_a_conditional_task_are_given_their_labels() -> None:
    task = generation(conditional=True)
    seen = Seen(task.generator)
    labels = torch.tensor([2, 0])
    task.sample({"generator": seen}, Request(tensors={"z": torch.zeros(2, 5), "labels": labels}))
    assert torch.equal(seen.given[0][1], labels)


# What a player makes of it


def test_the_loss_has_the_objectives_terms_and_the_penalties_and_the_outputs_are_d() -> None:
    task = generation(penalties=PENALTIES)
    networks = networks_of(task)
    loss = task.loss("discriminator", networks, _draws(task, "discriminator", 1)[0], SETTINGS)
    assert set(loss.value or {}) == {"f1", "f2"} and set(loss.costs) == set(PENALTIES) - {"orthogonal"}
    assert all(0 < value < 1 for value in loss.outputs.values()), "minimax names D a probability"
    loss = task.loss("generator", networks, _draws(task, "generator", 1)[0], SETTINGS)
    assert set(loss.value or {}) == {"f3"} and set(loss.costs) == {"orthogonal"} and not loss.outputs


def test_both_sides_are_augmented_and_penalties_are_of_the_pixels_before() -> None:
    # A discriminator that looks at the left half alone sees, through a flip of every image, the right half.
    class LeftHalf(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return (images[..., :4] ** 2).flatten(1).sum(1) / 2

    task = replace(generation("wasserstein", augmentations=("flip",), penalties=("r1",)), discriminator=LeftHalf())
    draw = _draws(task, "discriminator", 1)[0]
    always = {**draw.tensors, "augment_real": torch.zeros(6, 1), "augment_fake": torch.zeros(6, 1)}
    loss = task.loss("discriminator", networks_of(task), replace(draw, tensors=always), SETTINGS)
    real = task.seen(draw["real"])
    fake = task.generator(draw["z"]).detach()
    torch.testing.assert_close(loss.outputs["real"], (real[..., 4:] ** 2).flatten(1).sum(1).mean() / 2)
    torch.testing.assert_close(loss.outputs["fake"], (fake[..., 4:] ** 2).flatten(1).sum(1).mean() / 2)
    # |grad|^2 by the pixels before the flip: the squares of the right half.
    torch.testing.assert_close(loss.costs["r1"].detach(), (real[..., 4:] ** 2).flatten(1).sum(1).mean() / 2)


def test_lecam_draws_each_side_to_where_the_other_has_been() -> None:
    task = generation("wasserstein", penalties=("lecam",))
    averages = torch.tensor([0.7, -0.4])
    task.state[ANCHORS].copy_(averages)
    draw = _draws(task, "discriminator", 1)[0]
    loss = task.loss("discriminator", networks_of(task), draw, {"penalties.lecam": 0.3})
    real, fake = loss.shown["real"], loss.shown["fake"]
    expected = 0.3 * ((real + 0.4).square().mean() + (fake - 0.7).square().mean())
    torch.testing.assert_close(loss.costs["lecam"].detach(), expected)
    task.remember("generator", draw, loss)
    assert torch.equal(task.state[ANCHORS], averages), "only D's steps are remembered"
    task.remember("discriminator", draw, loss)
    torch.testing.assert_close(task.state[ANCHORS], 0.99 * averages + 0.01 * torch.stack([real.mean(), fake.mean()]))


def test_orthogonal_regularisation_is_a_cost_of_the_generator_without_its_embedding() -> None:
    task = generation(penalties=("orthogonal",), conditional=True)
    draws = {player: task.draw(player, 0, 0, State(seed=0)) for player in ("generator", "discriminator")}
    weights = dict(task.generator.named_parameters())
    assert "embedding.weight" in weights
    cost = task.loss("generator", networks_of(task), draws["generator"], SETTINGS).costs["orthogonal"]
    torch.testing.assert_close(cost, orthogonal_regularisation(weights, ["embedding"]))
    (feels,) = torch.autograd.grad(cost, [weights["embedding.weight"]], allow_unused=True)
    assert feels is None
    assert task.loss("discriminator", networks_of(task), draws["discriminator"], SETTINGS).costs == {}


def test_top_k_is_the_loss_of_the_best_scored_fakes() -> None:
    task = generation("wasserstein", top_k=True)
    draw = _draws(task, "generator", 1)[0]
    with torch.no_grad():
        scores = task.discriminator(task.generator(draw["z"])).sort(descending=True).values
        for share, kept in ((1.0, 6), (0.5, 3), (0.01, 1)):
            loss = task.loss("generator", networks_of(task), draw, {"task.top_k": share})
            torch.testing.assert_close(sum((loss.value or {}).values()), scores[:kept].mean())


def test_top_k_of_a_paired_objective_keeps_the_pairs() -> None:
    task = generation("paired_logistic", top_k=True)
    draw = _draws(task, "generator", 1)[0]
    with torch.no_grad():
        fake, real = task.discriminator(task.generator(draw["z"])), task.discriminator(task.seen(draw["real"]))
        best = fake.argsort(descending=True)[:3]
        loss = task.loss("generator", networks_of(task), draw, {"task.top_k": 0.5})
    expected = task.objective.generator_terms(fake[best], real[best])
    torch.testing.assert_close(loss.value, expected)


def test_the_generators_batch_may_be_larger() -> None:
    task, state = generation(generator_batches=3), State(seed=0)
    assert len(task.draw("discriminator", 0, 0, state)) == 6
    assert len(task.draw("generator", 0, 0, state)) == 18


def test_dequantised_images_lie_within_one_grey_level_above() -> None:
    task = generation(dequantise=True)
    task = replace(task, discriminator=Seen(task.discriminator))
    draw = _draws(task, "discriminator", 1)[0]
    task.loss("discriminator", networks_of(task), draw, SETTINGS)
    noise = task.discriminator.given[0][0] - task.seen(draw["real"])  # type: ignore[union-attr]
    assert 0 < noise.min() and noise.max() < 1 / 128 and noise.std() > 1 / 128 / 5


def test_half_of_the_real_images_are_mirrored_and_no_fakes() -> None:
    data = packed(count=300, side=8)
    plain, mirrored = (generation(data=data, batch=256, mirror=mirror) for mirror in (False, True))
    before, after = (task.draw("discriminator", 3, 0, State(seed=0)) for task in (plain, mirrored))
    assert torch.equal(before["z"], after["z"])
    same = (before["real"] == after["real"]).flatten(1).all(1)
    assert 0.4 < same.float().mean() < 0.6
    assert torch.equal(after["real"][~same], before["real"][~same].flip(3))


def test_adaptive_strengths_are_multiplied_by_the_probability() -> None:
    task = generation(augmentations=("flip",), adaptive=Adaptive(images=10.0, every=1))
    task = replace(task, discriminator=Seen(task.discriminator))
    always = {**_draws(task, "discriminator", 1)[0].tensors}
    always["augment_real"] = always["augment_fake"] = torch.full((6, 1), 1e-6)
    seen = []
    for probability in (0.0, 1.0):
        draw = replace(
            _draws(task, "discriminator", 1)[0], tensors={**always, PROBABILITY: torch.full((6,), probability)}
        )
        loss = task.loss("discriminator", networks_of(task), draw, SETTINGS)
        seen.append(task.discriminator.given[-2][0])  # type: ignore[union-attr]
        assert float(loss.outputs["augment"]) == probability
    assert torch.equal(seen[0].flip(3), seen[1]) and not torch.equal(*seen)
    task.remember("discriminator", draw, loss)
    assert float(task.state[PROBABILITY]) in (0.0, pytest.approx(0.6))


def test_options_without_a_meaning_are_refused() -> None:
    with pytest.raises(UserError, match="mirrored points"):
        generation(mirror=True, pixel_range=None)
    with pytest.raises(UserError, match="without any augmentation"):
        generation(adaptive=Adaptive())
    with pytest.raises(UserError, match="mean sign"):
        generation("paired_logistic", augmentations=("flip",), adaptive=Adaptive())
    with pytest.raises(UserError, match="dequantised points"):
        generation(pixel_range=None, dequantise=True)
    with pytest.raises(UserError, match="generator_batches 0"):
        generation(generator_batches=0)
