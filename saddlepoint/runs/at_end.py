"""What is made when a run has ended: an evaluation of what a person gets from it, and what its report shows beside.

The evaluation is one of `watch.evaluate_at_end` samples, and stands in metrics.jsonl as every other; it draws from
seeds of its own and changes no state. It is left out where it has nothing to say or where nobody waits for it:

a signal has stopped the run        `saddlepoint evaluate` makes it later
the run was short                   fewer than twenty real images were shown for each sample that would be measured
there was one at this step          as with `watch.evaluate_every`

What fails here is said on one line and is no reason for the run to fail: its state was saved before.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from saddlepoint.errors import reason_of
from saddlepoint.files import append_line, read_lines
from saddlepoint.process.signals import STOPPING, answered, interrupt
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.runs.beside import draw_beside
from saddlepoint.runs.opened import OpenRun
from saddlepoint.training.averages import sampled_networks
from saddlepoint.training.records.evaluations import Measure
from saddlepoint.training.records.folder import RunFolder

# A run that has shown fewer real images than this for each sample is shorter than its evaluation would be.
_SHOWN_FOR_EACH = 20
_FEWEST = 20


def look_back(run: OpenRun, stopped: str | None, tell: Callable[[str], None]) -> None:
    """Evaluates a run that has ended, and writes what its report shows beside the samples.

    Args:
        run: open, at its end; everything of it is saved.
        stopped: why it ended before its last step, or None.
        tell: says a line to the person.
    """
    _kept_going(run, "pictures beside the samples", tell, lambda: draw_beside(run))
    if stopped not in [signal.name for signal in STOPPING]:
        _kept_going(run, "evaluation", tell, lambda: _evaluate(run, tell))


def _kept_going(run: OpenRun, what: str, tell: Callable[[str], None], made: Callable[[], None]) -> None:
    """Makes something; where that fails or is interrupted, says so and goes on."""
    try:
        with answered(interrupt):
            made()
    except KeyboardInterrupt as error:
        reason = f"stopped by {error or 'SIGINT'}"
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


def _evaluate(run: OpenRun, tell: Callable[[str], None]) -> None:
    folder, state = run.folder, run.game.state
    measure = run.measure or _planned(run, tell)
    if measure is None or _measured_at(folder, state.step):
        return
    about = {"step": state.step, "images": state.images, "during": RunFolder.AT_END}
    with torch.no_grad(), sampled_networks(run.game.task, state.averages) as networks:
        records = [record for _, record in measure(networks)]
    # At once: a kill leaves all of them or none.
    for record in records:
        record["provenance"].update(about)
        append_line(folder.metrics, record)


def _measured_at(folder: RunFolder, step: int) -> bool:
    """Whether the run itself has measured what stands there now."""
    about = [line.value.get("provenance") for line in read_lines(folder.metrics) if line.value is not None]
    return any(isinstance(each, Mapping) and "during" in each and each.get("step") == step for each in about)


def _planned(run: OpenRun, tell: Callable[[str], None]) -> Measure | None:
    """The function that measures at the end; None where there is nothing to be measured, or too little."""
    recipe, task, data = run.recipe, run.game.task, run.data
    kind, most = kind_of(recipe), recipe.watch.evaluate_at_end
    if most is None or not kind.measured or recipe.task.kind != "generation":
        return None
    count = min(most, len(data.splits["train"]) // 2)
    if run.game.state.images < _SHOWN_FOR_EACH * count:
        return None
    if count < _FEWEST:
        tell(f"no evaluation: {len(data.splits['train'])} training images are too few to measure samples against")
        return None
    # Metrics take seconds to import, for which a run that measures nothing need not wait.
    from saddlepoint.measuring.judges import Judges
    from saddlepoint.measuring.real import Real
    from saddlepoint.runs.features import default_features, features_for, why_pixels

    shape = tuple(data.shape)
    if (why := why_pixels(shape)) is not None:
        tell(why)
    names = kind.default_metrics(data)
    about = {"trained_on": data.fingerprint, "command": run.recorded.command}

    def measure(networks: Mapping[str, nn.Module]) -> Iterator[tuple[str, dict[str, Any]]]:
        features = features_for(default_features(shape), shape, task.device)
        judges = Judges(features, real=Real(data=data, split="train", features=features, device=task.device))
        samples = kind.generated_samples(task, networks, data, features, seed=recipe.seed, about=about)
        yield from judges.measure(names, samples=samples, count=count)

    return measure
