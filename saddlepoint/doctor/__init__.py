"""Whether this machine and this installation can train, and how fast; of a run it says nothing.

To be changed here: what is examined (`examination.py`, `machine.py`, `speed.py`) and what is said of it.
"""
