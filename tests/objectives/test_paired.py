"""Paired objectives: pair by pair and through the means, neither halved, and blind to a constant shift of D."""

import pytest
import torch
from torch.nn.functional import softplus

from saddlepoint.errors import UserError
from saddlepoint.objectives import Paired, objective, parse

GENERATOR = torch.Generator().manual_seed(1)
REAL, FAKE = (torch.randn(6, 2, generator=GENERATOR, dtype=torch.float64) for _ in range(2))


def test_pairs():
    logistic = objective("paired_logistic")
    assert logistic.coupling == "pairs" and logistic.generator_uses_real
    (term,) = logistic.discriminator_terms(REAL, FAKE).values()
    torch.testing.assert_close(term, -softplus(-(REAL - FAKE)).mean())
    terms = logistic.generator_terms(FAKE, REAL)
    assert list(terms) == ["f"]
    torch.testing.assert_close(terms["f"], -softplus(-(FAKE - REAL)).mean())


def test_means():
    hinge = objective("average_hinge")
    assert hinge.coupling == "means" and hinge.generator_uses_real

    def f(v):
        return (v - 1).clamp(max=0)

    terms = hinge.discriminator_terms(REAL, FAKE[:4])
    assert list(terms) == ["f_real", "f_fake"]
    torch.testing.assert_close(terms["f_real"], f(REAL - FAKE[:4].mean()).mean())
    torch.testing.assert_close(terms["f_fake"], f(REAL.mean() - FAKE[:4]).mean())
    terms = hinge.generator_terms(FAKE[:4], REAL)
    torch.testing.assert_close(terms["f_fake"], f(FAKE[:4] - REAL.mean()).mean())
    torch.testing.assert_close(terms["f_real"], f(FAKE[:4].mean() - REAL).mean())


@pytest.mark.parametrize("name", ["paired_logistic", "paired_hinge", "average_logistic", "average_hinge"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_shift_of_d_changes_nothing(name, weighted):
    chosen = objective(name)
    weights = torch.rand(6, 2, generator=GENERATOR, dtype=torch.float64) if weighted else None
    for before, after in zip(
        chosen.discriminator_terms(REAL, FAKE, weights).values(),
        chosen.discriminator_terms(REAL + 5, FAKE + 5, weights).values(),
        strict=True,
    ):
        torch.testing.assert_close(before, after)
    torch.testing.assert_close(chosen.score(REAL), REAL)


@pytest.mark.parametrize("name", ["paired_logistic", "average_logistic"])
def test_gradients_flow_into_both_sides_of_both_players(name):
    chosen = objective(name)
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x, y: tuple(chosen.discriminator_terms(x, y).values()), (real, fake))
    assert torch.autograd.gradcheck(lambda x, y: tuple(chosen.generator_terms(y, x).values()), (real, fake))


def test_weights():
    logistic, average = objective("paired_logistic"), objective("average_logistic")
    weights = torch.rand(6, 2, generator=GENERATOR, dtype=torch.float64)
    (term,) = logistic.discriminator_terms(REAL, FAKE, weights).values()
    torch.testing.assert_close(term, -(weights * softplus(FAKE - REAL)).mean())
    # Weights 1 and 0 leave the other samples out of the inner mean as well.
    keep = torch.zeros(6, 1, dtype=torch.float64)
    keep[:3] = 2
    for kept, some in zip(
        average.discriminator_terms(REAL, FAKE, (keep, keep)).values(),
        average.discriminator_terms(REAL[:3], FAKE[:3]).values(),
        strict=True,
    ):
        torch.testing.assert_close(kept, some)


def test_mistakes():
    logistic, average = objective("paired_logistic"), objective("average_logistic")
    with pytest.raises(UserError, match=r"shapes \(6, 2\) and \(4, 2\).*draw equal batches, or choose coupling=means"):
        logistic.discriminator_terms(REAL, FAKE[:4])
    with pytest.raises(UserError, match="as many real as fake"):
        logistic.generator_terms(FAKE[:4], REAL)
    with pytest.raises(UserError, match=r"shapes \(12,\) and \(12, 1\)"):
        logistic.discriminator_terms(REAL.reshape(12), FAKE.reshape(12, 1))
    with pytest.raises(UserError, match="a pair of weights"):
        logistic.discriminator_terms(REAL, FAKE, (REAL, FAKE))
    for chosen in (logistic, average):
        with pytest.raises(UserError, match="no real scores for"):
            chosen.generator_terms(FAKE)
    with pytest.raises(UserError, match="coupling='triples'"):
        Paired(f=parse("D"), coupling="triples")
    with pytest.raises(UserError, match="f='D'"):
        Paired(f="D")  # type: ignore[arg-type]


def test_what_cannot_be_trained():
    with pytest.raises(UserError, match=r"f=log\(D\), which is undefined at the raw output 0"):
        Paired(f=parse("log(D)")).check_trainable()
    with pytest.raises(UserError, match="f without D"):
        Paired(f=parse("2")).check_trainable()
    Paired(f=parse("log(sigmoid(D))")).check_trainable()


def test_the_published_form_of_the_relativistic_loss_is_the_catalogues():
    written = Paired(f=parse("log(sigmoid(D))"))
    assert written.on_outputs["f"] == objective("paired_logistic").on_outputs["f"]
