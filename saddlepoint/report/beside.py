"""What a run has written beside its samples: real images, the nearest training images, what their distances mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from saddlepoint.files import object_in
from saddlepoint.report.embed import Embedded, embed
from saddlepoint.report.state import count, short
from saddlepoint.run_folder import BESIDE, DISTANCES, NEAREST, REAL

# Bytes of either picture on a page.
_PICTURE = 700_000
# At less than so much of what lies between held-out and training images, a sample is worth a look.
_CLOSE = 0.5


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What stands beside the samples; what is missing or unreadable is None.

    Attributes:
        real: training images in the places of the samples.
        nearest: the first samples, and below each its nearest training image.
        distances: between the two, left to right.
        held_out: the median distance of held-out images from the training images; None where none are held out.
        held_out_images, training_images: of how many.
    """

    real: Embedded | None
    nearest: Embedded | None = None
    distances: tuple[float, ...] = ()
    held_out: float | None = None
    held_out_images: int = 0
    training_images: int = 0

    @property
    def close(self) -> int:
        """How many of the samples lie so near to a training image that they may be copies."""
        return sum(each < _CLOSE * self.held_out for each in self.distances) if self.held_out else 0

    @property
    def meaning(self) -> Iterator[str]:
        """What the distances say, in sentences."""
        if not self.distances:
            return
        yield (
            f"The distance is that of the pixels (0: the same image; the larger, the less alike): "
            f"{short(median(self.distances), 3)} in the middle of these {len(self.distances)}."
        )
        if self.held_out is None:
            yield (
                "No image was held out from training, so there is nothing to compare it with: a copy would lie near 0 "
                "and look the same."
            )
            return
        yield (
            f"Real images that were held out from training ({count(self.held_out_images)} of them) lie "
            f"{short(self.held_out, 3)} from the nearest of the {count(self.training_images)} training images, in the "
            "middle: so far apart are images that are no copies."
        )
        if self.close:
            yield (
                f"{self.close} of the {len(self.distances)} samples lie at less than half of that: compare them by "
                "eye, the generator may have learnt these images by heart. A blurred or an empty picture lies near to "
                "many, and is no copy."
            )
        else:
            yield "No sample lies at less than half of that: no sign that the generator has learnt images by heart."


def beside(run: Path, remarks: list[str]) -> Beside | None:
    """What a run folder has beside its samples; None for a run that has ended without it.

    Args:
        run: the folder.
        remarks: gets a sentence for each file that cannot be read.
    """
    folder = run / BESIDE
    if not folder.is_dir():
        return None
    real, nearest = (_picture(folder / name, remarks) for name in (REAL, NEAREST))
    told = _distances(folder / DISTANCES, remarks) if nearest is not None else None
    return Beside(real=real, nearest=nearest if told is not None else None, **(told or {}))


def _picture(file: Path, remarks: list[str]) -> Embedded | None:
    if not file.is_file():
        return None
    try:
        return embed(file, _PICTURE)
    except ValueError as error:
        remarks.append(f"{BESIDE}/{error}; it is left out.")
        return None


def _distances(file: Path, remarks: list[str]) -> dict[str, Any] | None:
    try:
        told = object_in(file.read_bytes())
    except OSError:
        told = None
    distances = told.get("distances") if told is not None else None
    if told is None or not isinstance(distances, list) or not all(_is_number(each) for each in distances):
        remarks.append(f"{BESIDE}/{file.name} is not readable; the nearest training images are left out.")
        return None
    return {
        "distances": tuple(float(each) for each in distances),
        "held_out": float(told["held_out"]) if _is_number(told.get("held_out")) else None,
        **{name: int(told[name]) for name in ("held_out_images", "training_images") if _is_number(told.get(name))},
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
