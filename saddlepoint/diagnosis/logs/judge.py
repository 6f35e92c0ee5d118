"""The rules on logs: what a few columns of numbers can tell of a game, and nothing that they cannot.

    nan_ahead                       the newest loss or output is not finite
    discriminator_won               m(left), its median, below a bound: D's loss is far below what it is at rest
    vanishing_generator_gradient    the same, and m(gain) < .2, or an objective whose pull ends where D has won
    no_progress                     m(left) above a bound: D's loss is larger than that of a D that can tell nothing
    cycling                         one frequency has much of the power of D(real) - D(fake), or of D's loss

`left` and `gain` are of `scale.py`. A rule looks at the last rows; it has to hold where its window ends at the newest
row, and at two ends before. The share of a frequency is that of a periodogram (linear trend out, Hann window).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from saddlepoint.diagnosis.logs.formats import Column, Log
from saddlepoint.diagnosis.logs.roles import ROLES
from saddlepoint.diagnosis.logs.scale import gain_of, loss_of, loss_range, raw
from saddlepoint.objectives import Objective

# Steps of a median, and the fewest and most rows; steps between two ends of a window, and how many ends in succession
# count.
LEVEL, FEW, MANY, APART, PERSISTS = 100, 5, 20, 8, 3
# Rows of a periodogram and between two ends of it, and the most steps between two rows; frequencies above a share of
# them are noise of the batch. Rows of the first steps are left out, and what dies away is the end of a first descent:
# the later half of a window moves as much as the earlier one, or at least so much of it.
PERIOD, STRIDE, SPACING, SLOW, YOUNG, LASTING = 192, 32, 5, 0.125, 150, 0.75
# Raw outputs of a discriminator that has won.
_WON = 20.0
# Of a game so young nothing is said but that it is not finite.
QUIET = 200
LEFT, ABOVE, AT_REST, GAIN, SHARE = 0.4, 1.25, 0.75, 0.2, 0.18

NAMES: Mapping[str, str] = {
    "left": "the discriminator's loss, where 1 is its value at the game's rest point and 0 the least that it can be",
    "gain": "how hard the objective pulls at the generator, where 1 is its pull at the game's rest point",
    "share": "the share of the movement of D(real) - D(fake) that has one and the same period",
    "share_of_loss": "the share of the movement of the discriminator's loss that has one and the same period",
    "not_finite": "rows with a loss or an output that is not finite",
}
HEALTHY: Mapping[str, tuple[float | None, float | None]] = {
    "left": (0.67, 1.0),
    "gain": (0.7, 1.5),
    "share": (None, 0.15),
    "share_of_loss": (None, 0.15),
    "not_finite": (None, 0),
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A finding of a log.

    Attributes:
        finding: its name.
        since, step: the first row, in the log's own unit, from which on it holds without a break; the newest row.
        evidence: numbers by name.
    """

    finding: str
    since: int
    step: int
    evidence: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Game:
    """The columns of a log that are judged, by role, and what is known of them.

    Attributes:
        log: whose columns these are.
        roles: names of columns.
        objective: None where it is not known.
        probabilities: whether D's outputs are; None where that cannot be told.
    """

    log: Log
    roles: Mapping[str, str]
    objective: Objective | None
    probabilities: bool | None

    def column(self, role: str) -> Column | None:
        """The column of a role; None without one."""
        return self.log.columns[self.roles[role]] if role in self.roles else None

    def outputs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Steps at which D was logged on both sides, and what it gave."""
        real, fake = self.column("d_real"), self.column("d_fake")
        if real is None or fake is None:
            return None
        _, at_real, at_fake = np.intersect1d(real.steps, fake.steps, return_indices=True)
        return real.steps[at_real], real.values[at_real], fake.values[at_fake]


def judged(game: Game) -> tuple[list[Seen], dict[str, str]]:
    """What is seen, the cause before what it brings; and what cannot be judged, with the reason."""
    found: list[Seen] = []
    unjudged: dict[str, str] = {}
    young = bool(game.roles) and game.log.unit != "epoch" and _newest(game) <= QUIET
    if young:
        why = f"in its first {QUIET} steps a game that goes well may look so too"
        unjudged |= dict.fromkeys((*_BY_LOSS, "cycling"), why)
    for rule in (_finite,) if young else (_finite, _size_of_loss, _cycling):
        said = rule(game)
        if isinstance(said, Seen):
            found.append(said)
        elif said is not None:
            unjudged |= said
    return found, unjudged


_BY_LOSS = ("vanishing_generator_gradient", "discriminator_won", "no_progress")

# A rule gives what it sees, why it cannot judge, by finding, or None: it judges and sees nothing.
_Said = Seen | dict[str, str] | None


def _finite(game: Game) -> _Said:
    columns = [column for role in ROLES if (column := game.column(role)) is not None]
    losses = [column for role in ("loss_d", "loss_g", "d_real", "d_fake") if (column := game.column(role)) is not None]
    if not columns:
        return {"nan_ahead": "no loss and no output of the discriminator was found"}
    wrong = [column for column in losses if not np.isfinite(column.values[-1])]
    # A gradient norm may be infinite now and then, under a scaler of half precision.
    wrong += [each for each in columns if each not in losses and not np.isfinite(each.values[-PERSISTS:]).any()]
    if not wrong:
        return None
    since = min(_tail(~np.isfinite(column.values), column.steps) for column in wrong)
    count = max(int((~np.isfinite(column.values)).sum()) for column in wrong)
    return Seen(finding="nan_ahead", since=since, step=_newest(game), evidence={"not_finite": float(count)})


def _size_of_loss(game: Game) -> _Said:
    if game.objective is None:
        return dict.fromkeys(_BY_LOSS, "it depends on the objective: give --objective")
    bounds, outputs, loss = loss_range(game.objective), _raw_outputs(game), game.column("loss_d")
    if bounds.least is None:
        why = f"the discriminator's loss under {game.objective.name} has no least value, and its size says nothing"
        return dict.fromkeys(_BY_LOSS, why)
    if loss is not None:
        steps, values = loss.steps, loss.values
    elif outputs is not None:
        steps, values = outputs[0], loss_of(game.objective, *outputs[1:])
    else:
        return dict.fromkeys(_BY_LOSS, "neither the discriminator's loss nor its outputs on both sides were found")
    left = (values - bounds.least) / (bounds.rest - bounds.least)
    level, apart = _level(steps), _apart(steps)
    if len(left) < level + apart * (PERSISTS - 1):
        return dict.fromkeys(_BY_LOSS, f"{len(left)} rows are too few")
    medians = _at_ends(left, level, apart, lambda part: float(np.median(part)))
    evidence = {"left": float(medians[-1])}
    # Others log a loss with penalties in it, or half of it: what the means of the outputs give has to agree then and,
    # without outputs, the loss to have once been near what it is at rest.
    behind = ahead = game.log.ours
    if not game.log.ours and outputs is not None:
        of_means = float(np.median(loss_of(game.objective, *(side[-level:] for side in outputs[1:]))))
        of_means = (of_means - bounds.least) / (bounds.rest - bounds.least)
        behind, ahead = of_means > 1, of_means < LEFT
    elif not game.log.ours:
        ahead = bool(max(np.nanmax(medians), np.median(left[:FEW])) > AT_REST)
    if behind and (since := _since(medians > ABOVE, steps, apart)) is not None:
        return Seen(finding="no_progress", since=since, step=_newest(game), evidence=evidence)
    since = _since(medians < LEFT, steps, apart) if ahead else None
    if since is None:
        return None
    # What the objective leaves the generator where D has won, and what it does as far as that can be seen.
    gain = float(gain_of(game.objective, np.array([_WON]), np.array([-_WON]))[0])
    if outputs is not None:
        gain = float(np.median(gain_of(game.objective, *outputs[1:])[-level:]))
        evidence["gain"] = gain
    name = "vanishing_generator_gradient" if gain < GAIN else "discriminator_won"
    return Seen(finding=name, since=since, step=_newest(game), evidence=evidence)


def _cycling(game: Game) -> _Said:
    outputs, loss = game.outputs(), game.column("loss_d")
    if outputs is not None:
        name, steps, values = "share", outputs[0], outputs[1] - outputs[2]
    elif loss is not None:
        name, steps, values = "share_of_loss", loss.steps, loss.values
    else:
        return {"cycling": "neither D's outputs on both sides nor its loss were found"}
    counts = game.log.unit in ("row", "epoch")
    old = slice(None) if counts else steps > YOUNG
    steps, values = steps[old], values[old]
    fewest = PERIOD + STRIDE * (PERSISTS - 1)
    if len(values) < fewest or _spacing(steps) > SPACING:
        have = f"{len(values)} rows, {_spacing(steps):g} steps apart"
        first = "" if counts else f" after step {YOUNG}"
        return {"cycling": f"it asks for {fewest} rows{first}, at most {SPACING} steps apart, and has {have}"}
    shares, halves = (_at_ends(values, PERIOD, STRIDE, measure) for measure in (share_of_period, later_half))
    since = _since(shares > SHARE, steps, STRIDE)
    if since is None or not np.median(halves[-PERSISTS:]) >= LASTING:
        return None
    return Seen(finding="cycling", since=since, step=_newest(game), evidence={name: float(shares[-1])})


def share_of_period(values: np.ndarray) -> float:
    """The largest share of the power that one slow frequency has, of two turns or more; NaN where a value is none."""
    if not np.isfinite(values).all():
        return float("nan")
    power = np.abs(np.fft.rfft(_level_out(values) * np.hanning(len(values))))[1:] ** 2
    total = power.sum()
    return float(power[1 : int(SLOW * len(power))].max() / total) if total > 0 else 0.0


def later_half(values: np.ndarray) -> float:
    """How much the later half of the values moves beside the earlier one."""
    early, late = np.array_split(_level_out(values), 2)
    return float(late.std() / max(early.std(), 1e-300)) if np.isfinite(values).all() else float("nan")


def _level_out(values: np.ndarray) -> np.ndarray:
    place = np.arange(len(values))
    return values - np.polyval(np.polyfit(place, values, 1), place)


def _spacing(steps: np.ndarray) -> float:
    """Steps between two rows, mostly."""
    return max(1.0, float(np.median(np.diff(steps)))) if len(steps) > 1 else 1.0


def _level(steps: np.ndarray) -> int:
    return int(np.clip(round(LEVEL / _spacing(steps)), FEW, MANY))


def _apart(steps: np.ndarray) -> int:
    """Rows between two ends."""
    return max(1, round(APART / _spacing(steps)))


def _at_ends(values: np.ndarray, window: int, apart: int, measure: Callable[[np.ndarray], float]) -> np.ndarray:
    """A measure of the windows that end at the newest row and so many rows apart before it, oldest first."""
    ends = range(len(values), window - 1, -apart)
    return np.asarray([measure(values[end - window : end]) for end in reversed(ends)])


def _since(holds: np.ndarray, steps: np.ndarray, apart: int) -> int | None:
    """The step from which on a rule has held at each end; None where it does not hold now, or not for long enough."""
    missed = np.flatnonzero(~holds)
    held = len(holds) - (int(missed[-1]) + 1 if len(missed) else 0)
    return int(steps[len(steps) - 1 - apart * (held - 1)]) if held >= PERSISTS else None


def _tail(marked: np.ndarray, steps: np.ndarray) -> int:
    """The first step of the rows at the end that are all marked."""
    plain = np.flatnonzero(~marked)
    return int(steps[plain[-1] + 1]) if len(plain) else int(steps[0])


def _newest(game: Game) -> int:
    return max(int(game.log.columns[name].steps[-1]) for name in game.roles.values())


def _raw_outputs(game: Game) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    outputs = game.outputs()
    if outputs is None or game.probabilities is None:
        return None
    steps, real, fake = outputs
    return steps, raw(real, game.probabilities), raw(fake, game.probabilities)
