"""From text to objective: NAME, NAME(NUMBERS), NAME:FORM, each with @VARIABLE if wanted, or a person's own definition.

    minimax    least_squares(-1,1,0)    fgan_kl:non_saturating    minimax@logit    "f1=log(D); f2=log(1-D); f3=log(D)"

An f-GAN without a form is in its minimax form, the one that minimises the divergence of its name.
"""

import difflib
import re
from dataclasses import replace
from fractions import Fraction

from saddlepoint.arguments import shown
from saddlepoint.errors import UserError
from saddlepoint.objectives.definition import read_definition
from saddlepoint.objectives.members import (
    FORMS,
    MEMBERS,
    divergence_member,
    divergences,
    least_squares,
    member,
    summaries,
)
from saddlepoint.objectives.paired import Paired
from saddlepoint.objectives.parser import check_length, error_at, parse
from saddlepoint.objectives.separable import SIGMOID, Separable
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import Number

_NAME = re.compile(
    r"\s*(?P<name>[A-Za-z_][A-Za-z0-9_-]*)\s*(?:\((?P<numbers>[^()@:]*)\))?\s*"
    r"(?::\s*(?P<form>[A-Za-z_-]*))?\s*(?:@\s*(?P<variable>[A-Za-z_]*))?\s*"
)
_TRIPLE = 'write a triple as "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid"'
_LEAST_SQUARES = (Fraction(0), Fraction(1), Fraction(1))


def catalogue() -> dict[str, str]:
    """Every member's full name with one line about it; `objective` accepts each, and its `name` is that name."""
    return summaries()


def objective(text: str | Separable | Paired) -> Separable | Paired:
    """The objective of a catalogue name or a definition; an objective is itself.

    Raises:
        UserError: no member has that name (with the nearest one), or the definition cannot be read (with the column).

    Examples:
        >>> hinge = sp.objective("hinge")
        >>> hinge.definition
        'f1=min(0, D - 1); f2=min(0, -D - 1); f3=D'
        >>> terms = hinge.discriminator_terms(real=torch.tensor([2.0]), fake=torch.tensor([-0.5]))
        >>> {name: term.item() for name, term in terms.items()}
        {'f1': 0.0, 'f2': -0.5}
        >>> sp.objective("f1=D; f2=-D; f3=D").generator_uses_real
        False
    """
    if isinstance(text, Separable | Paired):
        return text
    if not isinstance(text, str):
        raise UserError(f"an objective as {shown(text)}", "a name of the catalogue, or its formulas as text", _TRIPLE)
    check_length(text)
    if "=" in text:
        return read_definition(text)
    match = _NAME.fullmatch(text)
    if match is None:
        raise UserError(
            f"the objective {text!r}",
            "a name as in minimax, fgan_kl:non_saturating, minimax@logit, or a definition",
            _TRIPLE,
        )
    chosen = _member(text, match)
    return chosen if match["variable"] is None else _in_variable(chosen, match["variable"])


def as_text(chosen: Separable | Paired) -> str:
    """A text from which `objective` makes an equal objective: its catalogue name if it has one, else its definition.

    Raises:
        UserError: the objective cannot be said in text (a link of one's own, a number that is too long).
    """
    for text in (chosen.name, chosen.definition):
        try:
            if objective(text) == chosen:
                return text
        except UserError:
            continue
    raise UserError(
        f"the objective {chosen.definition!r}, which has no text",
        "functions within the parser's limits and link identity or sigmoid",
        "use .at_output(), which has no link",
    )


def variables(chosen: Separable | Paired) -> tuple[str, ...]:
    """The variables a catalogue member can be written in, its own first."""
    if isinstance(chosen, Separable) and chosen.link == SIGMOID:
        return (chosen.variable, "logit")
    return (chosen.variable, "output") if chosen.variable == "T" else (chosen.variable,)


def _member(text: str, match: re.Match[str]) -> Separable | Paired:
    name, numbers, form = match["name"], match["numbers"], match["form"]
    if name not in MEMBERS and name != "least_squares" and name not in divergences():
        known = [*summaries(), *divergences()]
        nearest = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1, cutoff=0.4)
        raise UserError(
            f"the objective {name!r}",
            f"one of {', '.join([*MEMBERS, 'least_squares', *divergences()])}",
            f"did you mean {nearest[0]}?" if nearest else _TRIPLE,
        )
    if numbers is not None and name != "least_squares":
        raise UserError(f"{name}({numbers})", f"{name} without numbers", f"write {name}")
    if form is not None and name not in divergences():
        raise UserError(f"{name}:{form}", f"{name} without a form", "only the fgan_ members have two forms")
    if name in MEMBERS:
        return member(name)
    if name == "least_squares":
        return _least_squares(text, match)
    if form is not None and form not in FORMS:
        raise UserError(f"the form {form!r} of {name}", f"one of {', '.join(FORMS)}", f"write {name}:{FORMS[0]}")
    return divergence_member(name, form or FORMS[0])


def _least_squares(text: str, match: re.Match[str]) -> Separable:
    if match["numbers"] is None:
        values = [Number(value) for value in _LEAST_SQUARES]
    else:
        values, start = [], match.start("numbers")
        for piece in match["numbers"].split(","):
            value = parse(text, start, start + len(piece))
            if not isinstance(value, Number):
                raise error_at(text, start, repr(piece), "a number", "write least_squares(0,1,1)")
            values.append(value)
            start += len(piece) + 1
    if len(values) != 3:
        raise UserError(
            f"{text.strip()} with {len(values)} numbers", "three: fake, real, target", "write least_squares(0,1,1)"
        )
    written = f"({','.join(to_text(value) for value in values)})"
    default = tuple(value.value for value in values) == _LEAST_SQUARES
    return least_squares(*values, name="least_squares" if default else f"least_squares{written}")


def _in_variable(chosen: Separable | Paired, variable: str) -> Separable | Paired:
    """The same game in another variable; @output is the raw output, whatever the member calls it."""
    own, *others = variables(chosen)
    # The raw output is the logit of a sigmoid, and already the variable where there is no link.
    wanted = (others[0] if others else own) if variable == "output" else variable
    if wanted == own:
        return chosen
    if wanted not in others:
        raise UserError(
            f"{chosen.name}@{variable}", f"one of {', '.join((own, *others))}", f"write {chosen.name}@{own}"
        )
    assert isinstance(chosen, Separable)
    return replace(chosen.at_output(), name=f"{chosen.name}@{wanted}", variable=wanted)
