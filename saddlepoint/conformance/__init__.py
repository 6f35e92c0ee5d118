"""Conformance: the exact numbers of the theory, measured on the trainer's own pieces.

A further check gives rows (`row.py`) and is called by `suite.py`; its expected numbers are derived, never measured.
"""
