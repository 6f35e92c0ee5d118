"""Children: each attempt happens in a process that was forked from the campaign, with bounds on time and memory.

Forked, because importing torch for each attempt would be most of the campaign; where a fresh interpreter matters the
child becomes one (`as_command`). A child is the leader of a session of its own: whatever it started is ended with it,
and what it left running is said.
"""

import ctypes
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

import saddlepoint

MEBIBYTE = 2**20
# Seconds of computing; the wall's limit is so many times longer, for machines that do other things as well.
SECONDS = 20.0
_WALL = 6
# A child that has computed nothing for so many seconds waits for something that does not come.
_IDLE = 15.0
_PR_SET_PDEATHSIG = 1
# Children that have not been waited for.
_RUNNING: set[int] = set()


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a child ended.

    Attributes:
        code: its exit code; negative for the signal that ended it.
        out, err: what it wrote.
        seconds, computed: by the wall's clock, and of computing.
        memory_mib: how much more was resident at most than in a child that does nothing.
        limit: the seconds of computing that it was allowed.
        late: it was ended because one of the limits was over.
        left: it left processes behind, which were then ended.
    """

    code: int
    out: str
    err: str
    seconds: float
    computed: float
    memory_mib: float
    limit: float
    late: bool
    left: bool


class Child:
    """A child that runs.

    Args:
        act: what it does; its value is the exit code.
        place: a folder for what it writes to its standard output and error.
        limit: seconds of computing after which it is ended.
        before: done in the child first, with output already redirected: limits, another user, closed descriptors.
        ordinary: the memory that a child of this process holds without doing anything, in MiB.
    """

    def __init__(
        self,
        act: Callable[[], int],
        place: Path,
        *,
        limit: float = SECONDS,
        before: Callable[[], object] | None = None,
        ordinary: float = 0.0,
    ):
        self._out, self._err = place / "out", place / "err"
        self._limit, self._ordinary = limit, ordinary
        self._began = time.perf_counter()
        self._ended: Ended | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(self._be(act, before, parent))
        _RUNNING.add(self.pid)
        self._handle = os.pidfd_open(self.pid)

    def _be(self, act: Callable[[], int], before: Callable[[], object] | None, parent: int) -> int:
        """The child's whole life."""
        code = 1
        try:
            os.setsid()
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                return 1
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for path, number in ((self._out, 1), (self._err, 2)):
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
                os.dup2(handle, number)
                os.close(handle)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            seconds = int(self._limit) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            # A pytest that started the campaign has put its own objects here.
            sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, closefd=False) for number, mode in _STREAMS)
            if before is not None:
                before()
            code = act()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            # As the interpreter does it.
            traceback.print_exc()
            code = 1
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                code = 120
        return code

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the child, if it still runs."""
        if self.running():
            signal.pidfd_send_signal(self._handle, number)

    def running(self) -> bool:
        return self._ended is None and not select.select([self._handle], [], [], 0)[0]

    def wait(self) -> Ended:
        """Waits until it has ended; ends it when it is idle, or when the wall's clock has passed the limit."""
        if self._ended is not None:
            return self._ended
        end = self._began + _WALL * self._limit
        late, computed, since = False, -1.0, time.perf_counter()
        while not late and not select.select([self._handle], [], [], 1.0)[0]:
            now = time.perf_counter()
            if (so_far := _computed(self.pid)) != computed:
                computed, since = so_far, now
            late = now >= end or now - since >= _IDLE
        if late:
            os.kill(self.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        _RUNNING.discard(self.pid)
        code = os.waitstatus_to_exitcode(status)
        os.close(self._handle)
        self._ended = Ended(
            code=code,
            out=_read(self._out),
            err=_read(self._err),
            seconds=time.perf_counter() - self._began,
            computed=usage.ru_utime + usage.ru_stime,
            memory_mib=max(0.0, usage.ru_maxrss / 1024 - self._ordinary),
            limit=self._limit,
            late=late or code == -signal.SIGXCPU,
            left=_end_group(self.pid),
        )
        return self._ended


def end_all() -> None:
    """Ends every child that still runs; for a campaign that somebody stops."""
    for pid in [*_RUNNING]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        _end_group(pid)
        _RUNNING.discard(pid)


_STREAMS = ((0, "r"), (1, "w"), (2, "w"))


def as_command(arguments: Sequence[str | bytes], environment: Mapping[str, str] | None = None) -> Callable[[], int]:
    """An act that becomes `python -m saddlepoint ARGUMENTS` in a fresh interpreter, the same one as this."""
    given = [os.fsencode(argument) for argument in arguments]
    # The same package as this one, wherever the child's current folder is.
    home = str(Path(saddlepoint.__file__).resolve().parents[1])

    def become() -> int:
        os.execve(
            sys.executable,
            [os.fsencode(sys.executable), b"-m", b"saddlepoint", *given],
            {**(os.environ if environment is None else environment), "PYTHONPATH": home},
        )

    return become


def _computed(pid: int) -> float:
    """Seconds of computing so far; a process that is ending has none any more."""
    try:
        return sum(psutil.Process(pid).cpu_times()[:2])
    except psutil.Error:
        return -1.0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="backslashreplace") if path.exists() else ""


def _end_group(group: int) -> bool:
    """Ends what is left of a child's session; says whether there was anything that still ran."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
