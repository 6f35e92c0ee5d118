"""Faster ways to the same gradients: each has its plain reference in `game/`, and a law that both agree.

A way may be changed as long as `tests/laws/test_fast_paths.py` holds; the mathematics stands with the reference.
"""
