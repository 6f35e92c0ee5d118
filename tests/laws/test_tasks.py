"""Laws of every task: a small plain step does what the gradient says, and a player's step leaves the other alone."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from saddlepoint.data import Packed
from saddlepoint.game.corrections import Plain
from saddlepoint.game.field import Field, buffers_of, cost, parameters_of
from saddlepoint.game.steps import SGD, Adam, Step
from saddlepoint.game.task import Draw, networks_of
from saddlepoint.networks import Classifier, Dcgan
from saddlepoint.objectives import objective
from saddlepoint.tasks.classification import Classification
from saddlepoint.tasks.generation import Generation
from saddlepoint.tasks.kit.adaptive import Adaptive
from saddlepoint.tasks.kit.adversary import ADVERSARIAL_PENALTIES, WEIGHTS
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.tasks.toy.dirac import DiracGan
from saddlepoint.training.state import State
from tests.laws.members import check_reached
from tests.tasks.test_super_resolution import super_resolution
from tests.tasks.test_translation import cycle, translation

SETTINGS = {
    "penalties.r1": 0.5,
    "penalties.r2": 0.3,
    "penalties.gradient_penalty": 2.0,
    "penalties.lecam": 0.3,
    "penalties.orthogonal": 0.2,
    "task.top_k": 0.75,
    "task.l1": 2.0,
    "task.cycle": 3.0,
    "task.identity": 0.5,
    "task.content_weight": 2.0,
    "task.adversarial": 0.25,
    "augment.flip": 0.5,
    "augment.shift": 0.5,
}


def _data() -> Packed:
    random = np.random.default_rng(0)
    return Packed(
        items=random.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8),
        labels=np.arange(40) % 3,
        classes=("a", "b", "c"),
        kind="images",
        shape=(1, 8, 8),
        fingerprint="0" * 64,
        splits={"train": np.arange(36), "held_out": np.arange(36, 40)},
        split_rule="a test",
        source="random",
    )


def _classification() -> Classification:
    torch.manual_seed(3)
    # Without batch statistics' own movement: a step's change of the loss is then the gradient's alone.
    network = Classifier(width=4, dimensions=8).build((1, 8, 8), 3)
    return Classification(classifier=network, data=_data(), batch=16)


def _generation(name: str = "minimax", pair: Dcgan | None = None, **options) -> Generation:
    torch.manual_seed(3)
    pair = pair or Dcgan(latent=6, width=4, normalisation="none", generator_normalisation="none")
    generator, discriminator = pair.build((1, 8, 8), classes=3 if options.get("conditional") else 0)
    return Generation(
        generator=generator,
        discriminator=discriminator,
        data=_data(),
        objective=objective(name),
        latent=pair.latent,
        batch=16,
        **options,
    )


# What every task with a discriminator may let D pay for: all of it, in two cases.
TWO_PENALTIES, OTHER_PENALTIES = ADVERSARIAL_PENALTIES[:2], ADVERSARIAL_PENALTIES[2:]

# Every way in which a task can be built that changes its loss.
CASES = {
    "saddlepoint.tasks.generation": [
        lambda: _generation("minimax"),
        lambda: _generation("wasserstein", penalties=("gradient_penalty",)),
        lambda: _generation("paired_logistic", penalties=("r1", "r2"), augmentations=("flip", "shift")),
        lambda: _generation("average_logistic", conditional=True),
        lambda: _generation("hinge", conditional=True, penalties=("r1",)),
        lambda: _generation("hinge", penalties=("lecam",), top_k=True, generator_batches=2),
        lambda: _generation("hinge", conditional=True, penalties=("orthogonal",)),
        lambda: _generation("minimax", augmentations=("flip", "shift"), adaptive=Adaptive(), dequantise=True),
        lambda: _generation("non_saturating", pair=Dcgan(latent=6, width=4, dropout=0.3)),
    ],
    "saddlepoint.tasks.classification": [_classification],
    "saddlepoint.tasks.translation": [
        lambda: translation(scale=1.1, mirror=True),
        lambda: translation("paired_logistic", penalties=TWO_PENALTIES, joint_scoring=True),
        lambda: translation("hinge", penalties=OTHER_PENALTIES),
    ],
    "saddlepoint.tasks.cycle": [
        lambda: cycle(scale=1.1, mirror=True, pool=2),
        lambda: cycle("paired_logistic", penalties=TWO_PENALTIES, joint_scoring=True),
        lambda: cycle(penalties=OTHER_PENALTIES),
    ],
    "saddlepoint.tasks.super_resolution": [
        lambda: super_resolution(),
        lambda: super_resolution(alone=True),
        lambda: super_resolution("paired_logistic", judged=True),
        lambda: super_resolution("paired_logistic", penalties=TWO_PENALTIES, joint_scoring=True),
        lambda: super_resolution("hinge", penalties=OTHER_PENALTIES),
    ],
    "saddlepoint.tasks.toy.bilinear": [lambda: Bilinear()],
    "saddlepoint.tasks.toy.dirac": [
        lambda: DiracGan(objective=objective("non_saturating")),
        lambda: DiracGan(objective=objective("minimax"), penalties=("r1", "r2"), instance_noise=0.5),
        lambda: DiracGan(objective=objective("wasserstein"), penalties=OTHER_PENALTIES, psi=-1.5),
        lambda: DiracGan(objective=objective("average_logistic"), instance_noise=0.5),
    ],
}
ALL = [make for cases in CASES.values() for make in cases]


def _each_player(makes):
    return pytest.mark.parametrize(
        ("make", "player"), [(make, player.name) for make in makes for player in make().players]
    )


def test_every_task_is_reached() -> None:
    check_reached(
        "tasks",
        CASES,
        {
            "saddlepoint.tasks.kit.batches": "the order of the data, which tasks share",
            "saddlepoint.tasks.kit.adversary": "of every task with a D; tests/tasks/kit/test_adversary.py",
            "saddlepoint.tasks.kit.base": "what every task has; reached by each of them",
            "saddlepoint.tasks.kit.adaptive": "the probability of augmentation; tests/tasks/kit/test_adaptive.py",
            "saddlepoint.tasks.kit.bicubic": "images made smaller; tests/tasks/test_super_resolution.py",
            "saddlepoint.tasks.kit.content": "where images are compared; reached by super-resolution",
            "saddlepoint.tasks.kit.jitter": "windows of pairs; tests/tasks/kit/test_jitter.py",
            "saddlepoint.tasks.kit.pixels": "between stored pixels and a network's; reached by every task of images",
            "saddlepoint.tasks.kit.pool": "old fakes; tests/tasks/kit/test_pool.py",
        },
    )


@pytest.fixture
def double_precision():
    """In float32 the change of the loss drowns in its rounding."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def _draw(task, player: str):
    return task.draw(player, 0, 0, State(seed=0))


def _in_double(draw: Draw) -> Draw:
    return replace(draw, tensors={k: v.double() if v.is_floating_point() else v for k, v in draw.tensors.items()})


@_each_player(ALL)
def test_a_plain_step_changes_the_loss_by_the_squared_gradient(make, player: str, double_precision) -> None:
    task = make()
    # Curvature and the kinks of rectifiers enter with the square of the rate.
    rate = 1e-6
    field, mover = Field(task=task), next(each for each in task.players if each.name == player)
    draw = _in_double(_draw(task, player))

    def value() -> float:
        # Evaluated as the step sees it, dropout mask included; batch statistics do not enter the loss in training mode.
        return float(cost(field.loss(mover, networks_of(task), draw, SETTINGS)).detach())

    before = value()
    field.backward(mover, draw, SETTINGS)
    squared = sum(
        float(parameter.grad.square().sum()) for parameter in mover.parameters() if parameter.grad is not None
    )
    step = Step(mover, SGD())
    step.apply({f"{player}.rate": rate, f"{player}.momentum": 0.0})
    assert squared > 0
    assert value() - before == pytest.approx(-rate * squared, rel=0.05)


@_each_player([make for make in ALL if len(make().players) > 1])
def test_a_step_leaves_the_other_player_unchanged_to_the_bit(make, player: str) -> None:
    task, mover = make(), player
    (other,) = (each.name for each in task.players if each.name != mover)
    field = Field(task=task)
    steps = {player.name: Step(player, Adam()) for player in task.players}
    settings = {**SETTINGS}
    for name in steps:
        settings.update({f"{name}.rate": 1e-2, f"{name}.beta1": 0.5, f"{name}.beta2": 0.9, f"{name}.epsilon": 1e-8})
    # A first step of both, so that the optimizers have a history that could change.
    for name, step in steps.items():
        Plain().apply(field, [name], {name: _draw(task, name)}, settings, steps, {})
        step.apply(settings)
    kept = copy.deepcopy([parameter.detach() for parameter in steps[other].parameters])
    history = copy.deepcopy(steps[other].torch_optimizer.state_dict()["state"])
    moved = copy.deepcopy([parameter.detach() for parameter in steps[mover].parameters])

    Plain().apply(field, [mover], {mover: _draw(task, mover)}, settings, steps, {})
    assert all(parameter.grad is None for parameter in steps[other].parameters)
    steps[mover].apply(settings)

    assert all(torch.equal(a, b.detach()) for a, b in zip(kept, steps[other].parameters, strict=True))
    for index, state in steps[other].torch_optimizer.state_dict()["state"].items():
        assert all(torch.equal(history[index][key], value) for key, value in state.items())
    assert not all(torch.equal(a, b.detach()) for a, b in zip(moved, steps[mover].parameters, strict=True))
    assert all(parameter.requires_grad for step in steps.values() for parameter in step.parameters)


@_each_player(ALL)
def test_the_hot_path_equals_the_joint_field(make, player: str) -> None:
    task = make()
    field, mover = Field(task=task), next(each for each in task.players if each.name == player)
    draw = _draw(task, player)
    oracle = field(parameters_of(task), buffers_of(task), {player: draw}, SETTINGS)
    loss = field.backward(mover, draw, SETTINGS)
    torch.testing.assert_close(cost(loss), cost(oracle.losses[player]).detach(), rtol=1e-5, atol=1e-6)
    for name, network in mover.networks.items():
        for key, parameter in network.named_parameters():
            torch.testing.assert_close(parameter.grad, oracle.directions[name][key], rtol=1e-4, atol=1e-6)
    # Both faces leave the same running statistics behind; the field leaves them in its answer, and not in the network.
    for name, network in networks_of(task).items():
        for key, buffer in network.named_buffers():
            torch.testing.assert_close(buffer, oracle.buffers[name][key])


def _adds_up(make) -> bool:
    """Whether a batch's loss is the mean of its parts' losses."""
    task = make()
    if isinstance(task, Bilinear):
        return False  # Its draw is one sample, which cannot be cut.
    if task.whole_batch is not None:
        return False  # Refused with accumulation where a game is built.
    modules = [module for network in networks_of(task).values() for module in network.modules()]
    # Masks and statistics are those of a micro-batch: another loss, not another way to the same.
    return not any(isinstance(module, nn.Dropout | nn.BatchNorm2d) for module in modules)


ADDING_UP = [make for make in ALL if _adds_up(make)]


def test_most_tasks_add_up() -> None:
    assert len(ADDING_UP) >= 5


@_each_player(ADDING_UP)
def test_micro_batches_give_the_gradient_of_the_whole_batch(make, player: str, double_precision) -> None:
    # In float32 a rounding error decides now and then on which side of the kink of |x| a pixel lies.
    task = make()
    mover = next(each for each in task.players if each.name == player)
    draw = _in_double(_draw(task, player))
    gradients = []
    for accumulate in (1, 3):
        Field(task=task, accumulate=accumulate).backward(mover, draw, SETTINGS)
        gradients.append([parameter.grad.clone() for parameter in mover.parameters()])
        for parameter in mover.parameters():
            parameter.grad = None
    for whole, parts in zip(*gradients, strict=True):
        torch.testing.assert_close(whole, parts, rtol=1e-4, atol=1e-6)


# Weights of samples

ADVERSARIAL = [make for make in ALL if hasattr(make(), "adversary") or hasattr(make(), "adversaries")]
# Batch statistics are of all rows, and the best fakes are of the whole batch, whatever the rows weigh.
BY_ROWS = [
    make
    for make in ADVERSARIAL
    if getattr(make(), "objective", None) is not None
    and not getattr(make(), "top_k", False)
    and not any(isinstance(m, nn.BatchNorm2d | nn.Dropout) for n in networks_of(make()).values() for m in n.modules())
]


def _weighed(draw: Draw, weights: torch.Tensor) -> Draw:
    return replace(draw, tensors={**draw.tensors, WEIGHTS: weights})


def _adversarial_terms(loss) -> dict[str, torch.Tensor]:
    """The terms that weights reach: the objective's, and the penalties on D."""
    of_game = {name: term for name, term in loss.costs.items() if name.removesuffix("_back") in ADVERSARIAL_PENALTIES}
    return {**(loss.value or {}), **of_game}


def test_most_tasks_are_weighed_by_rows() -> None:
    assert len(BY_ROWS) >= 12


@_each_player(ADVERSARIAL)
def test_weights_of_one_change_nothing(make, player: str) -> None:
    task = make()
    field, mover = Field(task=task), next(each for each in task.players if each.name == player)
    draw = _draw(task, player)
    plain = field.loss(mover, networks_of(task), draw, SETTINGS)
    weighed = field.loss(mover, networks_of(make()), _weighed(draw, torch.ones(len(draw))), SETTINGS)
    torch.testing.assert_close(weighed.value, plain.value)
    torch.testing.assert_close(weighed.costs, plain.costs)
    torch.testing.assert_close(weighed.outputs, plain.outputs)


@_each_player(BY_ROWS)
def test_rows_of_weight_zero_count_for_nothing(make, player: str) -> None:
    # A term is the mean of weight times value over all rows, so that what is left is its share of the rows.
    task = make()
    field, mover = Field(task=task), next(each for each in task.players if each.name == player)
    draw = _draw(task, player)
    count = len(draw)
    weights = (torch.arange(count) < count - count // 3).float()
    rows = replace(draw, tensors={name: tensor[weights > 0] for name, tensor in draw.tensors.items()})
    weighed = field.loss(mover, networks_of(task), _weighed(draw, weights), SETTINGS)
    without = field.loss(mover, networks_of(task), rows, SETTINGS)
    share = len(rows) / count
    expected = {name: share * term for name, term in _adversarial_terms(without).items()}
    torch.testing.assert_close(_adversarial_terms(weighed), expected, rtol=1e-4, atol=1e-6)
    # What is logged is a mean over what counts.
    torch.testing.assert_close(weighed.outputs, without.outputs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("make", ALL)
def test_a_reduced_task_is_the_same_game_on_smaller_draws(make) -> None:
    task = make()
    smaller = task.reduced(2)
    assert all(
        one is other for one, other in zip(networks_of(task).values(), networks_of(smaller).values(), strict=True)
    )
    for player in task.players:
        draw = smaller.draw(player.name, 0, 0, State(seed=0))
        assert len(draw) == min(2, task.batch)
        assert cost(Field(task=smaller).loss(player, networks_of(smaller), draw, SETTINGS)).isfinite()


@pytest.mark.parametrize("make", ALL)
def test_every_draw_follows_the_seed_of_the_state(make) -> None:
    # A run that is rolled back draws anew, the order of the data included.
    task = make()
    for player in (each.name for each in task.players):
        one, other = (task.draw(player, 5, 1, State(seed=seed, images=80)) for seed in (0, 1))
        assert one.seed != other.seed
        random = [name for name in ("real", "z", "source", "mix", "augment_real") if name in one.tensors]
        for name in random if task.data is not None else ():
            assert not torch.equal(one[name], other[name]), name


@pytest.mark.parametrize("make", ALL)
def test_a_draw_is_a_function_of_its_counters(make) -> None:
    task, again = make(), make()
    state = State(seed=0, step=5, images=80)
    for player in (each.name for each in task.players):
        one, two = task.draw(player, 5, 1, state), again.draw(player, 5, 1, state)
        assert one.seed == two.seed
        assert all(torch.equal(one[name], two[name]) for name in one.tensors)
        other = task.draw(player, 6, 1, state)
        assert one.seed != other.seed
        # The toy games' draws are exact expectations, the same at every step.
        assert "z" not in one.tensors or not torch.equal(one["z"], other["z"])
