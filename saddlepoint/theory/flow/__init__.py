"""The field followed in time: trajectories by Euler and by an adaptive solver, on the plane and on finitely many atoms.

A further solver or constraint on p_g is a file here; the energy V stands once, in `energy`.
"""
