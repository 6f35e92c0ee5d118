"""Sets that need no file: the digits of scikit-learn, drawn shapes, points whose density is known.

A further one is a reader here and an entry of `FORMATS` and `EMBEDDED` in data/opening.py.
"""
