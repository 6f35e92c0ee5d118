"""`sp.Watch`: the diagnosis of a run for a training loop of a person's own."""

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from saddlepoint.api.own_numbers import clip_of, numbers_of, optimizer_of
from saddlepoint.api.shown_items import items_of, undisturbed
from saddlepoint.api.watched import BATCH, RawScores, device_of, unwrapped, watched
from saddlepoint.arguments import place, whole_number
from saddlepoint.diagnosis.findings import NAMES, TITLES, line_of, range_in_words
from saddlepoint.diagnosis.in_torch import Advice, advice_for
from saddlepoint.diagnosis.probe import Probe
from saddlepoint.diagnosis.probed import on_device
from saddlepoint.diagnosis.remedies import Situation, first_remedy
from saddlepoint.diagnosis.rules import Course, Turn
from saddlepoint.diagnosis.spacing import Spacing
from saddlepoint.errors import UserError, reason_of
from saddlepoint.files import append_line
from saddlepoint.objectives import Paired, Separable
from saddlepoint.objectives import objective as objective_named
from saddlepoint.run_folder import FINDINGS, PROBES


class Watch:
    """Looks at the game of your own training loop, says what is wrong with it, since when, and what to do first.

    Every so many calls of `step` the networks are probed as `watch.diagnosis` of a run does it, and the same rules
    judge. The loop stays what it would be without, to the bit: random numbers, buffers and modes are put back.

    Args:
        generator: called with latents, and with labels beside if there are `classes`.
        discriminator: called with items, likewise; it gives raw scores or, ending in a sigmoid, probabilities: (n,),
            (n, 1), or a map for each item.
        data: what D is trained on, as D sees it: a tensor (n, ...), a Dataset or DataLoader whose items are such or
            begin with such (a label may follow), a path or what `sp.open_data` gives.
        held_out: the same of items that D is never shown; None: whether D memorises is not judged, unless a path
            brings such items.
        objective: of the catalogue, or a triple as text; None: what it pulls at the generator is not judged.
        optimizers: of both networks, in any order; None: what to do is said without your rates.
        latent: the width of z, or a function of a count that draws latents; None: as the generator's first layer says.
        classes: how many labels there are, if both networks are given labels; None: they are given none.
        labels: (n,) of the items, where data is a tensor.
        pixel_range: what black and white are to the networks, where images are opened from a path; None for (-1, 1).
        discriminator_steps: steps of D in each iteration.
        every: iterations between two probes; after 40 of them, twice as many.
        folder: where probes.jsonl and findings.jsonl are written; None for nowhere.
        tell: is given each line that a person is told.

    Attributes:
        findings: what was found, as the lines of a run's findings.jsonl.
        signals: of the newest probe, by name; empty before the first.

    Raises:
        UserError: networks and data that do not fit; it says what was expected, and the cure.

    Examples:
        >>> torch.manual_seed(0) and None
        >>> generator, discriminator = torch.nn.Linear(4, 2), torch.nn.Linear(2, 1)
        >>> watch = sp.Watch(generator, discriminator, torch.randn(64, 2), objective="hinge", tell=lambda line: None)
        >>> for iteration in range(25):  # here both networks would be updated
        ...     watch.step()
        >>> watch.open, sorted(watch.signals)[:3]
        ((), ['auc_rf', 'cent_max', 'gain'])

        Under Lightning, `Trainer(callbacks=[watch.lightning()])` takes the place of `step`:

        >>> try:
        ...     callbacks = [watch.lightning()]
        ... except sp.UserError as missing:
        ...     print(missing.cure)
        install it: pip install lightning
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        data: Any,
        *,
        held_out: Any = None,
        objective: str | Separable | Paired | None = None,
        optimizers: Iterable[Optimizer] | None = None,
        latent: int | Callable[[int], Tensor] | None = None,
        classes: int | None = None,
        labels: Any = None,
        pixel_range: tuple[float, float] | None = None,
        discriminator_steps: int = 1,
        every: int = 25,
        folder: str | Path | None = None,
        tell: Callable[[str], Any] = print,
    ):
        every = whole_number("every", every, least=1)
        self._moves = {
            "generator": 1,
            "discriminator": whole_number("discriminator_steps", discriminator_steps, least=1),
        }
        self._folder = _empty(folder) if folder is not None else None
        self._tell = tell
        items = items_of(data, labels=labels, pixel_range=pixel_range)
        self._probed = watched(
            unwrapped("generator", generator),
            unwrapped("discriminator", discriminator),
            items,
            items_of(held_out, name="held_out", pixel_range=pixel_range) if held_out is not None else None,
            objective=objective_named(objective) if objective is not None else None,
            latent=latent,
            classes=whole_number("classes", classes, least=1) if classes is not None else 0,
        )
        spacing = Spacing(often=every, early=40 * every, rarely=2 * every)
        self._spacing = spacing.times(self._probed.apart)
        self.optimize(optimizers if optimizers is not None else ())
        self._course, self._probe = Course(), None
        self._memory: Mapping[str, Tensor] = {}
        self._before: Any = None
        self._iteration, self._looks = 0, True
        self.findings: list[dict[str, Any]] = []
        self.signals: dict[str, float] = {}
        self._begin()

    @property
    def open(self) -> tuple[str, ...]:
        """The names of the findings that are open, the cause before what it brings."""
        return self._course.open

    def step(self) -> None:
        """Is to be called once in each iteration, after both networks were updated."""
        if not self._looks:
            return
        self._iteration += 1
        followed, probed = (asked(self._iteration) for asked in (self._spacing.is_followed, self._spacing.is_probed))
        try:
            if followed or probed:
                with undisturbed():
                    self._look(probed)
            self._before = self._probing().weights() if self._spacing.is_probed(self._iteration + 1) else None
        except Exception as error:
            # A person's own network may refuse what it is shown here, or memory be short: no reason to end the loop.
            self._looks, self._before = False, None
            self._tell(f"watch: looks no more from iteration {self._iteration} on: {reason_of(error)}")

    def optimize(self, optimizers: Iterable[Optimizer]) -> None:
        """Takes rates and momenta, for what is advised, from these from now on; in any order, others are left out.

        Examples:
            >>> watch.optimize([torch.optim.SGD(generator.parameters(), lr=0.1)])
        """
        optimizers = list(optimizers)
        self._optimizers = {name: optimizer_of(optimizers, getattr(self._probed, name)) for name in self._moves}
        self._first_rate = numbers_of(self._optimizers).get("generator.rate", 0.0)

    def lightning(self) -> Any:
        """A callback of Lightning that calls `step` after each training batch, in the first of several processes.

        Raises:
            UserError: Lightning is not installed.
        """
        from saddlepoint.api.lightning import callback

        return callback(self)

    def _begin(self) -> None:
        probed, unjudged = self._probed, []
        if probed.objective is None:
            unjudged.append("vanishing_generator_gradient and an overflow before it happens (no objective=)")
        if not probed.held_out:
            unjudged.append("discriminator_memorises (no held_out=)")
        if probed.labels is None:
            unjudged.append("labels_ignored (no classes=)")
        without = f" Not judged: {'; '.join(unjudged)}." if unjudged else ""
        self._tell(
            f"watch: {len(probed.train)} items and {len(probed.latents)} latents are looked at every "
            f"{self._spacing.often} iterations.{without}"
        )

    def _probing(self) -> Probe:
        """The probe, which is built where the networks are when the loop begins."""
        if self._probe is None:
            self._probe = Probe(on_device(self._probed, device_of(self._probed.generator)))
        return self._probe

    def _look(self, probed: bool) -> None:
        probe, at = self._probing(), self._iteration
        self._memory = probe.follow(self._memory)
        if not probed:
            return
        settings = numbers_of(self._optimizers)
        newest = self._course.newest
        signals, self._memory = probe.read(
            self._memory,
            since=at - newest if newest is not None else None,
            before=self._before,
            moves=self._moves,
            rate_share=settings.get("generator.rate", 0.0) / self._first_rate if self._first_rate > 0 else 1.0,
        )
        if not (math.isfinite(signals["spread"]) and math.isfinite(signals["x_mean"])):
            # Where the objective is not known, nothing else says that numbers have left what is finite.
            signals["gain_eff"] = math.nan
        turns = self._course.add(at, signals)
        self.signals = dict(self._course.probes[-1][1])
        self._write(
            PROBES, {"step": at, "signals": {n: v if math.isfinite(v) else None for n, v in self.signals.items()}}
        )
        self._take(turns, self._situation(settings))

    def _take(self, turns: list[Turn], situation: Situation) -> None:
        """Keeps what was opened and withdrawn, and says it: the cause in full, what it brings by its name."""
        ended = [TITLES[turn.finding].lower() for turn in turns if not turn.open]
        if ended:
            self._tell(f"watch, iteration {turns[0].step}: not seen any more: {'; '.join(ended)}")
        told = []
        for turn in turns:
            line, advice = self._line(turn, situation)
            self.findings.append(line)
            self._write(FINDINGS, line)
            if turn.open:
                told.append((line, advice))
        if not told:
            return
        line, advice = told[0]
        names = [TITLES[name].lower() for name in self.open if name != line["finding"]]
        if line["finding"] == self.open[0]:
            self._tell(_in_full(line, advice, names))
        else:
            names = [TITLES[each["finding"]].lower() for each, _ in told]
            self._tell(f"watch, iteration {line['step']}: seen too: {'; '.join(names)}")

    def _line(self, turn: Turn, situation: Situation) -> tuple[dict[str, Any], Advice]:
        """The line of findings.jsonl, and what to do first."""
        remedy = first_remedy(turn.finding, situation)
        line = line_of(turn, remedy, self._probed.train_count)
        advice = advice_for(
            turn.finding,
            remedy,
            turn.since,
            conditional=self._probed.labels is not None,
            probabilities=isinstance(self._probed.discriminator, RawScores),
        )
        if turn.open and any(not math.isfinite(value) for value in turn.evidence.values()):
            line["words"] += " What the networks give is not finite any more."
        return {**line, "do": str(advice) if turn.open else ""}, advice

    def _write(self, name: str, line: dict[str, Any]) -> None:
        if self._folder is not None:
            append_line(self._folder / name, line)

    def _situation(self, settings: Mapping[str, float]) -> Situation:
        probed, probe = self._probed, self._probing()
        norm_in = tuple(player for player, has in probe.batch_norm_in.items() if has)
        return Situation(
            settings=settings,
            scale=float(probe.scale),
            images=probed.train.dim() == 4,
            objective=probed.objective.name if probed.objective is not None else None,
            clip=clip_of(probed.discriminator),
            batch=probed.batch or BATCH,
            latent=probed.latents[0].numel(),
            batch_norm_in=norm_in,
            can_leave_norm={player: f"{player}.normalisation" for player in norm_in},
            open=self.open,
        )


def _empty(folder: str | Path) -> Path:
    path = place("folder", folder)
    if held := [name for name in (PROBES, FINDINGS) if (path / name).exists()]:
        raise UserError(
            f"{path}, which holds {held[0]} of before", "a new folder", f"give another one, or move {held[0]}"
        )
    path.mkdir(parents=True, exist_ok=True)
    return path


def _in_full(line: Mapping[str, Any], advice: Advice, others: list[str]) -> str:
    """A finding as a person is told it: what is seen, the evidence, what to do first."""
    seen = f" Seen too: {'; '.join(others)}." if others else ""
    evidence = []
    for name, value in line["evidence"].items():
        measured = "not finite" if value is None else f"{value:.3g}"
        evidence.append(f"    {NAMES[name]}: {measured}; healthy runs {range_in_words(line['healthy'][name])}")
    return "\n".join(
        [
            f"watch, iteration {line['step']}, since {line['since']}: {line['words']}{seen}",
            *evidence,
            f"    Do first: {advice.words}",
            *(f"        {each}" for each in advice.lines),
        ]
    )
