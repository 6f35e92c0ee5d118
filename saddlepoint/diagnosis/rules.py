"""The rules: which numbers make which finding, as data, and the course of a run by them.

m(.) is the median of a signal's last five probes. A rule holds where one of its alternatives does; a finding is open
once its rule has held at three probes in succession, and is withdrawn once it has not at three. Young runs look
collapsed, saturated and cycling: the progress gate lets such rules speak only where the samples have stopped getting
better. Thresholds were chosen on three seeds of 50 kinds of short runs (8x8 digits, toy sets, MNIST at 14x14) at a
probe every 25 steps up to step 1000 and every 50 after it, most of them wide of what either side showed, and frozen
then (`python -m benchmarks.diagnosis`, docs/results/diagnosis.md). What was found on larger nets stands beside its
rule. Not calibrated, for want of a run that shows it: the leak of a generator's batch normalisation.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

# Probes: of a median, in succession, of the gate, of `vol`, of no progress at all.
MEDIAN, PERSISTS, GATE, RESTLESS, LONG = 5, 3, 6, 8, 20
# Nothing is said before this step, but that an overflow is ahead; and of a run that is stuck nothing before the later.
QUIET, LATE = 200, 1000
# Progress: so much the best m(x_cov1) falls over the gate's probes, or the best m(x_mean) from above this.
_NEARER, _CLOSER, _FAR = 0.85, 0.75, 0.3
# A D that has learnt something of the labels has a m(label_auc) that rose by this over the probes of `LONG`.
_LEARNT = 0.03
# Samples get better where m(x_recall) rose by this over the gate's probes.
_REACHED = 0.05
# A path that falls by less than this over the gate's probes is no first descent.
_DESCENT = 0.92

# Samples whose nearest others are nearer than this, beside how far apart they are, lie on a line or at a few spots, and
# that is said rather than what comes of it.
_LINE = 0.05

# One probe: its signals by name; one that has no meaning there is left out.
Signals = Mapping[str, float]


@dataclass(frozen=True)
class Condition:
    """A signal's median below or above a bound; `raw` takes the newest value, and `not finite` asks nothing else.

    What is only to leave another finding the word is no evidence for this one: it is not `told`.
    """

    signal: str
    relation: str
    bound: float = math.nan
    raw: bool = False
    told: bool = True


def _below(signal: str, bound: float) -> Condition:
    return Condition(signal, "<", bound)


def _above(signal: str, bound: float) -> Condition:
    return Condition(signal, ">", bound)


# Samples that lie on a line or at a few spots are left to `collapse`.
_ON_NO_LINE = Condition("x_line", ">", _LINE, told=False)


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Conditions that hold together.

    Attributes:
        all_of: the conditions.
        gated: only while the samples make no progress.
        lasting: only while m(cent_max) is not falling.
        unlearnt: only where m(label_auc) has not risen for long: what labels mean may be learnt late.
        unless, beside: findings whose rules must not hold here, or of which one must.
        after: only after this step.
        stuck: only where the gate was open for so many probes, and no other rule holds.
    """

    all_of: tuple[Condition, ...]
    gated: bool = True
    lasting: bool = False
    unlearnt: bool = False
    unless: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    after: int = QUIET
    stuck: bool = False


# Samples as healthy runs make them.
_WELL = (_above("x_recall", 0.3), _above("x_pd", 0.77), _below("x_mean", 0.4))
_VANISHING, _FROZEN, _WON, _COLLAPSE = (
    "vanishing_generator_gradient",
    "generator_frozen",
    "discriminator_won",
    "collapse",
)
_STILL = (_VANISHING, _FROZEN)
_HARM = (_FROZEN, _WON, _COLLAPSE, "cycling")

# In the order of precedence: the first that is open is said as the cause.
RULES: dict[str, tuple[Alternative, ...]] = {
    "nan_ahead": (
        Alternative(all_of=(Condition("gain_eff", "not finite", raw=True),), gated=False, after=0),
        Alternative(all_of=(_below("gain_eff", 0.05), _above("gain", 2.0)), gated=False, after=0),
    ),
    _VANISHING: (
        Alternative(all_of=(_below("gain", 0.2), _above("auc_rf", 0.9)), gated=False),
        # D is so far behind that it takes what is made for what is real.
        Alternative(all_of=(_below("gain", 0.2), _below("auc_rf", 0.2)), gated=False),
    ),
    "rate_too_large": (
        Alternative(all_of=(_above("upd_D", 0.04),), gated=False),
        Alternative(all_of=(_above("upd_G", 0.04),), gated=False),
        # Networks that normalise have small weights and are well at .02: there it is said beside what it may have done;
        # of a D that takes large steps and has won, that it has won says more.
        Alternative(all_of=(_above("upd_D", 0.02),), gated=False, beside=(_FROZEN, _COLLAPSE, "cycling")),
        Alternative(all_of=(_above("upd_G", 0.02),), gated=False, beside=_HARM),
        # Both nets are dead after a crash and move no more: D says the same of everything, a step was far too large, or
        # weights have grown from one probe to the next as no healthy run's do.
        Alternative(all_of=(_below("spread_fall", 1e-6),), gated=False),
        Alternative(all_of=(_above("upd_most", 0.03),), gated=False, beside=(_FROZEN, _COLLAPSE)),
        Alternative(all_of=(_above("grown_most", 1.2),), gated=False, beside=_HARM),
    ),
    _FROZEN: (
        Alternative(all_of=(_above("auc_rf", 0.95), _below("drift", 0.02)), gated=False),
        # Dead units: all latents lead to the same, and only the last bias moves.
        Alternative(all_of=(_above("auc_rf", 0.95), _below("x_pd", 0.01), _below("upd_G", 1e-3)), gated=False),
    ),
    "batch_norm_leak": (
        Alternative(all_of=(_above("batch_dep", 0.1),), gated=False, beside=(_WON, _COLLAPSE)),
        Alternative(all_of=(_above("bn_gap_G", 0.12),), gated=False, beside=(_WON, _COLLAPSE, "cycling")),
    ),
    "discriminator_memorises": (Alternative(all_of=(_above("auc_th", 0.75),)),),
    "labels_ignored": (Alternative(all_of=(_below("label_auc", 0.55),), unlearnt=True),),
    "cycling": (
        Alternative(all_of=(_above("cent_max", 0.9), _ON_NO_LINE), lasting=True),
        Alternative(all_of=(_above("turn_cos", 0.5), _above("cent_max", 0.7), _ON_NO_LINE), lasting=True),
        Alternative(all_of=(Condition("vol", ">", 0.25, raw=True), _ON_NO_LINE), gated=False),
    ),
    _COLLAPSE: (
        Alternative(all_of=(_below("x_nn", 0.5),), unless=_STILL),
        Alternative(all_of=(_below("x_pd", 0.6), _below("x_nn", 0.9)), unless=_STILL),
    ),
    _WON: (Alternative(all_of=(_above("auc_rf", 0.95), _ON_NO_LINE), unless=_STILL),),
    "no_progress": (
        Alternative(all_of=(_below("x_recall", 0.15),), after=LATE, stuck=True),
        # D is so far behind that it scores what is made above what is real: nobody is taught.
        Alternative(all_of=(_below("auc_rf", 0.05),)),
    ),
}
FINDINGS = tuple(RULES)
# What others look at comes before them: rules that look at none, rules that may not meet one, those that need one.
_JUDGED = sorted(
    FINDINGS,
    key=lambda name: tuple(any(getattr(each, what) for each in RULES[name]) for what in ("stuck", "beside", "unless")),
)
# Those that need not persist.
AT_ONCE = ("nan_ahead",)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A finding that is opened or withdrawn.

    Attributes:
        finding: its name.
        open: or withdrawn.
        step: of the probe.
        since: the first of the probes in succession at which its rule held.
        evidence: what speaks for it, by signal: the medians that its rule compares; they are of the newest probe.
    """

    finding: str
    open: bool
    step: int
    since: int
    evidence: Mapping[str, float]


@dataclass
class _Held:
    """How one rule has held: at so many probes in succession, since when; for so many not; is its finding open."""

    held: int = 0
    since: int = 0
    missed: int = 0
    open: bool = False


@dataclass
class Course:
    """The probes of a run in their order, judged one by one; a function of them alone.

    Attributes:
        probes, medians: of each, with its step.
        holding: the findings whose rules hold at the newest probe, however short the time.
    """

    probes: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    medians: list[dict[str, float]] = field(default_factory=list)
    _best: list[tuple[float, float]] = field(default_factory=list)
    _held: dict[str, _Held] = field(default_factory=lambda: {name: _Held() for name in FINDINGS})
    holding: tuple[str, ...] = ()

    @property
    def newest(self) -> int | None:
        """The step of the newest probe."""
        return self.probes[-1][0] if self.probes else None

    @property
    def open(self) -> tuple[str, ...]:
        """The findings that are open, in the order of precedence."""
        return tuple(name for name in FINDINGS if self._held[name].open)

    def since(self, finding: str) -> int:
        """The first of the probes in succession at which the rule of an open finding held."""
        return self._held[finding].since

    def values_of(self, signals: Iterable[str]) -> dict[str, float | None]:
        """The newest medians of signals, null where they are not finite; none before the first probe."""
        newest = self.medians[-1] if self.medians else {}
        return {name: newest[name] if math.isfinite(newest[name]) else None for name in signals if name in newest}

    def add(self, step: int, signals: Signals) -> list[Turn]:
        """Takes a probe, and gives the findings that it opens or withdraws, in the order of precedence."""
        self.probes.append((step, {**signals, **self._derived(signals)}))
        self.medians.append(self._medians())
        now, best = self.medians[-1], self._best[-1] if self._best else (math.inf, math.inf)
        self._best.append((_least(best[0], now.get("x_cov1")), _least(best[1], now.get("x_mean"))))
        holds: dict[str, list[Alternative]] = {}
        for name in _JUDGED:
            if found := self._judged(name, holds):
                holds[name] = found
        self.holding = tuple(
            name for name in FINDINGS if any(step > alternative.after for alternative in holds.get(name, []))
        )
        return [turn for name in FINDINGS if (turn := self._turn(name, step, holds.get(name, []))) is not None]

    def begin_anew(self) -> None:
        """From here on progress is what is better than after this: of a run that goes on otherwise from a failure."""
        self._best.clear()

    def _derived(self, signals: Signals) -> dict[str, float]:
        """Signals of more than one probe: how restless the mean is, how far scores drew together, the largest step."""
        found = {}
        sizes = [each.get("upd_most", math.nan) for _, each in self.probes[-1:]]
        sizes += [signals.get(name, math.nan) for name in ("upd_D", "upd_G")]
        if known := [size for size in sizes if not math.isnan(size)]:
            found["upd_most"] = max(known)
        grown = [each.get("grown_most", math.nan) for _, each in self.probes[-1:]]
        for name in ("size_D", "size_G"):
            before = self.probes[-1][1].get(name, math.nan) if self.probes else math.nan
            grown.append(signals.get(name, math.nan) / before if before > 0 else math.nan)
        if known := [each for each in grown if not math.isnan(each)]:
            found["grown_most"] = max(known)
        if signals.get("x_pd", 0) > 0 and "x_nn" in signals:
            found["x_line"] = signals["x_nn"] / signals["x_pd"]
        last = [each.get("x_mean", math.nan) for _, each in self.probes[-RESTLESS:]]
        last.append(signals.get("x_mean", math.nan))
        changes = [abs(b - a) for a, b in pairwise(last)]
        if len(changes) >= RESTLESS:
            found["vol"] = statistics.median(changes)
        spreads = [each["spread"] for _, each in self.probes[-4 * MEDIAN :] if each.get("spread", 0) > 0]
        if len(spreads) >= MEDIAN and "spread" in signals:
            found["spread_fall"] = signals["spread"] / statistics.median(spreads)
        return found

    def _medians(self) -> dict[str, float]:
        last = [signals for _, signals in self.probes[-MEDIAN:]]
        found = {}
        for name in last[-1]:
            values = [each[name] for each in last if not math.isnan(each.get(name, math.nan))]
            found[name] = statistics.median(values) if values else math.nan
        return found

    def progresses(self, probes: int = GATE) -> bool:
        """Whether the samples have got nearer over the last probes; so it is taken where it is too early to tell."""
        if len(self._best) <= probes:
            return True
        (near, mean), (nearer, meaner) = self._best[-1 - probes], self._best[-1]
        return nearer <= _NEARER * near or (mean > _FAR and meaner <= _CLOSER * mean)

    def well_or_better(self) -> bool:
        """Whether the samples are as in healthy runs, or more and more of the data lies among them.

        The gate looks at neither: it is shut in a run that has arrived, and in one that fills slowly what it has found.
        """
        now = self.medians[-1]
        if all(_meets(condition, now) for condition in _WELL):
            return True
        if len(self.medians) <= GATE:
            return False
        return now.get("x_recall", math.nan) > self.medians[-1 - GATE].get("x_recall", math.nan) + _REACHED

    def _falling(self) -> bool:
        """Whether the amplitude of the path falls, as it does in a first descent."""
        if len(self.medians) <= GATE:
            return True
        before, now = (self.medians[place].get("cent_max", math.nan) for place in (-1 - GATE, -1))
        return not now > _DESCENT * before

    def _rising(self) -> bool:
        """Whether D still learns what labels mean."""
        if len(self.medians) <= LONG:
            return True
        before, now = (self.medians[place].get("label_auc", math.nan) for place in (-1 - LONG, -1))
        return not now < before + _LEARNT

    def _judged(self, name: str, holds: Mapping[str, Sequence[Alternative]]) -> list[Alternative]:
        """The alternatives of a rule that hold now, be it too early to say so or not."""
        return [
            each
            for each in RULES[name]
            if all(self._meets(condition) for condition in each.all_of)
            and not (each.gated and self.progresses())
            and not (each.lasting and self._falling())
            and not (each.unlearnt and self._rising())
            and not (each.stuck and (self.progresses(LONG) or holds))
            and not any(other in holds for other in each.unless)
            and (not each.beside or any(other in holds for other in each.beside))
        ]

    def _meets(self, condition: Condition) -> bool:
        return _meets(condition, self.probes[-1][1] if condition.raw else self.medians[-1])

    def _turn(self, name: str, step: int, holding: Sequence[Alternative]) -> Turn | None:
        state = self._held[name]
        evidence = [each.signal for rule in holding if step > rule.after for each in rule.all_of if each.told]
        if evidence:
            state.since = step if state.held == 0 and not state.open else state.since
            state.held, state.missed = state.held + 1, 0
        else:
            state.held, state.missed = 0, state.missed + 1
        opens = not state.open and state.held >= (1 if name in AT_ONCE else PERSISTS)
        ends = state.open and state.missed >= PERSISTS
        if not opens and not ends:
            return None
        state.open = opens
        shown = evidence or signals_of(name)
        values = {signal: self._shown(name, signal) for signal in dict.fromkeys(shown)}
        return Turn(
            finding=name,
            open=opens,
            step=step,
            since=state.since,
            evidence={signal: value for signal, value in values.items() if value is not None},
        )

    def _shown(self, name: str, signal: str) -> float | None:
        raw = any(each.raw for rule in RULES[name] for each in rule.all_of if each.signal == signal)
        return (self.probes[-1][1] if raw else self.medians[-1]).get(signal)


def _meets(condition: Condition, signals: Signals) -> bool:
    if condition.signal not in signals:
        return False
    value = signals[condition.signal]
    if condition.relation == "not finite":
        return not math.isfinite(value)
    return value < condition.bound if condition.relation == "<" else value > condition.bound


def signals_of(finding: str) -> tuple[str, ...]:
    """The signals that a finding's rule compares, and that are told."""
    return tuple(dict.fromkeys(each.signal for rule in RULES[finding] for each in rule.all_of if each.told))


def _least(best: float, value: float | None) -> float:
    return best if value is None or math.isnan(value) else min(best, value)
