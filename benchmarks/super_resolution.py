"""python -m benchmarks.super_resolution --data FOLDER: bicubic interpolation, factor 4, by the SRGAN paper's protocol.

FOLDER holds Set5/HR and Set14/HR. The protocol, step by step:
1. the image is cropped at the top left to a multiple of 4 in height and width;
2. it is reduced and enlarged again by Pillow's bicubic filter (a = -.5, widened by the factor when reducing, which is
   antialiasing), each time rounded to 8 bits;
3. luma of studio-range BT.601, not rounded; an image of one channel (Set14's bridge) is its own luma, as it is;
4. 4 pixels are left out on every side; PSNR against 255; the mean over a set is that of the images' decibels.
Published (Ledig et al. 2017, table 2 and figure 2): Set5 28.43 dB and .8211, Set14 25.99 and .7486, comic 21.59 and
.6423.
"""

import argparse
import hashlib
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from PIL import Image

from saddlepoint.files import write_whole
from saddlepoint.metrics.image_pairs import SUPER_RESOLUTION
from saddlepoint.metrics.psnr import psnr, psnr_values
from saddlepoint.metrics.ssim import ssim, ssim_srgan

FACTOR = 4
SETS = {"Set5": "Set5", "Set14": "Set14", "comic": "Set14"}
# PSNR in dB and SSIM with the paper's window.
PUBLISHED = {"Set5": (28.43, 0.8211), "Set14": (25.99, 0.7486), "comic": (21.59, 0.6423)}


def bicubic(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """An image of a set and its bicubic reconstruction, both uint8 (channels, height, width)."""
    with Image.open(path) as opened:
        width, height = (side - side % FACTOR for side in opened.size)
        original = opened.crop((0, 0, width, height))
    reduced = original.resize((width // FACTOR, height // FACTOR), Image.Resampling.BICUBIC)
    return _channels(reduced.resize((width, height), Image.Resampling.BICUBIC)), _channels(original)


def measure(data: Path) -> list[dict[str, Any]]:
    """PSNR and both SSIMs of each set and of comic alone, beside the published figures."""
    rows = []
    for name, folder in SETS.items():
        paths = sorted((data / folder / "HR").glob("*.png" if name == folder else f"{name}.png"))
        if not paths:
            raise SystemExit(f"{data / folder / 'HR'}: got no images; expected Set5/HR and Set14/HR; name their parent")
        images, originals = zip(*map(bicubic, paths), strict=True)
        provenance = {
            "reference": {"split": name, "fingerprint": _fingerprint(paths)},
            "images": f"bicubic x{FACTOR} by Pillow {PIL.__version__}, antialiased, a = -.5, 8 bits",
        }
        results = [
            metric(images, originals, protocol=SUPER_RESOLUTION, provenance=provenance).as_json()
            for metric in (psnr, ssim_srgan, ssim)
        ]
        decibels = psnr_values(images, originals, SUPER_RESOLUTION).tolist()
        rows.append(
            {
                "set": name,
                "published": dict(zip(("psnr", "ssim_srgan"), PUBLISHED[name], strict=True)),
                "metrics": results,
                "psnr_of": {path.stem: round(value, 3) for path, value in zip(paths, decibels, strict=True)},
            }
        )
    return rows


def _channels(image: Image.Image) -> np.ndarray:
    pixels = np.array(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _fingerprint(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.super_resolution", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds Set5/HR and Set14/HR")
    parser.add_argument("--out", type=Path, default=Path("docs/results/bicubic.json"), help="where the JSON goes")
    given = parser.parse_args(arguments)
    rows = measure(given.data)
    print(f"{'set':8} {'metric':12} {'measured':>9} {'published':>10}")
    for row in rows:
        for result in row["metrics"]:
            published = row["published"].get(result["metric"])
            shown = "" if published is None else f"{published:10.4f}"
            print(f"{row['set']:8} {result['metric']:12} {result['value']:9.4f} {shown}")
    # The folder's own name only: where it stands on this machine is nobody else's concern.
    command = ["python", "-m", "benchmarks.super_resolution", "--data", given.data.name]
    record = {"command": shlex.join(command), "protocol": "Ledig et al. 2017, factor 4", "rows": rows}
    write_whole(given.out, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
