"""The sets that the sweep trains on, made from what a person has: the ORL faces, the Twitter emoji, CIFAR-10, MNIST.

faces-32, faces-64   rows 12 to 104 of the 400 pictures, to 64 x 64 and from there to 32 x 32 (Lanczos), grey
faces                the same pictures as they are, 92 x 112
emoji                64 x 64 with alpha: `img/twitter/64` of the npm package emoji-datasource-twitter 16.0.0
cifar                32 x 32 in colour, the subset of 10,000
mnist                28 x 28, grey
"""

from collections.abc import Callable
from pathlib import Path

from benchmarks.faces import squares

FACES = "faces/orl_faces_400.parquet"
SETS: dict[str, Callable[[Path, Path], Path]] = {
    "faces-32": lambda data, made: squares(data / FACES, made)[32],
    "faces-64": lambda data, made: squares(data / FACES, made)[64],
    "faces": lambda data, made: data / FACES,
    "emoji": lambda data, made: data / "emoji",
    "cifar": lambda data, made: data / "cifar10" / "cifar10_10k_train_2k_test.parquet",
    "mnist": lambda data, made: data / "mnist",
}


def place_of(name: str, data: Path, made: Path) -> Path:
    """Where a set is.

    Args:
        name: of SETS.
        data: the folder that holds what a person has.
        made: where squares are written that are made of it.

    Raises:
        SystemExit: it is not there.
    """
    place = SETS[name](data, made)
    if not place.exists():
        raise SystemExit(f"the set {name}: got nothing at {place}; expected it in the folder of --data; see sets.py")
    return place
