"""The members of the catalogue: each formula written once, as text, in the variable in which it is published.

Separable members are triples (f1, f2, f3) of D. An f-GAN is given by its convex conjugate f* and its output activation
g (Nowozin, Cseke, Tomioka 2016, "f-GAN"): in T = g(v), f1 = T and f2 = -f*(T); the generator maximises f*(T) in the
minimax form and T in the non-saturating one (their section 3.2).
"""

from dataclasses import dataclass, replace

from saddlepoint.objectives.definition import read_definition
from saddlepoint.objectives.paired import Paired
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.separable import Separable
from saddlepoint.objectives.tree import D, Number

FORMS = ("minimax", "non_saturating")


@dataclass(frozen=True, kw_only=True)
class Member:
    """A line of the catalogue: a definition for `read_definition` and one line for people."""

    definition: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """An f-divergence as a GAN: f*(T), the activation g(v), and one line for people."""

    conjugate: str
    activation: str
    summary: str


MEMBERS: dict[str, Member] = {
    "minimax": Member(
        definition="f1=log(D); f2=log(1-D); f3=-log(1-D); link=sigmoid",
        summary="the zero-sum game of Goodfellow et al. 2014; the generator's gradient vanishes while D is sure",
    ),
    "non_saturating": Member(
        definition="f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid",
        summary="Goodfellow et al. 2014 with the generator maximising log D: the usual choice",
    ),
    "wasserstein": Member(
        definition="f1=D; f2=-D; f3=D",
        summary="Arjovsky et al. 2017; needs a Lipschitz critic (penalty or clipping), circles without damping",
    ),
    "hinge": Member(
        definition="f1=min(0, D-1); f2=min(0, -D-1); f3=D",
        summary="Lim and Ye 2017, as in SAGAN and BigGAN; no force on D inside the margin abs(D) < 1",
    ),
    "quadratic": Member(
        definition="f1=-D**2/2; f2=D; f3=-D",
        summary="a zero-sum example that converges from everywhere; a high D means fake",
    ),
    "paired_logistic": Member(
        definition="f=-softplus(-D); coupling=pairs",
        summary="relativistic GAN, Jolicoeur-Martineau 2018; with R1 and R2 the loss of R3GAN",
    ),
    "paired_hinge": Member(
        definition="f=min(0, D-1); coupling=pairs",
        summary="relativistic GAN with the hinge on the difference of real and fake",
    ),
    "average_logistic": Member(
        definition="f=-softplus(-D); coupling=means",
        summary="relativistic average GAN: each score against the other side's mean",
    ),
    "average_hinge": Member(
        definition="f=min(0, D-1); coupling=means",
        summary="relativistic average GAN with the hinge",
    ),
}

# Jeffrey's conjugate is not elementary, so its two functions of v are written directly (v = log u, T = f'(u)).
_JEFFREY = "f1=D + 1 - exp(-D); f2=1 - D - exp(D); f3="
_JEFFREY_FORMS = {"minimax": "D - 1 + exp(D)", "non_saturating": "D + 1 - exp(-D)"}
_JEFFREY_SUMMARY = "Jeffrey divergence, f(u) = (u - 1) log u, in the raw output"

DIVERGENCES: dict[str, Divergence] = {
    "fgan_kl": Divergence(
        conjugate="exp(D - 1)",
        activation="D",
        summary="Kullback-Leibler divergence, f(u) = u log u",
    ),
    "fgan_reverse_kl": Divergence(
        conjugate="-1 - log(-D)",
        activation="-exp(-D)",
        summary="reverse Kullback-Leibler divergence, f(u) = -log u",
    ),
    "fgan_pearson": Divergence(
        conjugate="D**2/4 + D",
        activation="D",
        summary="Pearson chi-squared divergence, f(u) = (u - 1)^2",
    ),
    "fgan_neyman": Divergence(
        conjugate="2 - 2*sqrt(1 - D)",
        activation="1 - exp(-D)",
        summary="Neyman chi-squared divergence, f(u) = (1 - u)^2 / u",
    ),
    "fgan_squared_hellinger": Divergence(
        conjugate="D/(1 - D)",
        activation="1 - exp(-D)",
        summary="squared Hellinger distance, f(u) = (sqrt u - 1)^2",
    ),
    "fgan_js": Divergence(
        conjugate="-log(2 - exp(D))",
        activation="log(2) - log(1 + exp(-D))",
        summary="Jensen-Shannon divergence, f(u) = -(u + 1) log((1 + u)/2) + u log u",
    ),
    "fgan_gan": Divergence(
        conjugate="-log(1 - exp(D))",
        activation="-log(1 + exp(-D))",
        summary="the divergence of the first GAN, f(u) = u log u - (u + 1) log(u + 1)",
    ),
}


def summaries() -> dict[str, str]:
    """Every member under its full name, with its line."""
    lines = {name: member.summary for name, member in MEMBERS.items()}
    lines["least_squares"] = "Mao et al. 2017 with targets fake 0, real 1, generator 1; others as least_squares(-1,1,0)"
    for name, summary in divergences().items():
        for form in FORMS:
            lines[f"{name}:{form}"] = f"f-GAN, Nowozin et al. 2016, {form.replace('_', '-')} form: {summary}"
    return lines


def divergences() -> dict[str, str]:
    """The f-GANs without their form, each with its line."""
    return {name: divergence.summary for name, divergence in DIVERGENCES.items()} | {"fgan_jeffrey": _JEFFREY_SUMMARY}


def member(name: str) -> Separable | Paired:
    """The member of MEMBERS under its name."""
    return replace(read_definition(MEMBERS[name].definition), name=name)


def least_squares(fake: Number, real: Number, target: Number, name: str) -> Separable:
    """Least squares of Mao et al. 2017: D is drawn to `fake` and `real`, the generator draws it to `target`.

    Each function is -(D - target)**2 / 2, as published.
    """
    f1, f2, f3 = (-((D - wanted) ** 2) / 2 for wanted in (real, fake, target))
    return Separable(f1=f1, f2=f2, f3=f3, name=name)


def divergence_member(name: str, form: str) -> Separable:
    """The f-GAN of that name in one of `FORMS`, in T; Jeffrey's in the raw output."""
    full_name = f"{name}:{form}"
    if name == "fgan_jeffrey":
        jeffrey = read_definition(_JEFFREY + _JEFFREY_FORMS[form])
        assert isinstance(jeffrey, Separable)
        return replace(jeffrey, name=full_name, variable="output")
    conjugate = parse(DIVERGENCES[name].conjugate)
    return Separable(
        f1=D,
        f2=-conjugate,
        f3=conjugate if form == "minimax" else D,
        link=parse(DIVERGENCES[name].activation),
        name=full_name,
        variable="T",
    )
