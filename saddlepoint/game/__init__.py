"""The game: players, the joint field, and the dynamics that follow it; no network's inside, no data, no formula.

`corrections/` changes the field before a step follows it, `fast/` computes it faster; a further one is a file there.
"""
