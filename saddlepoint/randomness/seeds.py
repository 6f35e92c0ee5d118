"""Counter-based random numbers: a value is a function of (seed, stream, step, substep, sample index), never of history.

A running generator would have to be stored and replayed; a counter only has to be counted. So a resumed run draws what
the uninterrupted one would have drawn, and the numbers of a sample do not depend on how a batch is cut into
micro-batches or spread over ranks. The generator is Philox-4x64 (Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", 2011).
"""

import hashlib

import numpy as np
import torch
from torch import Tensor

# Philox yields four 64-bit words per counter value; a sample starts at a whole counter, so that it can be addressed.
_WORDS_PER_COUNTER = 4


def derive_seed(seed: int, stream: str, *counters: int) -> int:
    """A 63-bit seed that is a pure function of its arguments, for generators that are seeded whole (dropout, a probe).

    Args:
        seed: the run's seed.
        stream: what the numbers are for. Two streams share no numbers, unless one is named like the other's counters go
            on: ("a", 1, 2) and ("a/1", 2) are the same.
        counters: step, substep, and whatever else tells two draws apart.
    """
    return int.from_bytes(_digest(seed, stream, counters)[:8], "little") >> 1


def uniform(seed: int, stream: str, *counters: int, samples: range | np.ndarray, width: int) -> Tensor:
    """Uniform numbers in the open interval (0, 1), one row per sample.

    Args:
        seed, stream, counters: as in `derive_seed`.
        samples: global indices of the samples; row i depends on samples[i] alone, not on its neighbours.
        width: numbers per sample.

    Returns:
        float64, (len(samples), width).
    """
    if width == 0 or len(samples) == 0:
        return torch.empty(len(samples), width, dtype=torch.float64)
    counters_per_sample = -(-width // _WORDS_PER_COUNTER)
    key = np.frombuffer(_digest(seed, stream, counters), dtype=np.uint64)[:2]
    blocks = []
    for first, count in _stretches(samples):
        generator = np.random.Philox(key=key)
        generator.advance(first * counters_per_sample)
        words = generator.random_raw(count * counters_per_sample * _WORDS_PER_COUNTER)
        blocks.append(words.reshape(count, -1)[:, :width])
    words = (blocks[0] if len(blocks) == 1 else np.concatenate(blocks)) >> np.uint64(12)
    # 52 bits, shifted by half a unit: neither 0 nor 1 can occur, so logarithms and inverse distributions are finite.
    # With 53 bits the half would be lost in rounding, and the topmost number would be 1.
    numbers = words.astype(np.float64)
    numbers += 0.5
    numbers *= 2.0**-52
    return torch.from_numpy(numbers)


def _stretches(samples: range | np.ndarray) -> list[tuple[int, int]]:
    """First index and length of each unbroken stretch: consecutive samples are consecutive counters, for one call."""
    if isinstance(samples, range) and samples.step == 1:
        return [(samples.start, len(samples))]
    indices = np.asarray(samples, dtype=np.uint64)
    parts = np.split(indices, np.flatnonzero(np.diff(indices) != 1) + 1)
    return [(int(part[0]), len(part)) for part in parts]


def permutation(count: int, seed: int, stream: str, *counters: int) -> np.ndarray:
    """A permutation of range(count), int64, that is a pure function of its arguments."""
    key = np.frombuffer(_digest(seed, stream, counters), dtype=np.uint64)[:2]
    # Sorting raw words instead of Generator.permutation: numpy keeps the bit stream for ever, but not its shuffles.
    return np.argsort(np.random.Philox(key=key).random_raw(count), kind="stable")


def _digest(seed: int, stream: str, counters: tuple[int, ...]) -> bytes:
    text = f"{int(seed)}/{stream}/" + "/".join(str(int(counter)) for counter in counters)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
