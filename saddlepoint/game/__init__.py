"""The game: players, the joint field, and the dynamics that follow it.

It never sees a network's inside, data or a formula.
"""
