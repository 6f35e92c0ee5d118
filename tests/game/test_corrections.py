"""Corrections equal their formulas with dense Jacobians; what they cannot do right is refused with the cure."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.constraints import Clipping
from saddlepoint.game.corrections import CORRECTIONS, STRENGTH
from saddlepoint.game.field import Field, cost, flat
from saddlepoint.game.player import Player
from saddlepoint.game.steps import SGD, Adam, Step, numbers_of
from saddlepoint.objectives import objective
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.text import override
from saddlepoint.tasks.toy.dirac import DiracGan
from saddlepoint.training.state import State
from tests.tasks.examples import generation

RATES = {"discriminator": 0.3, "generator": 0.2}


def _game(psi: float = -1.0):
    task = DiracGan(objective=objective("non_saturating"), psi=psi, penalties=("r1",), instance_noise=0.4)
    steps = {player.name: Step(player, SGD()) for player in task.players}
    return Field(task=task), steps


def _settings(**changes: float) -> dict[str, float]:
    return {
        **{f"{name}.rate": rate for name, rate in RATES.items()},
        **{f"{name}.momentum": 0.0 for name in RATES},
        "penalties.r1": 0.3,
        STRENGTH: 0.7,
        **changes,
    }


def _draws(field: Field):
    return {player.name: field.task.draw(player.name, 0, 0, State(seed=0)) for player in field.task.players}


def _applied(name: str, field: Field, steps, settings) -> Tensor:
    """What the correction leaves, (discriminator, generator)."""
    correction = CORRECTIONS[name]()
    correction.apply(field, list(steps), _draws(field), settings, steps, correction.init(field, steps))
    return _left(steps)


def _left(steps) -> Tensor:
    gradients = [step.parameters[0].grad for step in steps.values()]
    return torch.stack([gradient.detach() for gradient in gradients if gradient is not None])


def _dense(field: Field, settings, at: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """F and J, the rows and columns (discriminator, generator)."""
    values = [next(player.parameters()).detach() for player in field.task.players] if at is None else at.unbind()
    w = [value.clone().requires_grad_() for value in values]
    parameters = {"discriminator": {"psi": w[0]}, "generator": {"theta": w[1]}}
    found = flat(field(parameters, {}, _draws(field), settings, create_graph=True).directions)
    rows = [torch.stack(torch.autograd.grad(value, w, retain_graph=True)) for value in found.values()]
    return torch.stack(list(found.values())).detach(), torch.stack(rows)


def test_consensus_and_symplectic_adjustment_are_their_formulas() -> None:
    settings = _settings()
    F, J = _dense(_game()[0], settings)
    torch.testing.assert_close(_applied("consensus", *_game(), settings), F + 0.7 * J.T @ F)
    A, slope = (J - J.T) / 2, J.T @ F
    sign = torch.sign((F @ slope) * ((A.T @ F) @ slope) / 2 + 0.1)
    torch.testing.assert_close(_applied("symplectic", *_game(), settings), F + 0.7 * sign * (A.T @ F))


def test_the_adjustment_turns_round_where_the_point_repels() -> None:
    # Climbing instead of descending the penalty: the rest point repels.
    settings = _settings(**{"penalties.r1": -30.0})
    F, J = _dense(_game()[0], settings)
    A, slope = (J - J.T) / 2, J.T @ F
    assert (F @ slope) * ((A.T @ F) @ slope) / 2 + 0.1 < 0
    torch.testing.assert_close(_applied("symplectic", *_game(), settings), F - 0.7 * A.T @ F)


def test_competitive_descent_solves_the_local_game() -> None:
    settings = _settings()
    F, J = _dense(_game()[0], settings)
    between = J - torch.diag(J.diag())
    system = torch.eye(2, dtype=torch.float64) + 0.7 * between @ torch.diag(torch.tensor([*RATES.values()]).double())
    torch.testing.assert_close(_applied("competitive", *_game(), settings), torch.linalg.solve(system, F))


def test_extragradient_looks_ahead_by_the_optimizers_own_step() -> None:
    settings = {
        **_settings(),
        **{f"{name}.{key}": value for name in RATES for key, value in numbers_of(Adam(rate=0.05)).items()},
    }
    field, _ = _game()
    steps = {player.name: Step(player, Adam()) for player in field.task.players}
    # Adam's first step is of the length of its rate, whatever the gradient.
    F, _ = _dense(field, settings)
    w = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    ahead, _ = _dense(field, settings, at=w - 0.7 * 0.05 * torch.sign(F))
    torch.testing.assert_close(_applied("extragradient", field, steps, settings), ahead, rtol=1e-6, atol=1e-6)


def test_optimistic_play_adds_the_gradients_change() -> None:
    field, steps = _game()
    settings, correction = _settings(), CORRECTIONS["optimistic"]()
    history = correction.init(field, steps)
    directions, left = [], torch.zeros(2)
    for _ in range(2):
        expected, _ = _dense(field, settings)
        directions.append(expected)
        _, history = correction.apply(field, list(steps), _draws(field), settings, steps, history)
        left = _left(steps)
        for step in steps.values():
            step.apply(settings)
    torch.testing.assert_close(left, directions[1] + 0.7 * (directions[1] - directions[0]))
    torch.testing.assert_close(history["discriminator/psi"], directions[1][0])


def test_the_look_ahead_stays_inside_a_constraint() -> None:
    seen = []

    class Watching(Clipping):
        def __call__(self, network: nn.Module) -> None:
            super().__call__(network)
            seen.append([parameter.detach().clone() for parameter in network.parameters()])

    task = generation("wasserstein", constraint=Watching(bound=0.01))
    field = Field(task=task)
    steps = {player.name: Step(player, SGD()) for player in task.players}
    settings = _settings(**{"discriminator.rate": 100.0, STRENGTH: 1.0})
    before = [parameter.detach().clone() for parameter in task.discriminator.parameters()]
    times = len(seen)
    correction = CORRECTIONS["extragradient"]()
    correction.apply(field, list(steps), _draws(field), settings, steps, {})
    assert len(seen) == times + 1
    assert any(not torch.equal(a, b) for a, b in zip(seen[-1], before, strict=True))
    assert all(float(tensor.abs().max()) <= 0.01 for tensor in seen[-1])
    torch.testing.assert_close(list(task.discriminator.parameters()), before, rtol=0, atol=0, check_dtype=False)


@pytest.mark.parametrize("name", ["extragradient", "past_extragradient", "optimistic"])
def test_micro_batches_give_the_direction_of_the_whole_batch(name: str) -> None:
    found = []
    for accumulate in (1, 3):
        task = generation("minimax", pair=_plain_pair())
        field = Field(task=task, accumulate=accumulate)
        steps = {player.name: Step(player, SGD()) for player in task.players}
        correction, history = CORRECTIONS[name](), {}
        for _ in range(2):
            _, history = correction.apply(field, list(steps), _draws(field), _settings(), steps, history)
        found.append([parameter.grad for parameter in steps["discriminator"].parameters])
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-6)


def _plain_pair():
    from saddlepoint.networks import Dcgan

    return Dcgan(latent=5, width=4, normalisation="none", generator_normalisation="none")


def test_lola_is_the_gradient_of_the_cost_after_the_others_step_to_first_order() -> None:
    settings = _settings()
    field, steps = _game()
    F, _ = _dense(field, settings)
    w = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    left = _applied("lola", field, steps, settings)

    def ahead(strength: float, player: int) -> Tensor:
        """The player's own derivative of its cost where the other one has made its step, which depends on it too."""
        psi, theta = (value.clone().requires_grad_() for value in w)
        parameters = {"discriminator": {"psi": psi}, "generator": {"theta": theta}}
        found = field(parameters, {}, _draws(field), settings, create_graph=True)
        other = list(flat(found.directions).values())[1 - player]
        moved = [psi, theta]
        moved[1 - player] = moved[1 - player] - strength * other
        name = ("discriminator", "generator")[player]
        there = field(
            {"discriminator": {"psi": moved[0]}, "generator": {"theta": moved[1]}},
            {},
            {name: _draws(field)[name]},
            settings,
            create_graph=True,
        )
        return torch.autograd.grad(cost(there.losses[name]), (psi, theta)[player])[0]

    for player in (0, 1):
        slope = (ahead(1e-5, player) - ahead(-1e-5, player)) / 2e-5
        torch.testing.assert_close(left[player], F[player] + 0.7 * slope, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ["consensus", "symplectic", "competitive", "lola"])
def test_what_has_no_second_derivative_is_refused(name: str) -> None:
    def begin(task, **options) -> None:
        steps = {player.name: Step(player, SGD()) for player in task.players}
        CORRECTIONS[name]().init(Field(task=task, **options), steps)

    begin(generation())
    with pytest.raises(UserError, match=r"training\.accumulate=1"):
        begin(generation(), accumulate=2)
    for spectral in (nn.utils.parametrizations.spectral_norm, nn.utils.spectral_norm):
        task = generation()
        convolution = next(module for module in task.discriminator.modules() if isinstance(module, nn.Conv2d))
        spectral(convolution)
        with pytest.raises(UserError, match=r"spectral normalisation in discriminator .*extragradient"):
            begin(task)


@pytest.mark.parametrize("name", [name for name in CORRECTIONS if name not in ("plain", "optimistic")])
def test_a_player_with_its_own_update_is_refused(name: str) -> None:
    class Own(DiracGan):
        @property
        def players(self):
            one, two = super().players
            return one, Player(
                name=two.name, networks=two.networks, update=lambda *given: given[0].backward(*given[1:])
            )

    task = Own(objective=objective("minimax"))
    with pytest.raises(UserError, match="update of its own"):
        CORRECTIONS[name]().init(Field(task=task), {player.name: Step(player, SGD()) for player in task.players})


def test_competitive_descent_needs_a_rate() -> None:
    task = generation()
    with pytest.raises(UserError, match=r"optimizer=adam.*sgd"):
        CORRECTIONS["competitive"]().init(
            Field(task=task), {player.name: Step(player, Adam()) for player in task.players}
        )


@pytest.mark.parametrize(
    ("assignments", "complaint"),
    [
        (["dynamics.correction=extragradent"], "extragradient"),
        (["dynamics.strength=1"], "no strength"),
        (["dynamics.correction=consensus", "dynamics.strength=-1"], "0 or more"),
    ],
)
def test_a_recipe_refuses_what_has_no_effect(assignments, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        override(RECIPES["digits"], assignments)


def test_a_recipe_may_schedule_the_strength() -> None:
    recipe = override(
        RECIPES["digits"],
        ["dynamics.correction=consensus", "dynamics.strength={schedule: linear, start: 0, end: 1, over: 10}"],
    )
    assert recipe.dynamics.strength_in_use == recipe.dynamics.strength
    assert override(RECIPES["digits"], ["dynamics.correction=consensus"]).dynamics.strength_in_use == 1.0
    assert RECIPES["digits"].dynamics.strength_in_use is None
