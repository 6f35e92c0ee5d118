"""A file for each format that data may have: what stands in a place becomes a `Source`, before a pixel is decoded.

A further format is a reader here, its entry in `FORMATS` of data/opening.py and an example in tests/laws/test_data.py.
"""
