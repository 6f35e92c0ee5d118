"""The embedded set `digits`: 1,797 handwritten digits of 8x8 pixels that scikit-learn carries; nothing is downloaded.

Values 0..16 (counts of black pixels in 4x4 cells) become round(255 v / 16). Source: E. Alpaydin, C. Kaynak, "Optical
recognition of handwritten digits", UCI Machine Learning Repository (CC BY 4.0), its test part.
"""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from saddlepoint.data.formats.arrays import item_name
from saddlepoint.data.source import Options, Source


def read_digits(location: str, options: Options) -> Source:
    """The digits; classes "0" to "9"."""
    values, labels = _values_and_labels()
    images = np.round(values.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    return Source(
        format="digits",
        count=len(images),
        name=item_name(location),
        blocks=lambda: iter([images]),
        labels=labels.astype(np.int64),
        classes=tuple("0123456789"),
    )


def _values_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """Values and labels, (n, 64) and (n,), from scikit-learn's file; scikit-learn itself takes a second to import."""
    spec = find_spec("sklearn")
    file = Path(spec.origin or "").parent / "datasets" / "data" / "digits.csv.gz" if spec is not None else None
    if file is not None and file.is_file():
        with gzip.open(file, "rt") as text:
            table = np.loadtxt(text, delimiter=",")
        return table[:, :-1], table[:, -1]
    from sklearn.datasets import load_digits

    values, labels = load_digits(return_X_y=True)
    return np.asarray(values), np.asarray(labels)
