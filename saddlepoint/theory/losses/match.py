"""Which member of the catalogue recovered slopes belong to: equal up to a positive factor for each player.

A factor of a player's whole objective changes its learning rate and nothing else. Beside each member as it is, three
mistakes (or conventions) are tried: a negative factor (the player minimises what it should maximise), real and fake
exchanged, and scores that are high for fake.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from saddlepoint.errors import UserError
from saddlepoint.objectives import Paired, Separable, catalogue, objective
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.theory.losses.recover import Losses, Slopes, gradients
from saddlepoint.theory.numeric import to_numpy

_TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Match:
    """A member that the slopes equal.

    Attributes:
        name: for `objective`.
        discriminator_factor, generator_factor: what the code is the member times; a negative one is a wrong sign.
        flipped: the code's score is high for fake: D of the member is minus the score (1 minus a probability).
        exchanged: loss_d is the member's with real and fake in each other's place, and loss_g is not.
    """

    name: str
    discriminator_factor: float
    generator_factor: float
    flipped: bool
    exchanged: bool

    @property
    def faults(self) -> float:
        """How many mistakes this reading of the code supposes; a score that is high for fake is only half a one."""
        return (self.discriminator_factor < 0) + (self.generator_factor < 0) + self.exchanged + self.flipped / 2


@dataclass(frozen=True, kw_only=True, eq=False)
class _Candidate:
    name: str
    flipped: bool
    f1: np.ndarray
    f2: np.ndarray
    f3: np.ndarray

    def discriminator_factor(self, f1: np.ndarray, f2: np.ndarray) -> float | None:
        """What (f1, f2) is, times this member's; None if it is no multiple."""
        return _factor(np.concatenate([f1, f2]), np.concatenate([self.f1, self.f2]))


def recognise(slopes: Slopes) -> Match | None:
    """The member that the whole triple equals, in the reading that supposes the fewest mistakes."""
    found = []
    for candidate in _candidates(slopes):
        generator = _factor(slopes.f3, candidate.f3)
        for exchanged in (False, True):
            f1, f2 = (slopes.f2, slopes.f1) if exchanged else (slopes.f1, slopes.f2)
            discriminator = candidate.discriminator_factor(f1, f2)
            if discriminator is not None and generator is not None:
                found.append(
                    Match(
                        name=candidate.name,
                        discriminator_factor=discriminator,
                        generator_factor=generator,
                        flipped=candidate.flipped,
                        exchanged=exchanged,
                    )
                )
    return min(found, key=lambda match: match.faults, default=None)


def recognise_discriminator(slopes: Slopes) -> str | None:
    """The first member with these f1 and f2, whatever f3 is."""
    for candidate in _candidates(slopes):
        factor = candidate.discriminator_factor(slopes.f1, slopes.f2)
        if factor is not None and factor > 0 and not candidate.flipped:
            return candidate.name
    return None


def recognise_paired(losses: Losses) -> Match | None:
    """The paired member whose gradients the code has, on unequal batches of random scores."""
    import torch

    generator = np.random.default_rng(0)
    real, fake = generator.normal(0.3, 1.5, 40), generator.normal(-0.2, 1.5, 40)
    ours = gradients(losses, real, fake)
    for name in catalogue():
        member = objective(name)
        if not isinstance(member, Paired):
            continue
        x, y = (torch.tensor(scores, requires_grad=True) for scores in (real, fake))
        value = torch.stack(list(member.discriminator_terms(x, y).values())).sum()
        theirs = torch.cat(torch.autograd.grad(value, (x, y))).numpy()
        gain = torch.stack(list(member.generator_terms(y, x).values())).sum()
        (by_fake,) = torch.autograd.grad(gain, y)
        first = _factor(np.concatenate([ours["real"], ours["fake"]]), theirs)
        second = _factor(ours["generator"], by_fake.numpy())
        if first is not None and second is not None:
            return Match(name=name, discriminator_factor=first, generator_factor=second, flipped=False, exchanged=False)
    return None


def _candidates(slopes: Slopes) -> Iterator[_Candidate]:
    """All separable members in the code's variable, straight and with the score turned round."""
    grid = slopes.grid
    for flipped in (False, True):
        scores = grid if not flipped else (1 - grid if slopes.variable == "probability" else -grid)
        for name, member in _members(slopes):
            with np.errstate(all="ignore"):
                values = to_numpy(*[differentiate(member.functions[key]) for key in ("f1", "f2", "f3")])(scores)
            if all(np.isfinite(each).all() for each in values):
                f1, f2, f3 = (-each if flipped else each for each in values)
                yield _Candidate(name=name, flipped=flipped, f1=f1, f2=f2, f3=f3)


def _members(slopes: Slopes) -> Iterator[tuple[str, Separable]]:
    for name in catalogue():
        member = objective(name)
        if not isinstance(member, Separable):
            continue
        if slopes.variable == member.variable == "probability":
            yield name, member
        elif slopes.variable == "output":
            yield (f"{name}@logit" if member.variable == "probability" else name), member.at_output()
    fitted = _least_squares(slopes)
    if fitted is not None:
        yield fitted


def _least_squares(slopes: Slopes) -> tuple[str, Separable] | None:
    """The least-squares member whose targets are where the three slopes, if they are straight lines, cross zero."""
    targets = []
    for values in (slopes.f2, slopes.f1, slopes.f3):
        slope, offset = np.polyfit(slopes.grid, values, 1)
        if abs(slope) < _TOLERANCE or np.abs(values - offset - slope * slopes.grid).max() > _TOLERANCE * abs(slope):
            return None
        targets.append(Fraction(-offset / slope).limit_denominator(1000))
    name = f"least_squares({','.join(str(target) for target in targets)})"
    try:
        member = objective(name)
    except UserError:
        return None
    assert isinstance(member, Separable)
    return member.name, member


def _factor(mine: np.ndarray, theirs: np.ndarray) -> float | None:
    """The number with mine = number * theirs, not zero; None if there is none."""
    if not theirs.any() or not mine.any():
        return None
    factor = float(mine @ theirs / (theirs @ theirs))
    same = np.abs(mine - factor * theirs).max() <= _TOLERANCE * np.abs(mine).max()
    return factor if same and factor else None
