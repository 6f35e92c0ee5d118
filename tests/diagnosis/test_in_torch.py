"""What is advised for a loop of one's own: all of a remedy is said, and its lines do what they say."""

import itertools

import pytest
import torch
from torch import nn

from saddlepoint.diagnosis.in_torch import advice_for
from saddlepoint.diagnosis.remedies import Remedy, Situation, remedies
from saddlepoint.diagnosis.rules import FINDINGS
from saddlepoint.game.penalties import between, one_centred, zero_centred

RATES = {f"{player}.{key}": 0.1 for player in ("discriminator", "generator") for key in ("rate", "beta1", "momentum")}
SITUATIONS = [
    {},
    {"settings": {}},
    {"settings": {**RATES, "generator.rate": 1e-5}},
    {"settings": {**RATES, "generator.rate": 1.0}, "objective": "minimax", "open": ("rate_too_large",)},
    {"clip": 0.5},
    {"clip": 0.01, "batch": 4},
    {"batch_norm_in": ("discriminator", "generator"), "batch": 4},
    {"batch_norm_in": ("discriminator",), "can_leave_norm": {"discriminator": "networks.normalisation"}},
    {"latent": 1},
    {"images": False},
]


def situation(**changed) -> Situation:
    given = {"settings": RATES, "scale": 2.0, "images": True, "objective": "hinge", "clip": None, "batch": 64}
    return Situation(**{**given, "latent": 64, **changed})


@pytest.mark.parametrize("changed", SITUATIONS, ids=range(len(SITUATIONS)))
def test_all_of_every_remedy_is_said_in_words(changed) -> None:
    for finding in FINDINGS:
        for remedy in remedies(finding, situation(**changed)):
            words = advice_for(finding, remedy, 250).words
            assert words.endswith((".", ":")) and not any(key in words for key in ("penalties", "networks.", "rate="))
            assert not any(f"Set {change.split('=')[0]} " in words for change in remedy.changes)
            if remedy.ask == "rollback":
                assert "before step 250" in words


def ran(remedy: Remedy, **named) -> dict:
    """The names after the lines of the advice."""
    torch.manual_seed(0)
    names = {"torch": torch, "loss_d": torch.zeros(()), "loss_g": torch.zeros(()), **named}
    exec("\n".join(advice_for("collapse", remedy, 0).lines), names)  # our own text
    return names


def network() -> tuple[nn.Sequential, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)), torch.randn(5, 3), torch.randn(5, 3)


def slope(net: nn.Module, items: torch.Tensor) -> torch.Tensor:
    items = items.detach().requires_grad_()
    return torch.autograd.grad(net(items).sum(), items)[0]


def test_the_lines_are_the_penalties_that_they_say() -> None:
    net, real, fake = network()
    shown = {"discriminator": net, "real": real, "fake": fake}
    found = ran(Remedy(ask="set", changes=("penalties.r1=0.6", "penalties.r2=0.2")), **shown)["loss_d"]
    torch.testing.assert_close(found, zero_centred(slope(net, real), 0.6) + zero_centred(slope(net, fake), 0.2))
    assert torch.autograd.grad(found, net[0].get_parameter("weight"))[0].any()
    found = ran(Remedy(ask="set", changes=("clip=null", "penalties.gradient_penalty=10")), **shown)["loss_d"]
    torch.manual_seed(0)
    torch.testing.assert_close(found, one_centred(slope(net, between(real, fake, torch.rand(5, 1))), 10.0))


@pytest.mark.parametrize(("conditional", "probabilities"), [*itertools.product([False, True], repeat=2)])
def test_the_lines_call_the_discriminator_as_it_is_called(conditional: bool, probabilities: bool) -> None:
    net, real, fake = network()
    end = torch.sigmoid if probabilities else torch.clone

    def discriminator(items: torch.Tensor, *labels: torch.Tensor) -> torch.Tensor:
        assert len(labels) == conditional
        return end(net(items))

    remedy = Remedy(ask="set", changes=("penalties.r1=1", "objective=non_saturating"))
    advice = advice_for("collapse", remedy, 0, conditional=conditional, probabilities=probabilities)
    names = {"torch": torch, "discriminator": discriminator, "real": real, "fake": fake, "labels": 0}
    names["loss_d"] = torch.zeros(())
    exec("\n".join(advice.lines), names)
    torch.testing.assert_close(names["loss_d"], zero_centred(slope(net, real), 1.0))
    torch.testing.assert_close(names["loss_g"], nn.functional.softplus(-net(fake)).mean())


def test_the_lines_set_what_they_say() -> None:
    net, _, _ = network()
    adam, sgd = torch.optim.Adam(net.parameters(), 1e-2), torch.optim.SGD(net.parameters(), 1e-2, momentum=0.9)
    changes = ("generator.rate=0.005", "generator.beta1=0", "discriminator.momentum=0", "clip=0.05")
    ran(Remedy(ask="set", changes=changes), optimizer_g=adam, optimizer_d=sgd, discriminator=net)
    assert (adam.param_groups[0]["lr"], adam.param_groups[0]["betas"]) == (0.005, (0, 0.999))
    assert sgd.param_groups[0]["momentum"] == 0
    assert max(float(weight.detach().abs().max()) for weight in net.parameters()) == pytest.approx(0.05)
