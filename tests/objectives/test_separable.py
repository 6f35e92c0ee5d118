"""Separable objectives: J and I as defined, masks and shapes, the raw-output form, and what cannot be trained."""

import copy
import math

import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.objectives import IDENTITY, SIGMOID, Separable, objective, parse
from saddlepoint.objectives.base import Objective
from tests.objectives.operations import operations

GENERATOR = torch.Generator().manual_seed(0)


def raw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


def test_terms_are_means_over_every_element():
    real, fake = raw(3, 4), raw(7)
    minimax = objective("minimax")
    terms = minimax.discriminator_terms(real, fake)
    assert list(terms) == ["f1", "f2"]
    torch.testing.assert_close(terms["f1"], torch.sigmoid(real).log().mean())
    torch.testing.assert_close(terms["f2"], (1 - torch.sigmoid(fake)).log().mean())
    terms = minimax.generator_terms(fake)
    assert list(terms) == ["f3"]
    torch.testing.assert_close(terms["f3"], -(1 - torch.sigmoid(fake)).log().mean())
    assert all(term.shape == () for term in terms.values())


def test_a_mask_counts_its_cells_against_all_cells():
    # GAIN: D maximises m log D + (1-m) log(1-D), G maximises (1-m) log D, averaged over the whole map.
    scores, mask = raw(5, 6), (torch.rand(5, 6, generator=GENERATOR) < 0.4).double()
    probabilities = torch.sigmoid(scores)
    terms = objective("non_saturating").discriminator_terms(scores, scores, weights=(mask, 1 - mask))
    torch.testing.assert_close(terms["f1"], (mask * probabilities.log()).mean())
    torch.testing.assert_close(terms["f2"], ((1 - mask) * (1 - probabilities).log()).mean())
    (term,) = objective("non_saturating").generator_terms(scores, weights=(None, 1 - mask)).values()
    torch.testing.assert_close(term, ((1 - mask) * probabilities.log()).mean())


def test_weights_broadcast_to_the_scores():
    scores = raw(5, 6)
    wasserstein = objective("wasserstein")
    for weights in (raw(6), raw(1, 6), raw(5, 1), raw(5, 6), torch.tensor(2.0)):
        terms = wasserstein.discriminator_terms(scores, scores, weights=weights)
        torch.testing.assert_close(terms["f1"], (weights * scores).mean().double())
    for weights in (raw(5), raw(7, 5, 6), raw(5, 6, 1), raw(2, 6)):
        with pytest.raises(UserError, match=r"weights of shape .* for real scores of shape \(5, 6\)"):
            wasserstein.discriminator_terms(scores, scores, weights=weights)
    with pytest.raises(UserError, match="for fake scores"):
        wasserstein.generator_terms(raw(5), weights=raw(5, 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    scores = raw(64).to(dtype)
    for name in ("minimax", "fgan_squared_hellinger:minimax", "least_squares"):
        chosen = objective(name)
        for term, wide in zip(
            chosen.discriminator_terms(scores, scores).values(),
            chosen.discriminator_terms(scores.float(), scores.float()).values(),
            strict=True,
        ):
            assert term.dtype == torch.float32 and torch.equal(term, wide)
        assert chosen.score(scores).dtype == torch.float32


@pytest.mark.parametrize("scores", [torch.empty(0), torch.tensor([1, 2]), torch.tensor([True])], ids=str)
def test_scores_that_have_no_mean_are_refused(scores):
    fine = torch.zeros(2)
    with pytest.raises(UserError, match="real scores of type"):
        objective("minimax").discriminator_terms(scores, fine)
    with pytest.raises(UserError, match="fake scores of type"):
        objective("minimax").generator_terms(scores)


def test_the_score_is_the_output_through_the_link():
    outputs = raw(9)
    torch.testing.assert_close(objective("minimax").score(outputs), torch.sigmoid(outputs))
    assert torch.equal(objective("hinge").score(outputs), outputs)
    torch.testing.assert_close(objective("fgan_gan").score(outputs), torch.nn.functional.logsigmoid(outputs))
    assert objective("minimax").score(torch.tensor([1e4, -1e4])).tolist() == [1.0, 0.0]


def test_the_generators_real_side():
    four = objective("f1=D; f2=-D; f3=D; f4=-D**2")
    real, fake = raw(4), raw(4)
    terms = four.generator_terms(fake, real)
    torch.testing.assert_close(terms["f4"], -(real**2).mean())
    torch.testing.assert_close(four.generator_terms(fake, real, weights=(real, None))["f4"], -(real**3).mean())
    with pytest.raises(UserError, match="no real scores for f4"):
        four.generator_terms(fake)


def test_the_game_at_the_raw_output_is_the_same_game():
    real, fake = raw(8), raw(8)
    for name in ("minimax", "fgan_js:minimax"):
        chosen = objective(name)
        assert isinstance(chosen, Separable)
        moved = chosen.at_output()
        assert moved.link == IDENTITY and moved != chosen and moved.variable == "output"
        for before, after in zip(
            (chosen.discriminator_terms(real, fake) | chosen.generator_terms(fake)).values(),
            (moved.discriminator_terms(real, fake) | moved.generator_terms(fake)).values(),
            strict=True,
        ):
            assert torch.equal(before, after)


@pytest.mark.parametrize(
    ("text", "message", "cure"),
    [
        ("f1=log(D); f2=log(1-D); f3=log(D)", r"f1=log\(D\), which is undefined at the raw output", "link=sigmoid"),
        ("f1=D; f2=sqrt(1-D); f3=D", r"f2=sqrt\(1 - D\), which is undefined", "link=sigmoid"),
        ("f1=D; f2=-D; f3=1/D", "f3=1/D, which is undefined at the raw output 0", "link=sigmoid"),
        ("f1=D; f2=-D; f3=D; f4=log(D)", "f4=log", "link=sigmoid"),
        ("f1=log(D-2); f2=-D; f3=D", r"f1=log\(D - 2\), which is undefined", "choose functions"),
        ("f1=log(D-2); f2=-D; f3=D; link=sigmoid", "f1=log", "choose functions"),
        ("f1=1/(3*D-1); f2=-D; f3=D", "cannot be shown to be defined at the raw output 0.3333", "choose functions"),
        ("f1=1; f2=2; f3=D", "f1 and f2 without D", "write D into f1 or f2"),
        ("f1=D; f2=-D; f3=0", "f3 without D", "write D into f3"),
        ("f1=D; f2=-D + log(-1); f3=D", "which is undefined", "choose functions"),
    ],
)
def test_what_cannot_be_trained(text, message, cure):
    with pytest.raises(UserError, match=message) as mistake:
        objective(text).check_trainable()
    assert cure in str(mistake.value)


@pytest.mark.parametrize(
    "text",
    [
        "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid",
        "f1=log(1 + exp(D)); f2=-D; f3=D",
        "f1=D; f2=0; f3=D",
        "f1=-(D-1)**2; f2=-abs(D); f3=tanh(D)",
        "f1=log(1 - D + D**2); f2=-D; f3=D",
    ],
)
def test_what_can_be_trained(text):
    chosen = objective(text)
    chosen.check_trainable()
    outputs = torch.linspace(-50, 50, 11, requires_grad=True)
    torch.stack(list(chosen.discriminator_terms(outputs, outputs).values())).sum().backward()
    assert outputs.grad is not None and outputs.grad.isfinite().all()


def test_equality_is_that_of_functions_and_link():
    f1, f2 = parse("log(D)"), parse("log(1-D)")
    mine = Separable(f1=f1, f2=f2, f3=f1, link=SIGMOID, name="mine")
    assert (
        mine == objective("non_saturating") and mine.name == "mine" and hash(mine) == hash(objective("non_saturating"))
    )
    assert mine != Separable(f1=f1, f2=f2, f3=f1)
    assert isinstance(mine, Objective) and mine.coupling is None


def test_copies_are_equal_also_after_use():
    chosen = objective("minimax")
    chosen.check_trainable()
    assert copy.deepcopy(chosen) == chosen
    assert chosen.__getstate__().keys() == {"f1", "f2", "f3", "f4", "link", "name", "variable"}


def test_functions_must_be_trees():
    with pytest.raises(UserError, match="f2='D'"):
        Separable(f1=parse("D"), f2="D", f3=parse("D"))  # type: ignore[arg-type]


def test_a_compiler_traces_one_graph():
    chosen = objective("minimax")
    chosen.check_trainable()
    traced = torch.compile(lambda x: sum(chosen.discriminator_terms(x, x).values()), backend="eager", fullgraph=True)
    outputs = raw(6)
    torch.testing.assert_close(traced(outputs), (torch.sigmoid(outputs) * torch.sigmoid(-outputs)).log().mean())


def test_training_form_is_one_softplus_per_side():
    outputs = raw(6)
    sides = ["log_sigmoid_forward", "mean", "softplus", "mean", "mul"]
    for name in ("minimax", "non_saturating", "fgan_gan", "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid"):
        chosen = objective(name)
        chosen.check_trainable()
        assert operations(chosen.discriminator_terms, outputs, outputs) == sides
    assert operations(objective("non_saturating").generator_terms, outputs) == ["log_sigmoid_forward", "mean"]
    assert operations(objective("minimax").generator_terms, outputs) == ["softplus", "mean"]


def test_the_infinite_term_is_named():
    kl = objective("fgan_kl")
    terms = kl.discriminator_terms(torch.tensor([1e4]), torch.tensor([1e4]))
    assert math.isfinite(terms["f1"].item()) and terms["f2"].item() == -math.inf
