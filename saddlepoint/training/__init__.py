"""Training: the loop, the run's state and its folder, observers and control.

It never sees an objective or a network's inside.
"""
