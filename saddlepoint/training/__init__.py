"""Training: the loop, the game that it plays, its state, observers, control and requests; it never sees an objective.

To be changed here: what happens in an iteration and between two; what is written of it is in records/, what it runs on
in machine/.
"""
