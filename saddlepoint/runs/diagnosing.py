"""The diagnosis of a run while it trains: every so many steps its networks are probed, and findings are told.

probes.jsonl    the signals of every probe; what the rules remember follows from them
findings.jsonl  each finding when it is opened, and when it is withdrawn
the person      the first that is open as the cause, with what to do first
TensorBoard     the signals, beside the log's scalars

Nothing that is played depends on it. What it remembers of samples is in the checkpoint (`State.watched`), so that a run
that goes on is told what it would have been told.
"""

import math
import shlex
from collections.abc import Callable, Collection, Mapping
from itertools import count
from typing import Any

from saddlepoint.diagnosis.findings import TITLES, line_of, words_of
from saddlepoint.diagnosis.probe import Probe
from saddlepoint.diagnosis.probed import Probed
from saddlepoint.diagnosis.remedies import RUN, Situation, after_failure, first_remedy
from saddlepoint.diagnosis.rules import FINDINGS, Course, Turn
from saddlepoint.diagnosis.spacing import Spacing
from saddlepoint.errors import Diverged, reason_of
from saddlepoint.files import append_line, read_lines
from saddlepoint.game.schedules import value_at
from saddlepoint.recipes.specification import Recipe
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.state import State

SPACING = Spacing()
# Where a recipe says that a player's networks normalise over the batch.
_NORMALISATION = {"discriminator": "normalisation", "generator": "generator_normalisation"}


class Diagnosis(Observer):
    """Probes the game of a segment and tells what it finds.

    Args:
        folder: of the run; its probes and findings end at the state's step.
        probed: what is looked at.
        recipe: of the segment, for what to do.
        state: where the segment begins.
        scalars: is given a step's signals for TensorBoard.
        tell: says a line to the person.
        anew: steps at which a treatment began from a failure: the run is judged as one that begins there.
    """

    def __init__(
        self,
        folder: RunFolder,
        probed: Probed,
        recipe: Recipe,
        state: State,
        scalars: Callable[[int, Mapping[str, float]], None],
        tell: Callable[[str], None],
        anew: Collection[int] = (),
    ):
        self.folder, self.probed, self.recipe = folder, probed, recipe
        self.scalars, self.tell = scalars, tell
        # Whether a person is told what to try: not while the run is treated.
        self.advises = True
        self.probe, self._looks = Probe(probed), True
        self.spacing = SPACING.times(probed.apart)
        self.course = Course()
        for line in read_lines(folder.probes):
            if line.value is not None and line.value.get("step", math.inf) <= state.step:
                self.course.add(line.value["step"], _read(line.value["signals"]))
                if line.value["step"] in anew:
                    self.course.begin_anew()
        if self.course.newest != self.spacing.newest_before(state.step):
            # It was not diagnosed all the time: what it remembers is of another time.
            state.watched = {}
        self._before: Any = None

    def begin(self, game: Game, control: Control) -> None:
        self._game = game
        rate = game.schedules.get("generator.rate")
        self._first_rate = value_at(rate, 0, 0) if rate is not None else 0.0
        self._remember_weights(game.state.step)

    def step(self, state: State, record: Record) -> None:
        if not self._looks or record.step < self._next:
            return
        try:
            if self.spacing.is_followed(record.step):
                state.watched = self.probe.follow(state.watched)
            if self.spacing.is_probed(record.step):
                self._look(state, record)
            self._remember_weights(record.step)
        except Exception as error:
            if isinstance(error, OSError):
                raise
            # A person's own network may refuse what it is shown here, or memory be short: no reason to end the run.
            self._looks, self._before = False, None
            reason = reason_of(error)
            self.folder.note("not diagnosed", step=record.step, reason=reason)
            self.tell(f"not diagnosed from step {record.step} on: {reason}")

    def failed(self, state: State, error: Diverged) -> None:
        """The guard: what has exploded within a few steps, no probe has seen coming."""
        remedy = after_failure(self.situation(self._game.settings()))
        # Of the iteration that was not done: going back to the checkpoint before it, this is left out.
        at = state.step + 1
        turn = Turn(finding=FINDINGS[0], open=True, step=at, since=at, evidence={})
        line = line_of(turn, remedy)
        words = f"{line['words']} {error.what[0].upper()}{error.what[1:]}."
        self._write({**line, "words": words})
        self.tell(f"diagnosis: {words}" + (f" Try: {self._pasted(remedy.command)}" if self.advises else ""))

    def _remember_weights(self, step: int) -> None:
        """Keeps the weights where the next iteration's step is to be measured."""
        spacing = self.spacing
        self._before = self.probe.weights() if spacing.is_probed(step + 1) else None
        # Until then nothing is asked, for most iterations of a small game are short.
        self._next = next(at for at in count(step + 1) if spacing.is_followed(at) or spacing.is_probed(at + 1))

    def _look(self, state: State, record: Record) -> None:
        newest = self.course.newest
        moved = [move.player for group in self._game.turn(record.step - 1) for move in group]
        rate = record.settings.get("generator.rate", 0.0)
        signals, state.watched = self.probe.read(
            state.watched,
            since=record.step - newest if newest is not None else None,
            before=self._before,
            moves={name: moved.count(name) for name in ("discriminator", "generator")},
            rate_share=rate / self._first_rate if self._first_rate > 0 else 1.0,
        )
        turns = self.course.add(record.step, signals)
        shown = self.course.probes[-1][1]
        append_line(self.folder.probes, {"step": record.step, "signals": {n: _finite(v) for n, v in shown.items()}})
        open_now = {f"findings/{name}": float(name in self.course.open) for name in FINDINGS}
        self.scalars(record.step, {**{f"diagnosis/{n}": v for n, v in shown.items() if math.isfinite(v)}, **open_now})
        situation = self.situation(record.settings)
        for turn in turns:
            self._write(line_of(turn, first_remedy(turn.finding, situation), self.probed.train_count))
        self._say(turns)

    def _write(self, line: dict[str, Any]) -> None:
        append_line(self.folder.findings, line)
        event = "finding" if line["state"] == "open" else "finding withdrawn"
        self.folder.note(event, step=line["step"], finding=line["finding"], since=line["since"])

    def _say(self, turns: list[Turn]) -> None:
        opened = [turn for turn in turns if turn.open]
        ended = [TITLES[turn.finding].lower() for turn in turns if not turn.open]
        if ended:
            self.tell(f"diagnosis: not seen any more at step {turns[0].step}: {'; '.join(ended)}")
        if not opened:
            return
        first = opened[0]
        others = [TITLES[name].lower() for name in self.course.open if name != first.finding]
        if first.finding != self.course.open[0]:
            names = "; ".join(TITLES[turn.finding].lower() for turn in opened)
            self.tell(f"diagnosis: seen too at step {first.step}: {names}")
            return
        seen = f" Seen too: {'; '.join(others)}." if others else ""
        self.tell(
            f"diagnosis at step {first.step}, since step {first.since}: "
            f"{words_of(first.finding, self.probed.train_count)}{seen}"
            + (f" Try: {self.advice(first.finding)}" if self.advises else "")
        )

    def advice(self, finding: str) -> str:
        """The command to try first against a finding."""
        return self._pasted(first_remedy(finding, self.situation(self._game.settings())).command)

    def _pasted(self, command: str) -> str:
        return command.replace(RUN, shlex.quote(str(self.folder.path)), 1)

    def situation(self, settings: Mapping[str, float]) -> Situation:
        """What remedies depend on, at these settings."""
        recipe, probe = self.recipe, self.probe
        norms = {player: key for player, key in _NORMALISATION.items() if getattr(recipe.networks, key, "") == "batch"}
        batch = recipe.training.batch
        return Situation(
            settings=settings,
            scale=float(probe.scale),
            images=self.probed.train.dim() == 4,
            objective=recipe.objective,
            clip=recipe.clip,
            batch=batch if isinstance(batch, int) else 0,
            latent=self.probed.latents.shape[1],
            batch_norm_in=tuple(player for player, has in probe.batch_norm_in.items() if has),
            can_leave_norm={player: f"networks.{key}" for player, key in norms.items()},
            discriminator_steps=recipe.dynamics.discriminator_steps,
            turn=recipe.dynamics.turn,
        )


def _read(signals: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in signals.items()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
