"""A person's own loss code: what it is recognised as, and which mistakes are found."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import UserError
from saddlepoint.objectives import Paired, Separable, catalogue, objective
from saddlepoint.theory.losses.recover import Losses
from saddlepoint.theory.losses.report import LossReport, check

Function = Callable[..., Any]


def judged(discriminator: Function, generator: Function) -> LossReport:
    return check(Losses.of(discriminator, generator), "test")


def flags(found: LossReport) -> set[str]:
    return {flag.name for flag in found.flags}


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """The usual code, on logits."""
    on_real = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    return on_real + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))


def fooled(fake: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_member_is_recognised_from_its_own_losses(name):
    member = objective(name)

    def loss_d(real: Tensor, fake: Tensor) -> Tensor:
        return -torch.stack(list(member.discriminator_terms(real, fake).values())).sum()

    def loss_g(fake: Tensor, real: Tensor) -> Tensor:
        return -torch.stack(list(member.generator_terms(fake, real).values())).sum()

    found = judged(loss_d, loss_g)
    assert found.member is not None
    same = objective(found.member.name)
    if isinstance(member, Paired):
        assert found.paired
        assert same == member
    else:
        # Some members are one and the same game in their raw output, as fgan_gan and minimax: compared by their slopes.
        assert isinstance(same, Separable)
        grid = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
        for terms in ("discriminator_terms", "generator_terms"):
            mine, theirs = (
                torch.autograd.grad(torch.stack(list(getattr(game, terms)(grid, grid).values())).sum(), grid)[0]
                for game in (member, same)
            )
            torch.testing.assert_close(mine, theirs)
    assert found.member.discriminator_factor == pytest.approx(1, rel=1e-3)
    assert found.member.generator_factor == pytest.approx(1, rel=1e-3)
    assert not flags(found) & {"sign_of_loss_d", "sign_of_loss_g", "exchanged", "ck_positive", "sum", "reduction"}


def test_the_usual_code():
    found = judged(lambda real, fake: cross_entropy(real, fake) / 2, fooled)
    assert found.member is not None
    assert found.member.name == "non_saturating@logit"
    assert found.member.discriminator_factor == pytest.approx(0.5)
    assert found.flags == ()
    assert found.numbers is not None
    assert (found.numbers.D0, found.numbers.h) == pytest.approx((0, -0.25), abs=1e-6)
    assert (found.numbers.c, found.numbers.k) == pytest.approx((-0.25, 0.5))
    assert "ran your code" in str(found)
    assert found.to_json()["ran_your_code"] is True


@pytest.mark.parametrize(
    ("loss_d", "loss_g", "member", "expected"),
    [
        (cross_entropy, lambda fake: -fooled(fake), "non_saturating@logit", {"sign_of_loss_g", "ck_positive"}),
        (
            lambda real, fake: -cross_entropy(real, fake),
            fooled,
            "non_saturating@logit",
            {"sign_of_loss_d", "h_positive", "ck_positive"},
        ),
        (lambda real, fake: cross_entropy(fake, real), fooled, "non_saturating@logit", {"exchanged", "ck_positive"}),
        (
            lambda real, fake: cross_entropy(-real, -fake),
            lambda fake: fooled(-fake),
            "non_saturating@logit",
            {"high_means_fake"},
        ),
        (lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean(), "wasserstein", {"h_zero"}),
        (
            lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
            lambda fake: -fake.mean(),
            "hinge",
            {"h_zero"},
        ),
        (
            lambda real, fake: ((real - 1) ** 2).mean() + ((fake + 1) ** 2).mean(),
            lambda fake: (fake**2).mean(),
            "least_squares(-1,1,0)",
            {"k_zero"},
        ),
        (
            lambda real, fake: ((real - 0.9) ** 2).mean() + (fake**2).mean(),
            lambda fake: ((fake - 0.9) ** 2).mean(),
            "least_squares(0,9/10,9/10)",
            set(),
        ),
        (
            lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).mean(),
            fooled,
            "non_saturating@logit",
            {"reduction"},
        ),
        (
            lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum(),
            lambda fake: F.softplus(-fake).sum(),
            "non_saturating@logit",
            {"sum"},
        ),
        (
            lambda real, fake: (
                F.binary_cross_entropy(real, torch.ones_like(real))
                + F.binary_cross_entropy(fake, torch.zeros_like(fake))
            ),
            lambda fake: F.binary_cross_entropy(fake, torch.ones_like(fake)),
            "non_saturating",
            {"takes_probabilities"},
        ),
        (
            lambda real, fake: -(torch.log(real).mean() + torch.log(1 - fake).mean()),
            lambda fake: torch.log(1 - fake).mean(),
            "minimax",
            {"takes_probabilities"},
        ),
        (
            lambda real, fake: -(real.clamp(1e-6, 1).log().mean() + (1 - fake).clamp(1e-6, 1).log().mean()),
            lambda fake: -fake.clamp(1e-6, 1).log().mean(),
            "non_saturating",
            {"takes_probabilities"},
        ),
        (cross_entropy, lambda fake: (fake**2).mean(), None, {"mixed", "k_zero"}),
        (lambda real, fake: (real.std() - fake.std()) ** 2, lambda fake: fake.std(), None, {"coupled"}),
        (lambda real, fake: real.exp().mean() + fake.exp().mean(), fooled, None, {"no_rest_point"}),
    ],
)
def test_mistakes_are_flagged(loss_d, loss_g, member, expected):
    found = judged(loss_d, loss_g)
    assert (found.member and found.member.name) == member
    assert flags(found) == expected


def test_code_that_insists_on_single_precision_columns():
    def loss_d(real: Tensor, fake: Tensor) -> Tensor:
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(fake), 1)
        return F.binary_cross_entropy_with_logits(real, ones) + F.binary_cross_entropy_with_logits(fake, zeros)

    found = judged(loss_d, lambda fake: F.binary_cross_entropy_with_logits(fake, torch.ones(len(fake), 1)))
    assert found.member is not None
    assert found.member.name == "non_saturating@logit"
    assert found.flags == ()


@pytest.mark.parametrize(
    ("loss_d", "loss_g", "said"),
    [
        (lambda real, fake: (real * torch.rand_like(real)).mean() + fake.mean(), fooled, "evaluated twice"),
        (lambda real, fake: real - fake, fooled, r"loss_d that gives \(121,\)"),
        (cross_entropy, lambda fake: fooled(fake).item(), "loss_g that gives float"),
        (cross_entropy, lambda fake: fooled(fake).detach(), "loss_g without a gradient"),
        (cross_entropy, lambda fake: fake.nothing(), "nothing"),
    ],
)
def test_code_that_cannot_be_judged(loss_d, loss_g, said):
    with pytest.raises(UserError, match=said):
        judged(loss_d, loss_g)
