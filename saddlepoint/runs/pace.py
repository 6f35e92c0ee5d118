"""A budget of time, and how many steps it is at a pace that was measured (`timing.py`).

seconds(N) = opening + N steps + pictures, probes, log lines, checkpoints and evaluations up to step N + the end
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from saddlepoint.errors import UserError
from saddlepoint.process.saying import duration
from saddlepoint.recipes.ranges import LARGEST
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.at_end import SHOWN_FOR_EACH
from saddlepoint.runs.diagnosing import SPACING
from saddlepoint.training.records.samples import pictures_in

# So much of the time the evaluation at the end may take, with no fewer samples than these.
_JUDGED, _FEWEST = 0.15, 50


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A time by the clock that a run is to take, in the place of a number of steps.

    Attributes:
        minutes: from `began` to the end of all that follows the last step.
        began: when it began, by time.perf_counter.
        of_steps: the recipe of a run of so many steps, and of so many samples at its end; None for its own number.
        free_end: whether that number is not a person's own.
        after: what is done with the folder of a run that has ended.
    """

    minutes: float
    began: float
    of_steps: Callable[[int, int | None], Recipe]
    free_end: bool
    after: Callable[[Path], object]

    @property
    def left(self) -> float:
        """Seconds."""
        return 60 * self.minutes - (time.perf_counter() - self.began)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What a run costs on this machine, in seconds each.

    Attributes:
        recipe: of the run, for what happens how often.
        step, burst: an iteration, and what one with many more steps of D takes longer (`dynamics.bursts`).
        images: real images that an iteration shows; no time.
        picture, probe, line, checkpoint, evaluation: of what is written on the way; 0 for what there is not.
        opening, closing: before the first step and after the last, with nothing to evaluate.
        samples, judged: how many samples are measured after the last step, and what each takes.
        apart: how much further than usual probes are from each other; no time.
        threads: that it was measured with.
    """

    recipe: Recipe
    threads: int | None
    step: float
    burst: float
    images: float
    opening: float
    picture: float = 0.0
    probe: float = 0.0
    apart: int = 1
    line: float = 0.0
    checkpoint: float = 0.0
    evaluation: float = 0.0
    closing: float = 0.0
    samples: int = 0
    judged: float = 0.0

    def seconds(self, steps: int) -> float:
        """Of a run of so many steps, with all that it writes."""
        watch, bursts = self.recipe.watch, self.recipe.dynamics.bursts
        return (
            self.opening
            + self.step * steps
            + (self.burst * bursts.count(steps) if bursts is not None else 0.0)
            + self.picture * pictures_in(steps, watch.sample_every)
            + self.probe * SPACING.times(self.apart).count(steps)
            + self.line * -(-steps // watch.log_every)
            + self.checkpoint * -(-steps // watch.checkpoint_every)
            + self.evaluation * (1 + steps * self.images / watch.evaluate_every if watch.evaluate_every else 0.0)
            + self.closing
            + (self.judged * self.samples if steps * self.images >= SHOWN_FOR_EACH * self.samples else 0.0)
        )

    def steps_in(self, seconds: float) -> int:
        """The longest run that takes no more; 0 where not even one step can be made."""
        if self.seconds(1) > seconds:
            return 0
        few, many = 1, 2
        while many < LARGEST and self.seconds(many) <= seconds:
            few, many = many, 2 * many
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (middle, many) if self.seconds(middle) <= seconds else (few, middle)
        return few


@dataclass(frozen=True, kw_only=True)
class Length:
    """What fits into a budget.

    Attributes:
        steps: of the run.
        samples: that are measured at its end; None for as many as the recipe says.
        words: the line that says so.
    """

    steps: int
    samples: int | None
    words: str


def steps_for(budget: Budget, pace: Pace) -> Length:
    """How many steps the budget still has.

    Samples are measured at the end in a share of the time that leaves the rest to the training.

    Raises:
        UserError: it has none.
    """
    left, asked = budget.left, pace.samples
    if budget.free_end and pace.judged * asked > _JUDGED * 60 * budget.minutes:
        pace = replace(pace, samples=min(asked, max(_FEWEST, int(_JUDGED * 60 * budget.minutes / pace.judged))))
    steps = pace.steps_in(left)
    if steps == 0:
        least = 60 * budget.minutes - left + pace.seconds(1)
        raise UserError(
            f"--minutes {budget.minutes:g}",
            f"more than {least / 60:.1f}: here a step takes {_precise(pace.step)}, and what comes before the first and"
            f" after the last {duration(least - pace.step)}",
            "give more minutes, or --steps",
        )
    beside = pace.seconds(steps) - pace.step * steps
    whole = duration(60 * budget.minutes)
    words = f"{steps:,} steps in about {whole}: {_precise(pace.step)} each, {duration(beside)} for all else"
    if pace.samples < asked:
        words += f", which leaves time to measure {pace.samples} samples at the end instead of {asked}"
    return Length(steps=steps, samples=pace.samples if pace.samples < asked else None, words=words)


def _precise(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
