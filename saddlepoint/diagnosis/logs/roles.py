"""Which column is what: the names that people give to losses and to D's outputs, taken apart into words.

    d_loss  D_loss  loss_d  errD  Loss/discriminator  disc_loss  critic_loss       the discriminator's loss
    D(x)  d_real  real_score  Loss/scores/real                                     D on real items
    D(G(z))  d_fake  fake_score                                                    D on generated ones

A column is taken by itself only where no other fits as well; which one was taken is said.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from saddlepoint.arguments import shown
from saddlepoint.diagnosis.logs.formats import Log
from saddlepoint.errors import UserError

_D = frozenset(("d", "disc", "discriminator", "discriminators", "critic", "dis", "netd"))
_G = frozenset(("g", "gen", "generator", "netg"))
_LOSS = frozenset(("loss", "losses", "err", "error", "cost"))
_REAL, _FAKE = frozenset(("real", "reals", "x", "true")), frozenset(("fake", "fakes", "generated"))
_SCORE = frozenset(("score", "scores", "logit", "logits", "output", "outputs", "out", "pred", "preds", "prob", "probs",
                    "probability"))  # fmt: skip
_GRADIENT = frozenset(("grad", "grads", "gradient", "gradients", "norm", "norms"))
# Words that say nothing about which of them it is.
_PLAIN = frozenset(("train", "training", "total", "mean", "avg", "average", "step", "batch", "val", "iter"))
# Words of other things: a penalty, a rate, a share that is right.
_OTHER = frozenset(("lr", "rate", "time", "acc", "accuracy", "penalty", "gp", "r1", "r2", "reg", "fid", "kl", "pl",
                    "l1", "perceptual", "vgg", "cycle", "idt", "identity", "beta1", "beta2", "std", "min", "max", "sec",
                    "settings"))  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+")
# Our own log's.
_OURS = {
    "loss_d": "losses.discriminator.total",
    "loss_g": "losses.generator.total",
    "d_real": "outputs.real",
    "d_fake": "outputs.fake",
    "gradient_d": "gradient_norms.discriminator",
    "gradient_g": "gradient_norms.generator",
}
ROLES: Mapping[str, str] = {
    "loss_d": "the discriminator's loss",
    "loss_g": "the generator's loss",
    "d_real": "D on real items",
    "d_fake": "D on generated items",
    "gradient_d": "the norm of the discriminator's gradient",
    "gradient_g": "the norm of the generator's gradient",
}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Which column was taken for what.

    Attributes:
        columns: names of columns by role.
        also: other columns that fit as well, by role; the first of the file was taken.
    """

    columns: Mapping[str, str]
    also: Mapping[str, tuple[str, ...]]


def words_of_name(name: str) -> tuple[str, ...]:
    """The words of a column's name, in small letters: errD -> err d, Loss/discriminator -> loss discriminator."""
    return tuple(word.lower() for word in _WORD.findall(name))


def roles_of(log: Log, given: Mapping[str, str]) -> Taken:
    """Roles by the names that are given, and of the others by what the names say.

    Raises:
        UserError: a role or a column is given that there is not.
    """
    for role, name in given.items():
        if role not in ROLES:
            raise UserError(f"--columns {role}={name}", f"one of {', '.join(ROLES)}", "name the role before the =")
        if name not in log.columns:
            raise UserError(
                f"--columns {role}={name}", f"a column of {log.path}: {', '.join(log.columns)}", "choose one of these"
            )
    if log.ours:
        known = {role: name for role, name in _OURS.items() if name in log.columns}
        return Taken(columns={**known, **given}, also={})
    found: dict[str, list[tuple[int, str]]] = {}
    for name in log.columns:
        role = _role(words_of_name(name))
        if role is not None and role not in given and name not in given.values():
            found.setdefault(role, []).append((_strangers(words_of_name(name)), name))
    columns, also = dict(given), {}
    for role, candidates in found.items():
        least = min(strange for strange, _ in candidates)
        best = [name for strange, name in candidates if strange == least]
        columns[role] = best[0]
        if len(best) > 1:
            also[role] = tuple(best[1:])
    return Taken(columns={role: columns[role] for role in ROLES if role in columns}, also=also)


def _role(words: Iterable[str]) -> str | None:
    """What the words of a name say that it is."""
    said = {re.sub(r"\d+$", "", word) if word not in _OTHER else word for word in words}
    if said & _OTHER:
        return None
    # D(G(z)): both letters, and what is drawn.
    fake = bool(said & _FAKE) or {"d", "g", "z"} <= said
    real = bool(said & _REAL) and not fake
    player = "d" if said & _D else "g" if said & _G else ""
    if said & _GRADIENT:
        return f"gradient_{player}" if player and not said & _LOSS else None
    if said & _LOSS and not said & _SCORE:
        return f"loss_{player}" if player and not (real or fake) else None
    if (real or fake) and (said & _SCORE or said & _D):
        return "d_real" if real else "d_fake"
    return None


def _strangers(words: Iterable[str]) -> int:
    """Words of a name that say something else: of two names the one with fewer is taken."""
    known = _D | _G | _LOSS | _REAL | _FAKE | _SCORE | _GRADIENT | _PLAIN | {"z"}
    return sum(word not in known for word in words)


def columns_given(texts: str | None) -> dict[str, str]:
    """ROLE=COLUMN,ROLE=COLUMN as a mapping."""
    given = {}
    for part in (texts or "").split(","):
        if part.strip():
            role, between, name = part.partition("=")
            if not between or not name.strip():
                raise UserError(f"--columns {shown(texts)}", "ROLE=COLUMN,...", "write loss_d=errD,loss_g=errG")
            given[role.strip()] = name.strip()
    return given
