"""The squares of the ORL faces that sweeps and judges are shown: 400 pictures of 40 people, as folders of PNG files.

Rows 12 to 104 of each picture, to 64 x 64 pixels and from there to 32 x 32, by Lanczos.
(The ORL Database of Faces, AT&T Laboratories Cambridge; Samaria and Harter 1994.)
"""

import io
from pathlib import Path

import pyarrow.parquet
from PIL import Image

# A square without the edge of the hair and the collar.
_ROWS = (12, 104)
SIDES = (64, 32)


def squares(faces: Path, out: Path) -> dict[int, Path]:
    """The folders of squares by their side, made in `out` where they are not there yet.

    Args:
        faces: orl_faces_400.parquet.
        out: where faces-64 and faces-32 stand.
    """
    places = {side: out / f"faces-{side}" for side in SIDES}
    if all(place.exists() for place in places.values()):
        return places
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(pyarrow.parquet.read_table(faces).column("image").to_pylist()):
        picture = Image.open(io.BytesIO(item["bytes"]))
        picture = picture.crop((0, _ROWS[0], picture.width, _ROWS[1]))
        for side in SIDES:
            picture = picture.resize((side, side), Image.Resampling.LANCZOS)
            picture.save(places[side] / f"{number:03d}.png")
    return places
