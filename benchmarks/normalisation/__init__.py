"""Does batch normalisation close the field, and does ReLU work best? `python -m benchmarks.normalisation`.

To be changed here: the design, what is measured of a run, and how the hypotheses are judged; the page's figures come
from the recorded runs alone.
"""
