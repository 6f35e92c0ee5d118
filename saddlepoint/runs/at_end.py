"""What is made when a run has ended: an evaluation of what a person gets from it, and what its report shows beside.

The evaluation is one of `watch.evaluate_at_end` samples, and stands in metrics.jsonl as every other; it draws from
seeds of its own and changes no state. It is left out where it has nothing to say or where nobody waits for it:

a signal has stopped the run        `saddlepoint evaluate` makes it later
the run was short                   fewer than twenty real images were shown for each sample that would be measured
there was one at this step          as with `watch.evaluate_every`

What fails here is said on one line and is no reason for the run to fail: its state was saved before.
"""

from collections.abc import Callable, Mapping

import torch

from saddlepoint.errors import UserError, reason_of
from saddlepoint.files import append_line, read_lines
from saddlepoint.process.signals import STOPPING, answered, interrupt
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.runs.beside import draw_beside
from saddlepoint.runs.evaluations import evaluation_at_end
from saddlepoint.runs.opened import OpenRun
from saddlepoint.training.averages import sampled_networks
from saddlepoint.training.records.folder import RunFolder

# A run that has shown fewer real images than this for each sample is shorter than its evaluation would be.
SHOWN_FOR_EACH = 20


def look_back(run: OpenRun, stopped: str | None, tell: Callable[[str], None]) -> None:
    """Evaluates a run that has ended, and writes what its report shows beside the samples.

    Args:
        run: open, at its end; everything of it is saved.
        stopped: why it ended before its last step, or None.
        tell: says a line to the person.
    """
    _kept_going(run, "pictures beside the samples", tell, lambda: draw_beside(run))
    if stopped not in [signal.name for signal in STOPPING]:
        _kept_going(run, "evaluation", tell, lambda: evaluate(run, tell))


def _kept_going(run: OpenRun, what: str, tell: Callable[[str], None], made: Callable[[], None]) -> None:
    """Makes something; where that fails or is interrupted, says so and goes on."""
    try:
        with answered(interrupt):
            made()
    except KeyboardInterrupt as error:
        reason = f"stopped by {error or 'SIGINT'}"
    except UserError as error:
        reason = str(error)
    except Exception as error:
        # A person's own networks or a full disk: the run is over, and all that it has learnt is kept.
        reason = reason_of(error)
    else:
        return
    tell(f"no {what}: {reason}")
    try:
        run.folder.note(f"no {what}", step=run.game.state.step, reason=reason)
    except OSError:
        tell("that could not be written into events.jsonl")


def evaluate(run: OpenRun, tell: Callable[[str], None]) -> None:
    """Measures the samples of a run that has ended, unless the run was short or has done it."""
    folder, state = run.folder, run.game.state
    if _too_short(run) or _measured_at(folder, state.step):
        return
    measure = run.measure or evaluation_at_end(run.recipe, run.game.task, run.data, run.recorded.command)
    if measure is None:
        return
    from saddlepoint.runs.features import why_pixels

    if run.measure is None and (why := why_pixels(tuple(run.data.shape))) is not None:
        tell(why)
    tell("measuring the samples beside real data")
    about = {"step": state.step, "images": state.images, "during": RunFolder.AT_END}
    with torch.no_grad(), sampled_networks(run.game.task, state.averages) as networks:
        records = [record for _, record in measure(networks)]
    # When all are there: what ends the process while it measures leaves none.
    for record in records:
        record["provenance"].update(about)
        append_line(folder.metrics, record)


def samples_at_end(run: OpenRun) -> int | None:
    """How many samples a run without evaluations on the way measures at its end if it is long; None for none."""
    most = run.recipe.watch.evaluate_at_end
    if run.measure is not None or most is None or not kind_of(run.recipe).measured:
        return None
    return min(most, len(run.data.splits["train"]) // 2)


def _too_short(run: OpenRun) -> bool:
    """Whether a run without evaluations on the way is shorter than one would be."""
    samples = samples_at_end(run)
    return run.measure is None and (samples is None or run.game.state.images < SHOWN_FOR_EACH * samples)


def _measured_at(folder: RunFolder, step: int) -> bool:
    """Whether the run itself has measured what stands there now."""
    about = [line.value.get("provenance") for line in read_lines(folder.metrics) if line.value is not None]
    return any(isinstance(each, Mapping) and "during" in each and each.get("step") == step for each in about)
