"""Small file systems of the campaign's own, in a name space of mounts that ends with the campaign."""

import ctypes
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_CLONE_NEWNS = 0x00020000


@cache
def refusal() -> str | None:
    """Takes a name space of its own, once; why that is not allowed here, or None.

    What is mounted afterwards is seen by this process and its children only, and is gone when they have ended.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        return "this user may not mount"
    done = _mount("--make-rprivate", "/")
    return None if done is None else f"mounting is refused: {done}"


@contextmanager
def small_disk(place: Path, kibibytes: int) -> Iterator[Path]:
    """A file system in memory of that size at a folder that is made; unmounted afterwards.

    Raises:
        PermissionError: this user may not mount; `refusal` says so beforehand.
    """
    if (reason := refusal()) is not None:
        raise PermissionError(reason)
    disk = place / "disk"
    disk.mkdir()
    if (reason := _mount("-t", "tmpfs", "-o", f"size={kibibytes}k,mode=777", "tmpfs", str(disk))) is not None:
        raise PermissionError(reason)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False)


def change(disk: Path, options: str) -> None:
    """Other options for a small disk: "size=8192k", "ro"."""
    if (reason := _mount("-o", f"remount,{options}", str(disk))) is not None:
        raise PermissionError(reason)


def _mount(*arguments: str) -> str | None:
    """Mounts; what the system said against it."""
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no command mount"
    return None if done.returncode == 0 else " ".join(done.stderr.split()) or "no reason given"
