"""Separable objectives: a triple of scalar functions of D (and a fourth where the generator acts on the real side too).

    J = E_real[f1(D)] + E_fake[f2(D)],    I = E_fake[f3(D)] + E_real[f4(D)],    both maximised,

with D = link(a) of the raw output a (Goodfellow et al. 2014; Nowozin et al. 2016 for links other than the sigmoid).
The functions of a that training uses are derived: the link is substituted, then the tree is brought to stable form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from saddlepoint.errors import UserError
from saddlepoint.objectives.base import Objective, as_scores, by_side, check_defined, check_moves, expectation, prepared
from saddlepoint.objectives.domain import gap_on_the_line
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import D, Tree, call, substitute

if TYPE_CHECKING:
    from torch import Tensor

    from saddlepoint.objectives.base import ScaledFunction, Weights

IDENTITY = D
SIGMOID = call("sigmoid", D)

# The links a person can name in text, and what D is called under each.
LINKS: dict[str, Tree] = {"identity": IDENTITY, "sigmoid": SIGMOID}
_VARIABLES: dict[Tree, str] = {IDENTITY: "identity", SIGMOID: "probability"}


@dataclass(frozen=True, kw_only=True)
class Separable(Objective):
    """The objective of a triple; equal to another if functions and link are equal.

    Args:
        f1, f2: the discriminator's functions of D, on real and on fake.
        f3: the generator's function of D on fake.
        f4: the generator's function of D on real, for joint inference nets; None: the generator does not see real data.
        link: D as a function of the raw output (written in D as well).
        name: for people; the text of the triple if left out.
        variable: what D is; read off the link if left out.
    """

    f1: Tree
    f2: Tree
    f3: Tree
    f4: Tree | None = None
    link: Tree = IDENTITY
    name: str = field(default="", compare=False)
    variable: str = field(default="", compare=False)

    coupling = None

    def __post_init__(self) -> None:
        for name, function in (*self.functions.items(), ("link", self.link)):
            if not isinstance(function, Tree):
                raise UserError(f"{name}={function!r}", "a tree", "read a formula's text by parse(...)")
        object.__setattr__(self, "name", self.name or self.definition)
        object.__setattr__(self, "variable", self.variable or _VARIABLES.get(self.link, "linked"))

    @property
    def functions(self) -> dict[str, Tree]:
        """The functions of D by name; f4 only where there is one."""
        functions = {"f1": self.f1, "f2": self.f2, "f3": self.f3}
        return functions if self.f4 is None else functions | {"f4": self.f4}

    @cached_property
    def on_outputs(self) -> dict[str, Tree]:
        """The same functions of the raw output, in stable form, by name."""
        return {name: prepared(name, substitute(function, self.link)) for name, function in self.functions.items()}

    @property
    def generator_uses_real(self) -> bool:  # type: ignore[override]
        """Whether there is an f4."""
        return self.f4 is not None

    @property
    def definition(self) -> str:
        """The triple as text: f1=...; f2=...; f3=...; with f4 and link where they say something."""
        parts = [f"{name}={to_text(function)}" for name, function in self.functions.items()]
        if self.link != IDENTITY:
            names = {link: name for name, link in LINKS.items()}
            parts.append(f"link={names.get(self.link) or to_text(self.link)}")
        return "; ".join(parts)

    def at_output(self, name: str = "", variable: str = "output") -> Separable:
        """The same game with the raw output as its variable: the link substituted, D = a."""
        return Separable(**self.on_outputs, name=name, variable=variable)

    def score(self, raw: Tensor) -> Tensor:
        _, function = self._compiled["score"]
        return function(as_scores(raw, "raw"))

    def discriminator_terms(self, real: Tensor, fake: Tensor, weights: Weights = None) -> dict[str, Tensor]:
        on_real, on_fake = by_side(weights)
        return {
            "f1": expectation(self._compiled["f1"], as_scores(real, "real"), on_real, "real"),
            "f2": expectation(self._compiled["f2"], as_scores(fake, "fake"), on_fake, "fake"),
        }

    def generator_terms(self, fake: Tensor, real: Tensor | None = None, weights: Weights = None) -> dict[str, Tensor]:
        on_real, on_fake = by_side(weights)
        terms = {"f3": expectation(self._compiled["f3"], as_scores(fake, "fake"), on_fake, "fake")}
        if self.f4 is not None:
            if real is None:
                raise UserError(
                    f"no real scores for f4={to_text(self.f4)}", "raw outputs on real data", "pass real=..."
                )
            terms["f4"] = expectation(self._compiled["f4"], as_scores(real, "real"), on_real, "real")
        return terms

    def check_trainable(self) -> None:
        for name, function in self.functions.items():
            check_defined(name, function, self.on_outputs[name], self._cure)
        check_moves("discriminator", {"f1": self.f1, "f2": self.f2})
        check_moves("generator", {"f3": self.f3} if self.f4 is None else {"f3": self.f3, "f4": self.f4})
        _ = self._compiled

    def _cure(self) -> str:
        """Advise a sigmoid only where it helps; what D means is never guessed."""
        if self.link == IDENTITY:
            linked = [stable(substitute(function, SIGMOID)) for function in self.functions.values()]
            if all(gap_on_the_line(function) is None for function in linked):
                return "add link=sigmoid if D is a probability"
        return "choose functions of D that the link cannot leave undefined, as log(sigmoid(D)) in place of log(D)"

    def _compile(self) -> dict[str, ScaledFunction]:
        from saddlepoint.objectives.to_torch import to_scaled_torch, to_torch

        compiled = {name: to_scaled_torch(function) for name, function in self.on_outputs.items()}
        return compiled | {"score": (1.0, to_torch(stable(self.link)))}
