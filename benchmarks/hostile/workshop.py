"""What all kinds share: a temporary folder, small runs that are made once, and children."""

import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import psutil

from benchmarks.hostile.child import SECONDS, Child, Ended
from benchmarks.hostile.verdict import last_line

# The folder in which every attempt happens.
PLACE = "attempt"
# Bytes by which this process may grow before what its children begin with is measured again.
_GROWN = 32 * 2**20
# A run of a second or less that has everything that has a history: convolutions, batch normalisation, dropout, an
# average of the weights, augmentation, Adam, evaluations.
SETTINGS = (
    "training.batch=8",
    "training.threads=1",
    "networks.normalisation=batch",
    "networks.dropout=0.3",
    "networks.width=8",
    "networks.latent=8",
    "penalties.r1=null",
    "penalties.r2=null",
    "augment.flip=0.5",
    "augment.shift=0.5",
    "watch.log_every=1",
    "watch.sample_every=4",
    "watch.samples=4",
    "watch.checkpoint_every=4",
)


def settings(*more: str) -> list[str]:
    """`--set` for each of the settings of a small run, and for more."""
    return [part for setting in (*SETTINGS, *more) for part in ("--set", setting)]


def shown(arguments: Sequence[str]) -> str:
    """A command line as a person would type it, with the small runs' settings as the word SMALL."""
    text, small = shlex.join(arguments), shlex.join(settings())
    return f"saddlepoint {text.replace(small, 'SMALL')}"


class Workshop:
    """A place for a campaign.

    Args:
        root: an empty folder, which the campaign's owner removes.
        seed: of what a kind draws once, for all its attempts.
        main: the command line; another one only to test the campaign itself.
    """

    STEPS = 8

    def __init__(self, root: Path, seed: int = 0, main: Callable[[Sequence[str]], int] | None = None):
        self.root, self.seed = root, seed
        self._main = main
        # What this process held when it was measured, and what a child that did nothing held then.
        self._measured: tuple[int, float] | None = None

    @property
    def ordinary(self) -> float:
        """The memory of a child that does nothing, in MiB; it begins with what this process holds by then."""
        held = psutil.Process().memory_info().rss
        if self._measured is None or abs(held - self._measured[0]) > _GROWN:
            self._measured = held, Child(lambda: 0, self.folder("nothing")).wait().memory_mib
        return self._measured[1]

    def folder(self, name: str) -> Path:
        """An empty folder of that name."""
        path = self.root / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def start(
        self,
        act: Callable[[], int],
        place: Path,
        *,
        limit: float = SECONDS,
        before: Callable[[], object] | None = None,
    ) -> Child:
        """A child that does something; what it says is written into `place`."""
        with suppress(FileNotFoundError):
            (place / "out").unlink()
            (place / "err").unlink()
        return Child(act, place, limit=limit, before=before, ordinary=self.ordinary)

    def verb(
        self,
        arguments: Sequence[str],
        place: Path,
        *,
        limit: float = SECONDS,
        before: Callable[[], object] | None = None,
    ) -> Ended:
        """Runs a verb of the command in a child, to its end."""
        return self.start(self.act(arguments), place, limit=limit, before=before).wait()

    def act(self, arguments: Sequence[str]) -> Callable[[], int]:
        """What a child does that runs a verb."""
        main = self._main
        if main is None:
            from saddlepoint.command.main import main
        command = main
        return lambda: command(list(arguments))

    def must(self, arguments: Sequence[str]) -> Ended:
        """Runs a verb that has to succeed, because the attempts build on it.

        Raises:
            RuntimeError: it did not.
        """
        ended = self.verb(arguments, self.folder("must"), limit=120)
        if ended.code != 0:
            raise RuntimeError(f"saddlepoint {' '.join(arguments)}: exit code {ended.code}: {last_line(ended.err)}")
        return ended

    @cached_property
    def small_run(self) -> Path:
        """A finished run of `STEPS` steps with two checkpoints and one evaluation; copied, never changed."""
        run = self.folder("small") / "run"
        self.must(["train", "digits", "--out", str(run), "--steps", str(self.STEPS), "--seed", "7", *settings()])
        self.must(["evaluate", str(run), "--metrics", "frechet_distance", "--samples-count", "20"])
        return run


def fresh_copy(run: Path, to: Path) -> Path:
    """A copy of a run's folder, at a place where nothing else is."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(run, to, symlinks=True)
    return to


@contextmanager
def own_surroundings(root: Path) -> Iterator[None]:
    """Inside, caches and temporary files of all children go into the campaign's folder, and nothing is fetched."""
    before = dict(os.environ)
    try:
        for name in ("XDG_CACHE_HOME", "TMPDIR"):
            path = root / name.lower()
            path.mkdir(exist_ok=True)
            os.environ[name] = str(path)
        os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "MPLBACKEND": "Agg"}
        # Python remembers where temporary files go, and children are forked.
        tempfile.tempdir = None
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        tempfile.tempdir = None
