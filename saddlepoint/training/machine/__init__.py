"""The machine that a run is on: device, threads, precision, memory, layout; what fits, and what is fast.

To be changed here: how one of them is found out or set; nothing here may change what a game computes but its rounding.
"""
