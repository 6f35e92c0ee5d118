"""Memory that is freed is kept where glibc is the allocator; elsewhere nothing is done."""

import os
import subprocess
import sys

import pytest

from saddlepoint.training.machine import allocator

# Blocks of 16 MiB, used and freed again and again.
BLOCKS = """
import resource
import torch
from saddlepoint.training.machine.allocator import keep_memory
if {keep}:
    print(keep_memory())

def step():
    blocks = [torch.ones(2**22) for _ in range(6)]
    return sum(float(block[0]) for block in blocks)

for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF)
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before.ru_minflt)
"""

glibc = pytest.mark.skipif(allocator.allocator() != "glibc", reason="another allocator than glibc's")


@pytest.fixture
def fresh():
    """keep_memory is asked anew; what it has done to this process stays, and harms nothing."""
    allocator.keep_memory.cache_clear()
    yield
    allocator.keep_memory.cache_clear()


def _played(keep: bool, **environment: str) -> list[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS.format(keep=keep)],
        capture_output=True,
        text=True,
        env={**clean, "OMP_NUM_THREADS": "1", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@glibc
def test_blocks_that_are_used_again_are_not_asked_of_the_system_again():
    # A block has 4,096 pages. How many of them fault if nobody says anything is a matter of luck, so they are mapped.
    (faults,) = map(int, _played(keep=False, MALLOC_MMAP_THRESHOLD_="131072"))
    said, fewer = _played(keep=True)
    assert said == "glibc, which keeps the memory that is freed"
    assert int(fewer) < faults / 10, (faults, fewer)


@glibc
@pytest.mark.parametrize(
    ("variable", "value"),
    [("MALLOC_TRIM_THRESHOLD_", "131072"), ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=131072")],
)
def test_what_a_person_has_chosen_stays(monkeypatch, fresh, variable, value):
    monkeypatch.setenv(variable, value)
    assert allocator.keep_memory() == f"glibc, as {variable} in the environment says"


@glibc
def test_other_tunables_are_no_choice(monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    assert allocator.chosen_in_environment() is None


def test_a_preloaded_allocator_is_left_alone(monkeypatch, fresh):
    monkeypatch.setattr(allocator, "_mapped", lambda: {"libc.so.6", "libtcmalloc_minimal.so.4"})
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(allocator.ctypes, "CDLL", _untouched)
    assert allocator.keep_memory() == "tcmalloc, as it is"


def test_another_libc_is_left_alone(monkeypatch, fresh):
    class Musl:
        """Without gnu_get_libc_version, and without mallopt."""

    monkeypatch.setattr(allocator, "_mapped", set)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: Musl())
    assert allocator.keep_memory() == "the system's, as it is"


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_another_system_is_left_alone(monkeypatch, fresh, system):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(allocator.ctypes, "CDLL", _untouched)
    assert allocator.keep_memory() == "the system's, as it is"


def _untouched(name: object) -> None:
    raise AssertionError("the C library was asked")
