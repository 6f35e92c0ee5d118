"""The process that a run has for itself: torch's generator, threads, algorithms, and the allocator."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from saddlepoint.recipes.specification import Recipe
from saddlepoint.training.machine import device as machine
from saddlepoint.training.machine.allocator import keep_memory


@contextmanager
def own_process(device: torch.device, recipe: Recipe, threads: int | None) -> Iterator[None]:
    """Inside, torch's generator, threads and algorithms are the run's; a caller gets his back as they were.

    Only the allocator goes on keeping memory, which changes nothing but speed.
    """
    threads_before, deterministic_before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            if recipe.training.keep_memory:
                keep_memory()
            machine.set_threads(threads)
            if recipe.training.deterministic:
                # cuBLAS is only deterministic with a workspace of fixed size, which it reads when it starts.
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
                torch.use_deterministic_algorithms(True)
            yield
        finally:
            if torch.are_deterministic_algorithms_enabled() != deterministic_before:
                # Only then: this call imports torch's compiler.
                torch.use_deterministic_algorithms(deterministic_before)
            torch.set_num_threads(threads_before)
