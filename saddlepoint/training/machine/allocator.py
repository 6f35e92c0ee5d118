"""The memory allocator: a training process keeps the memory that it has once had.

A step frees and allocates the same blocks over and over. glibc gives their memory back to the system in between, so
that the kernel zeroes every page anew in each step: up to a quarter of a step's processor time. Here blocks of up to
32 MiB come from a heap that is not trimmed. Larger ones are mapped each by itself as before: in a heap they would leave
holes that the next one does not fit into, and the peak would grow. Other allocators (tcmalloc, jemalloc, mimalloc,
those of other systems) decide for themselves and are left alone. docs/speed.md has the measurements.
Source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
"""

import ctypes
import os
import sys
from functools import lru_cache
from pathlib import Path

# Libraries that replace malloc when they are preloaded, by what their files' names begin with.
PRELOADED = {"libtcmalloc": "tcmalloc", "libjemalloc": "jemalloc", "libmimalloc": "mimalloc"}
# From malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# The largest threshold that glibc itself comes to, when it sees that blocks of such a size are freed.
_MAPPED = 32 * 2**20
# Trimming begins when so many bytes are free at the heap's end; the largest number that mallopt takes.
_NEVER = 2**31 - 1
# How a person tells glibc the same things in the environment, old and new.
_VARIABLES = ("MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
_TUNABLES = ("glibc.malloc.mmap_max", "glibc.malloc.mmap_threshold", "glibc.malloc.trim_threshold")


def allocator() -> str:
    """The name of the process's allocator: tcmalloc, jemalloc, mimalloc, glibc; "the system's" for any other."""
    if not sys.platform.startswith("linux"):
        return "the system's"
    for name in _mapped():
        for beginning, known in PRELOADED.items():
            if name.startswith(beginning):
                return known
    return "glibc" if hasattr(ctypes.CDLL(None), "gnu_get_libc_version") else "the system's"


@lru_cache
def keep_memory() -> str:
    """Lets glibc keep what is freed, for the rest of the process; other allocators are left as they are.

    Returns:
        What was done, in words.
    """
    name = allocator()
    if name != "glibc":
        return f"{name}, as it is"
    if chosen := chosen_in_environment():
        return f"glibc, as {chosen} in the environment says"
    libc = ctypes.CDLL(None)
    if libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED) and libc.mallopt(_M_TRIM_THRESHOLD, _NEVER):
        return "glibc, which keeps the memory that is freed"
    return "glibc, which did not take the settings that would keep freed memory"


def chosen_in_environment() -> str | None:
    """The variable by which a person has told glibc what to keep, or None."""
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    if any(name in tunables for name in _TUNABLES):
        return "GLIBC_TUNABLES"
    return next((name for name in _VARIABLES if name in os.environ), None)


def _mapped() -> set[str]:
    """Names of the files that are mapped into this process."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # a system that hides it
        return set()
    return {Path(fields[5]).name for line in lines if len(fields := line.split(maxsplit=5)) == 6}
