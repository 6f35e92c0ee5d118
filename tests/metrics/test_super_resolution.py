"""The command that measures bicubic interpolation: its steps on a small set, by torch's interpolation."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2ycbcr
from torch.nn.functional import interpolate

import saddlepoint as sp
from benchmarks.super_resolution import bicubic, main, reconstructed
from saddlepoint.command.main import main as sp_main
from saddlepoint.recipes.catalogue import recipe_named
from tests.tasks.examples import packed


def write(root: Path) -> None:
    generator = np.random.default_rng(0)
    for folder, names in (("Set5", ["baby", "bird"]), ("Set14", ["bridge", "comic"])):
        (root / folder / "HR").mkdir(parents=True)
        for name in names:
            shape = (90, 75) if name == "bridge" else (90, 75, 3)
            coarse = Image.fromarray(generator.integers(0, 256, (36, 30, *shape[2:]), dtype=np.uint8))
            coarse.resize((75, 90)).save(root / folder / "HR" / f"{name}.png")


def test_it_is_the_protocol_on_luma(tmp_path, capsys):
    write(tmp_path)
    out = tmp_path / "bicubic.json"
    assert main(["--data", str(tmp_path), "--out", str(out)]) == 0
    rows = {row["set"]: row for row in json.loads(out.read_text())["rows"]}
    assert set(rows) == {"Set5", "Set14", "comic"} and rows["Set14"]["psnr_of"].keys() == {"bridge", "comic"}
    for folder, names in (("Set5", ["baby", "bird"]), ("Set14", ["bridge", "comic"]), ("comic", ["comic"])):
        expected = [by_torch(tmp_path / rows_folder(folder) / "HR" / f"{name}.png") for name in names]
        found = {result["metric"]: result["value"] for result in rows[folder]["metrics"]}
        # Pillow rounds its filter's weights, so that a pixel may differ by 1.
        assert found["psnr"] == pytest.approx(np.mean(expected), abs=0.02)
    assert str(tmp_path.parent) not in out.read_text() and "28.43" in capsys.readouterr().out


def rows_folder(name: str) -> str:
    return "Set14" if name == "comic" else name


def by_torch(path: Path) -> float:
    pixels = np.asarray(Image.open(path))[:88, :72].astype(float)
    planes = torch.from_numpy(pixels.reshape(88, 72, -1)).permute(2, 0, 1)[None]
    for size in ((22, 18), (88, 72)):
        planes = interpolate(planes, size=size, mode="bicubic", antialias=True).round().clamp(0, 255)
    images = [planes[0].permute(1, 2, 0).numpy(), pixels.reshape(88, 72, -1)]
    lumas = [image[..., 0] if image.shape[2] == 1 else rgb2ycbcr(image / 255)[..., 0] for image in images]
    return float(10 * np.log10(255**2 / np.mean((lumas[0] - lumas[1])[4:-4, 4:-4] ** 2)))


def test_the_crop_is_at_the_top_left(tmp_path):
    write(tmp_path)
    path = tmp_path / "Set5" / "HR" / "baby.png"
    enlarged, original = reconstructed(path, bicubic)
    assert enlarged.shape == original.shape == (3, 88, 72) and enlarged.dtype == original.dtype == np.uint8
    np.testing.assert_array_equal(original, np.asarray(Image.open(path))[:88, :72].transpose(2, 0, 1))


def test_a_run_stands_beside_bicubic(tmp_path, capsys):
    write(tmp_path)
    recipe = recipe_named("srresnet-x4-small").shrunken()
    tiles = packed(labelled=False, channels=3, side=100)
    run = sp.train(recipe, data=tiles, out=tmp_path / "run", steps=1, set={"watch.samples": 1}, show=False)
    assert main(["--data", str(tmp_path), "--run", str(run.path)]) == 0
    record = json.loads((run.path / "super_resolution.json").read_text())
    alone = tmp_path / "bicubic.json"
    assert main(["--data", str(tmp_path), "--out", str(alone)]) == 0
    assert record["bicubic"] == json.loads(alone.read_text())["rows"]
    # By the saved files of the same command that a person would use.
    for name, reduced in (("baby", "RGB"), ("bridge", "L")):
        folder = "Set5" if name == "baby" else "Set14"
        with Image.open(tmp_path / folder / "HR" / f"{name}.png") as image:
            image.crop((0, 0, 72, 88)).resize((18, 22), Image.Resampling.BICUBIC).save(tmp_path / "small.png")
            original = np.asarray(image)[:88, :72]
        made = tmp_path / f"{name}.png"
        assert sp_main(["sample", str(run.path), "--data", str(tmp_path / "small.png"), "--out", str(made)]) == 0
        pixels = np.asarray(Image.open(made).convert(reduced))
        lumas = [rgb2ycbcr(each)[..., 0] if reduced == "RGB" else each.astype(float) for each in (pixels, original)]
        expected = 10 * np.log10(255**2 / np.mean((lumas[0] - lumas[1])[4:-4, 4:-4] ** 2))
        row = next(row for row in record["rows"] if row["set"] == folder)
        assert row["psnr_of"][name] == pytest.approx(expected, abs=2e-3)
    capsys.readouterr()


def test_a_folder_without_the_sets_is_named(tmp_path):
    with pytest.raises(SystemExit, match="Set5/HR"):
        main(["--data", str(tmp_path), "--out", str(tmp_path / "x.json")])
