"""The embedded digits are scikit-learn's."""

import numpy as np
from sklearn.datasets import load_digits

from saddlepoint.data import open_data


def test_the_digits_are_scikit_learn_s_on_the_scale_of_bytes():
    values, labels = load_digits(return_X_y=True)
    packed = open_data("digits")
    assert packed.shape == (1, 8, 8) and len(packed) == 1797 and packed.classes == tuple("0123456789")
    assert np.abs(packed.items.reshape(1797, 64) * (16 / 255) - values).max() < 0.04
    assert set(np.unique(packed.items)) <= {round(255 * level / 16) for level in range(17)}
    np.testing.assert_array_equal(packed.labels, labels)
    assert set(packed.splits) == {"train", "held_out"} and 120 < len(packed.splits["held_out"]) < 240
