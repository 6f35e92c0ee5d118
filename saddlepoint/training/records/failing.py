"""What an error of the file system means for a run: how it ends, and what a person can do to go on."""

import errno
from pathlib import Path

from saddlepoint.errors import RunStopped
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.folder import RunFolder

# A file system that takes no more: no space, no quota, a file that has reached its limit.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CURES = {
    **dict.fromkeys(_FULL, "make room"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "make the folder writable again"),
    **dict.fromkeys((errno.EIO, getattr(errno, "ESTALE", errno.EIO)), "look after the device"),
    **dict.fromkeys(
        (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP), "put things there back in their place"
    ),
}


def stop_of(
    error: OSError, folder: RunFolder, step: int, *, what: str | None = None, kept: str | None = None
) -> RunStopped | None:
    """The end of a run whose folder cannot be written; None where the error is about something else.

    Args:
        error: of the file system.
        folder: of the run.
        step: the iterations done.
        what: what could not be done; None for whatever it was.
        kept: which checkpoint is kept; None for the newest.
    """
    if error.errno not in _CURES:
        return None
    if not folder.path.is_dir():
        return removed(folder, step)
    full = error.errno in _FULL
    place = Path(str(error.filename)) if error.filename else None
    # A file that is missing elsewhere is no matter of this folder; the disk that is full may be any.
    if not full and (place is None or not place.is_relative_to(folder.path)):
        return None
    what = what or (f"the disk took no more at step {step}" if full else f"the run could not be written at step {step}")
    return RunStopped(
        f"{what} ({error.strerror}: {place or folder.path})",
        kept or kept_in(folder),
        f"{_CURES[error.errno]}, then go on by `saddlepoint resume {folder.path}`",
    )


def removed(folder: RunFolder, step: int) -> RunStopped:
    """The end of a run whose folder is not there any more."""
    return RunStopped(
        f"the run folder was removed at step {step} ({folder.path} is not there)",
        "nothing of the run is kept but what was moved with it",
        "move it back and resume it, or train again into a folder that stays",
    )


def kept_in(folder: RunFolder) -> str:
    """What is kept of a run that ends, in words."""
    saved = steps_saved(folder.checkpoints)
    return f"the newest checkpoint in {folder.checkpoints} is kept" if saved else "it had no checkpoint yet"
