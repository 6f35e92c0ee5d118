"""The real game near where a run stands: its Jacobian, the theory's formula for it, kernels, and what follows.

To be changed here: what is measured of one point of the game, and the verdict; signals over time are the watch's.
"""
