"""What a roll back undoes is kept under other names, and nothing of it is taken for the run any more.

checkpoints/00000008      -> checkpoints/00000008.branch-0
samples/00000008.png      -> samples/00000008.png.branch-0
later lines of log.jsonl  -> log.jsonl.branch-0, and so of metrics.jsonl, probes.jsonl, findings.jsonl

events.jsonl stays whole: it tells what was. Whatever moment a kill comes at, the run goes on from the newest checkpoint
that is still in its place, does again what came after it, and is rolled back again (`replay.py`); what it then sets
aside is the same, and takes the place of what was set aside before.
"""

import os
import shutil

from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.folder import RunFolder


def set_aside(folder: RunFolder, step: int, branch: int, log_every: int) -> None:
    """Sets aside what a run did after a step.

    Args:
        folder: of the run.
        step: to which it is rolled back.
        branch: that is abandoned.
        log_every: how often it is logged.
    """
    ending = f".branch-{branch}"
    # The newest first: what is left is at every moment a run that can be gone on with.
    for later in sorted((each for each in steps_saved(folder.checkpoints) if each > step), reverse=True):
        path = folder.checkpoints / f"{later:08d}"
        target = path.with_name(path.name + ending)
        if target.exists():
            shutil.rmtree(target)
        os.rename(path, target)
    for picture in sorted(folder.samples.glob("*.png")):
        if picture.stem.isdecimal() and int(picture.stem) > step:
            os.replace(picture, picture.with_name(picture.name + ending))
    folder.rewind_log(step, log_every, beside=ending)
    folder.rewind_metrics(step, beside=ending)
    folder.rewind_diagnosis(step, beside=ending)
