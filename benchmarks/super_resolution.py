"""Images enlarged 4 times, by SRGAN's protocol: python -m benchmarks.super_resolution --data FOLDER [--run RUN]

FOLDER holds Set5/HR and Set14/HR; RUN is a run of super-resolution, to be measured beside bicubic interpolation.
1. the image is cropped at the top left to a multiple of 4 in height and width;
2. it is reduced by Pillow's bicubic filter (a = -.5, widened by the factor when reducing, which is antialiasing) and
   enlarged by the same filter or by the run, each time rounded to 8 bits; a run on colour is given a grey image as
   three equal channels, and what it makes of it is turned to grey (BT.601);
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from PIL import Image

from benchmarks.record import now
from saddlepoint.api.load import load
from saddlepoint.files import write_whole
from saddlepoint.metrics.image_pairs import SUPER_RESOLUTION
from saddlepoint.metrics.psnr import psnr, psnr_values
from saddlepoint.metrics.ssim import ssim, ssim_srgan
from saddlepoint.sampling.translator import Translator
from saddlepoint.training.machine.device import describe

FACTOR = 4
SETS = {"Set5": "Set5", "Set14": "Set14", "comic": "Set14"}
ABOUT_BICUBIC = f"bicubic x{FACTOR} by Pillow {PIL.__version__}, antialiased, a = -.5, 8 bits"
# PSNR in dB and SSIM with the paper's window.
PUBLISHED = {"Set5": (28.43, 0.8211), "Set14": (25.99, 0.7486), "comic": (21.59, 0.6423)}


# What enlarges an image: from the reduced one to the one that is to be compared.
Enlarge = Callable[[Image.Image], Image.Image]


def bicubic(reduced: Image.Image) -> Image.Image:
    """Bicubic interpolation to `FACTOR` times the size."""
    return reduced.resize((reduced.width * FACTOR, reduced.height * FACTOR), Image.Resampling.BICUBIC)


def of_run(translator: Translator) -> Enlarge:
    """What a run of super-resolution makes of an image."""

    def enlarge(reduced: Image.Image) -> Image.Image:
        pixels = torch.from_numpy(_channels(reduced.convert("RGB")).copy())[None].float() / 255
        made = (translator(pixels)[0] * 255).round().to(torch.uint8)
        return Image.fromarray(made.permute(1, 2, 0).numpy()).convert(reduced.mode)

    return enlarge


def reconstructed(path: Path, enlarge: Enlarge) -> tuple[np.ndarray, np.ndarray]:
    """An image of a set as it was enlarged, and as it is, both uint8 (channels, height, width)."""
    with Image.open(path) as opened:
        width, height = (side - side % FACTOR for side in opened.size)
        original = opened.crop((0, 0, width, height))
    reduced = original.resize((width // FACTOR, height // FACTOR), Image.Resampling.BICUBIC)
    return _channels(enlarge(reduced)), _channels(original)


def measure(data: Path, enlarge: Enlarge = bicubic, about: str = ABOUT_BICUBIC) -> list[dict[str, Any]]:
    """PSNR and both SSIMs of each set and of comic alone, beside the figures published for bicubic interpolation."""
    rows = []
    for name, folder in SETS.items():
        paths = sorted((data / folder / "HR").glob("*.png" if name == folder else f"{name}.png"))
        if not paths:
            raise SystemExit(f"{data / folder / 'HR'}: got no images; expected Set5/HR and Set14/HR; name their parent")
        images, originals = zip(*(reconstructed(path, enlarge) for path in paths), strict=True)
        provenance = {
            "reference": {"split": name, "fingerprint": _fingerprint(paths)},
            "images": about,
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
    parser.add_argument(
        "--run", type=Path, help="a run of super-resolution, to be measured beside bicubic interpolation"
    )
    parser.add_argument(
        "--out", type=Path, help="where the JSON goes (default: docs/results/bicubic.json, or in the run)"
    )
    given = parser.parse_args(arguments)
    rows = measure(given.data)
    # The folders' own names only: where they stand on this machine is nobody else's concern.
    command = ["python", "-m", "benchmarks.super_resolution", "--data", given.data.name]
    record: dict[str, Any] = {
        "command": shlex.join(command),
        "date": now(),
        "machine": describe(torch.device("cpu")),
        "protocol": "Ledig et al. 2017, factor 4",
        "rows": rows,
    }
    compared: list[dict[str, Any]] = [{}] * len(rows)
    if given.run is not None:
        translator = load(given.run)
        if not isinstance(translator, Translator) or getattr(translator.task, "factor", None) != FACTOR:
            raise SystemExit(f"{given.run}: got another run; expected one of super-resolution, factor {FACTOR}")
        about = f"{given.run.name}, step {translator.step}, on the image reduced as for bicubic; 8 bits"
        compared = measure(given.data, of_run(translator), about)
        record |= {"command": shlex.join([*command, "--run", given.run.name]), "bicubic": rows, "rows": compared}
    print(f"{'set':8} {'metric':12} {'published':>10} {'bicubic':>9}" + (f" {'run':>9}" if given.run else ""))
    for row, other in zip(rows, compared, strict=True):
        for index, result in enumerate(row["metrics"]):
            published = row["published"].get(result["metric"])
            shown = " " * 10 if published is None else f"{published:10.4f}"
            made = f" {other['metrics'][index]['value']:9.4f}" if other else ""
            print(f"{row['set']:8} {result['metric']:12} {shown} {result['value']:9.4f}{made}")
    out = given.out or (Path("docs/results/bicubic.json") if given.run is None else given.run / "super_resolution.json")
    write_whole(out, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
