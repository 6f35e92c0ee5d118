"""The embedded set `digits`: 1,797 handwritten digits of 8x8 pixels that scikit-learn carries; nothing is downloaded.

Values 0..16 (counts of black pixels in 4x4 cells) become round(255 v / 16). Source: E. Alpaydin, C. Kaynak, "Optical
recognition of handwritten digits", UCI Machine Learning Repository (CC BY 4.0), its test part.
"""

import numpy as np

from saddlepoint.data.arrays import item_name
from saddlepoint.data.source import Options, Source


def read_digits(location: str, options: Options) -> Source:
    """The digits; classes "0" to "9"."""
    from sklearn.datasets import load_digits  # here, because it is slow to import

    values, labels = (np.asarray(array) for array in load_digits(return_X_y=True))
    images = np.round(values.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    return Source(
        format="digits",
        count=len(images),
        name=item_name(location),
        blocks=lambda: iter([images]),
        labels=labels.astype(np.int64),
        classes=tuple("0123456789"),
    )
