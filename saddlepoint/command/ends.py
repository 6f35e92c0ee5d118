"""How a command ends that an exception ended: its exit code, and the one line that is said."""

import errno
import sys
from dataclasses import dataclass

from saddlepoint.errors import RunStopped, UserError, printable, reason_of
from saddlepoint.process.signals import Interrupted

SIGNAL_EXIT = 130

_WRITABLE = "choose a place that can be written"
# What the file system says of a place, whose matter it is (2: it was chosen badly; 3: it failed), and the cure.
_FILE_SYSTEM = {
    errno.ENOSPC: (3, "make room"),
    errno.EDQUOT: (3, "make room"),
    errno.EFBIG: (3, "make room"),
    errno.EIO: (3, "look after the device, or choose another place"),
    errno.EACCES: (2, "give yourself access to it, or choose another place"),
    errno.EPERM: (2, "give yourself access to it, or choose another place"),
    errno.EROFS: (2, _WRITABLE),
    errno.ENOENT: (2, "choose a place that exists"),
    errno.ENOTDIR: (2, _WRITABLE),
    errno.EISDIR: (2, _WRITABLE),
    errno.EEXIST: (2, _WRITABLE),
    errno.ELOOP: (2, _WRITABLE),
    errno.ENAMETOOLONG: (2, _WRITABLE),
}


@dataclass(frozen=True, kw_only=True)
class End:
    """An exit code other than 0, and what is said, on one line."""

    code: int
    said: str


def end_of(error: BaseException) -> End | None:
    """The end that an exception means; None where it is our own fault."""
    if isinstance(error, UserError):
        return End(code=2, said=str(error))
    if isinstance(error, RunStopped):
        return End(code=3, said=str(error))
    if isinstance(error, KeyboardInterrupt):
        said = str(error) if isinstance(error, Interrupted) else f"interrupted by {error or 'SIGINT'}"
        return End(code=SIGNAL_EXIT, said=said)
    if isinstance(error, OSError) and error.errno in _FILE_SYSTEM:
        code, cure = _FILE_SYSTEM[error.errno]
        where = f" ({printable(str(error.filename))})" if error.filename else ""
        return End(code=code, said=f"{error.strerror}{where}; {cure}")
    if _is_out_of_memory(error):
        cure = "ask for fewer or smaller images at once, or use a machine with more memory"
        return End(code=3, said=f"memory ran out ({reason_of(error)}); {cure}")
    return None


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError) or "torch" not in sys.modules:
        return False
    from saddlepoint.training.machine.memory import is_out_of_memory

    return is_out_of_memory(error)
