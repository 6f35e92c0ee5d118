"""A person's own images through runs that make images from images: in Python, and by `sample --data`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint as sp
from saddlepoint.command.main import main
from saddlepoint.command.translating import starts_from_images
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.recipes.catalogue import recipe_named
from tests.tasks.examples import packed

QUICK = {"watch.log_every": 1, "watch.samples": 2, "training.threads": 1}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, sp.Run]:
    """A run of each task, a step long."""
    folder = tmp_path_factory.mktemp("runs")
    tiles = packed(labelled=False, channels=3, side=100)
    sides = [packed(labelled=False, channels=3, side=32) for _ in range(2)]
    found = {}
    for name in ("srresnet-x4-small", "pix2pix", "cyclegan"):
        pairs = ImagePairs(
            sources=sides[0],
            targets=sides[1],
            paired=name == "pix2pix",
            layout="a test",
            fingerprint="2" * 64,
            source="random",
            split_rule="a test",
        )
        data = tiles if name.startswith("srresnet") else pairs
        recipe = recipe_named(name).shrunken()
        found[name] = sp.train(recipe, data=data, out=folder / name, steps=1, set=QUICK, show=False)
    return found


def _photograph(height: int, width: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def _pixels(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image).transpose(2, 0, 1).copy())[None].float() / 255


@pytest.mark.parametrize(
    ("name", "size", "made"),
    [
        ("srresnet-x4-small", (7, 10), (28, 40)),
        ("pix2pix", (64, 32), (64, 32)),
        ("cyclegan", (12, 20), (12, 20)),
    ],
)
def test_images_of_other_sizes_than_in_training(
    name: str, size: tuple[int, int], made: tuple[int, int], runs: dict[str, sp.Run]
) -> None:
    translator = sp.load(runs[name])
    assert isinstance(translator, sp.Translator) and translator.step == 1
    images = torch.cat([_pixels(_photograph(size[0], size[1], seed)) for seed in range(3)])
    found = translator(images)
    assert found.shape == (3, 3, *made) and found.dtype == torch.float32
    assert 0 <= found.min() < found.max() <= 1
    assert torch.equal(found, translator.translate(images))
    # Whatever else is translated.
    assert torch.equal(found[1:2], translator(images[1:2]))
    # It is the network's own answer, in evaluation mode.
    task: Any = translator.task
    network = task.generator.eval()
    low, high = network.source_range
    with torch.no_grad():
        expected = torch.cat([network(each[None] * (high - low) + low) for each in images])
    torch.testing.assert_close(found, ((expected + 1) / 2).clamp(0, 1), rtol=1e-4, atol=1e-5)


def test_a_large_photograph_is_enlarged_in_pieces_without_seams(
    runs: dict[str, sp.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    translator = sp.load(runs["srresnet-x4-small"])
    images = _pixels(_photograph(70, 45))
    whole = translator(images)
    sizes = []
    network: Any = translator.task.generator
    network.register_forward_pre_hook(lambda _, given: sizes.append(tuple(given[0].shape[2:])))
    monkeypatch.setattr("saddlepoint.sampling.translator._PIECE", 16)
    pieces = translator(images)
    # A row or column less would be seen: the margin is as narrow as it can be, but for the rounding up.
    assert network.reach == 12 and max(max(size) for size in sizes) == 16 + 2 * 12 and len(sizes) == 5 * 3
    torch.testing.assert_close(pieces, whole, rtol=0, atol=1e-5)
    network.reach -= 2
    assert (translator(images) - whole).abs().max() > 0


@pytest.mark.parametrize(
    ("name", "size", "padded"),
    [
        ("cyclegan", (30, 17), (32, 20)),
        ("cyclegan", (4, 64), (8, 64)),
        ("cyclegan", (1, 3), (8, 8)),
        ("pix2pix", (48, 32), (64, 32)),
        ("pix2pix", (9, 70), (32, 96)),
    ],
)
def test_sides_that_do_not_fit_are_continued_by_reflection_and_cut_back(
    name: str, size: tuple[int, int], padded: tuple[int, int], runs: dict[str, sp.Run]
) -> None:
    translator = sp.load(runs[name])
    images = _pixels(_photograph(*size))
    assert translator.padded(*size) == padded
    made = translator(images)
    assert made.shape == (1, 3, *size)
    # The same by hand: what the generator makes of the reflected image, and of it the place of the image itself.
    top, left = ((after - before) // 2 for before, after in zip(size, padded, strict=True))
    around = [(0, 0), (0, 0), (top, padded[0] - size[0] - top), (left, padded[1] - size[1] - left)]
    whole = translator(torch.from_numpy(np.pad(images.numpy(), around, mode="reflect")))
    assert torch.equal(made, whole[:, :, top : top + size[0], left : left + size[1]])


def test_the_way_back_is_the_other_generator(runs: dict[str, sp.Run]) -> None:
    translator = sp.load(runs["cyclegan"])
    images = _pixels(_photograph(16, 16))
    with torch.no_grad():
        expected = translator.task.generator_back(images * 2 - 1) / 2 + 0.5
    torch.testing.assert_close(translator(images, back=True), expected, rtol=1e-4, atol=1e-5)
    assert not torch.equal(translator(images, back=True), translator(images))
    with pytest.raises(sp.UserError, match="task cycle"):
        sp.load(runs["pix2pix"])(_pixels(_photograph(32, 32)), back=True)


@pytest.mark.parametrize(
    ("name", "images", "complaint"),
    [
        ("srresnet-x4-small", torch.rand(1, 1, 8, 8), "1 channels; expected 3"),
        ("srresnet-x4-small", torch.rand(3, 8, 8), r"shape \(3, 8, 8\)"),
        ("srresnet-x4-small", torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "torch.uint8"),
        ("srresnet-x4-small", 2 * torch.ones(1, 3, 8, 8), r"images in \[2, 2\]"),
        ("srresnet-x4-small", torch.full((1, 3, 8, 8), torch.nan), "images in .nan"),
    ],
)
def test_what_cannot_be_translated_is_refused(name: str, images, complaint: str, runs: dict[str, sp.Run]) -> None:
    with pytest.raises(sp.UserError, match=complaint):
        sp.load(runs[name])(images)


def test_a_folder_is_enlarged_under_the_same_names(
    runs: dict[str, sp.Run], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    own, run = tmp_path / "my.photographs", runs["srresnet-x4-small"]
    (own / "inner").mkdir(parents=True)
    first, second = _photograph(5, 9, 1), _photograph(6, 4, 2).convert("L")
    first.save(own / "first.bmp")
    second.save(own / "inner" / "second.png")
    out = tmp_path / "large"
    command = ["sample", str(run.path), "--data", str(own), "--out", str(out), "--json"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out) == {"out": str(out), "count": 2, "step": 1}
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == ["first.png", "inner/second.png"]
    made = np.asarray(Image.open(out / "first.png"))
    expected = (sp.load(run)(_pixels(first))[0] * 255).round().numpy().transpose(1, 2, 0)
    assert made.shape == (20, 36, 3) and np.array_equal(made, expected)
    grey = Image.open(out / "inner" / "second.png")
    assert grey.size == (16, 24) and grey.mode == "L"
    before = (out / "first.png").read_bytes()
    assert main(command) == 2 and "which exists" in capsys.readouterr().err
    assert (out / "first.png").read_bytes() == before
    # Without --out, each time another folder in the run.
    assert main(command[:4]) == main(command[:4]) == 0
    places = capsys.readouterr().out.split()
    assert len(set(places)) == 2 and all((Path(place) / "first.png").is_file() for place in places)


def _with_alpha(height: int, width: int) -> Image.Image:
    image = _photograph(height, width)
    image.putalpha(_photograph(height, width, 5).convert("L"))
    return image


def test_alpha_is_enlarged_by_itself_and_put_back(
    runs: dict[str, sp.Run], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    image, run = _with_alpha(6, 9), runs["srresnet-x4-small"]
    image.save(tmp_path / "a.png")
    assert main(["sample", str(run.path), "--data", str(tmp_path / "a.png"), "--out", str(tmp_path / "b.png")]) == 0
    assert capsys.readouterr().err == "1 image: alpha enlarged by itself (bicubic)\n"
    made = Image.open(tmp_path / "b.png")
    assert made.mode == "RGBA" and made.size == (36, 24)
    # The colours are those of the image without alpha, and not those over white.
    expected = (sp.load(run)(_pixels(image.convert("RGB")))[0] * 255).round().numpy().transpose(1, 2, 0)
    assert np.array_equal(np.asarray(made.convert("RGB")), expected)
    enlarged = image.getchannel("A").resize((36, 24), Image.Resampling.BICUBIC)
    assert np.array_equal(np.asarray(made.getchannel("A")), np.asarray(enlarged))


def test_what_is_done_to_ones_images_is_said_on_standard_error(
    runs: dict[str, sp.Run], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name in ("a", "b"):
        _with_alpha(32, 32).save(own / f"{name}.png")
    deep = np.linspace(0, 65_535, 40 * 33).astype(np.uint16).reshape(40, 33)
    Image.fromarray(deep).save(own / "deep.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    _photograph(32, 64).save(own / "turned.png", exif=turned)
    assert main(["sample", str(runs["pix2pix"].path), "--data", str(own), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(tmp_path / "out")] and sorted(said.err.splitlines()) == [
        "1 image of 33x40 continued by reflection to multiples of 32, and what is made cut back",
        "1 image: 16-bit grey, scaled to 8 bits by round(v / 257); values 0..65535",
        "1 image: grey to colour",
        "1 image: turned upright, as the EXIF orientation says",
        "2 images: alpha laid over white",
    ]
    sizes = {path.stem: Image.open(path).size for path in (tmp_path / "out").glob("*.png")}
    assert sizes == {"a": (32, 32), "b": (32, 32), "deep": (33, 40), "turned": (32, 64)}
    # What would come out black is not guessed at.
    Image.fromarray(deep // 16).save(own / "deep.png")
    assert main(["sample", str(runs["pix2pix"].path), "--data", str(own), "--out", str(tmp_path / "dark")]) == 2
    line = capsys.readouterr().err
    assert "values 0..4095" in line and "save them as 8 bits" in line and "--set" not in line


def test_rectangular_pairs_are_trained_and_sampled_in_their_own_size(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for index in range(4):
        _photograph(80, 320, index).save(data / f"{index}.png")
    tiny = ["networks.width=2", "networks.discriminator_layers=1", "training.threads=1", "watch.samples=1"]
    command = ["train", "pix2pix-small", "--data", str(data), "--steps", "1", "--out"]
    settings = [word for setting in tiny for word in ("--set", setting)]
    assert main([*command, str(tmp_path / "cut"), *settings]) == 0
    first = capsys.readouterr().err.splitlines()[1:3]
    assert first == [
        "data: sources and targets: 4 images of 160x80 scaled and cut to 64x64 (centre)",
        "data: --set data.size=native keeps their own size, 160x80, --set data.fit=pad the whole pictures on a border",
    ]
    assert main([*command, str(tmp_path / "whole"), *settings, "--set", "data.fit=pad"]) == 0
    first = capsys.readouterr().err.splitlines()[1:3]
    assert first[0].endswith("4 images of 160x80 scaled and padded to 64x64 (border of the colour of their edge)")
    assert first[1] == "data: --set data.size=native keeps their own size, 160x80"
    assert main([*command, str(tmp_path / "own"), *settings, "--set", "data.size=native"]) == 0
    first = capsys.readouterr().err.splitlines()[:2]
    assert first[0].endswith("training pairs of 3x80x160") and not first[1].startswith("data: ")
    (tmp_path / "one").mkdir()
    _photograph(80, 160).save(tmp_path / "one" / "a.png")
    for run in ("cut", "own"):
        out = tmp_path / f"made-{run}"
        assert main(["sample", str(tmp_path / run), "--data", str(tmp_path / "one"), "--out", str(out)]) == 0
        assert Image.open(out / "a.png").size == (160, 80)
    assert capsys.readouterr().err.count("continued by reflection") == 1


def test_a_size_that_the_networks_cannot_take_has_the_nearest_named(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for side in ("a", "b"):
        (tmp_path / "data" / side).mkdir(parents=True)
        for index in range(4):
            _photograph(30, 43, index).save(tmp_path / "data" / side / f"{index}.png")
    tiny = ["networks.width=2", "networks.blocks=1", "training.threads=1", "watch.samples=1", "data.size=16x16"]
    settings = [word for setting in tiny for word in ("--set", setting)]
    command = ["train", "cyclegan-small", "--data", str(tmp_path / "data"), "--steps", "1", *settings, "--out"]
    assert main([*command, str(tmp_path / "run")]) == 0
    said = capsys.readouterr().err.splitlines()[2]
    assert said == "data: in place of 16x16 (height x width): resize to 32x44, the nearest, with --set data.size=32x44"
    assert main([*command, str(tmp_path / "near"), "--set", "data.size=32x44"]) == 0
    capsys.readouterr()


def test_a_single_file_goes_to_a_file_or_into_a_folder(
    runs: dict[str, sp.Run], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    _photograph(32, 32).save(tmp_path / "one.png")
    base = ["sample", str(runs["cyclegan"].path), "--data", str(tmp_path / "one.png")]
    assert main([*base, "--out", str(tmp_path / "new.png"), "--back"]) == 0
    assert main([*base, "--out", str(tmp_path / "new")]) == 0
    assert Image.open(tmp_path / "new.png").size == Image.open(tmp_path / "new" / "one.png").size == (32, 32)
    assert (tmp_path / "new.png").read_bytes() != (tmp_path / "new" / "one.png").read_bytes()
    capsys.readouterr()


def test_mistakes_are_said_before_anything_is_written(
    runs: dict[str, sp.Run], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    _photograph(8, 8).save(own / "a.png")
    out = tmp_path / "out"

    def said(name: str, *more: str) -> str:
        assert main(["sample", str(runs[name].path), *more, "--out", str(out)]) == 2
        assert not out.exists()
        return capsys.readouterr().err

    data = ["--data", str(own)]
    assert "without --data" in said("cyclegan")
    assert "--count" in said("cyclegan", *data, "--count", "3")
    assert "--neighbours" in said("cyclegan", *data, "--neighbours", "3")
    assert "does not exist" in said("cyclegan", "--data", str(tmp_path / "nowhere"))
    assert "task cycle" in said("pix2pix", "--data", str(own), "--back")
    for name in ("b.png", "c.png"):
        (own / name).write_bytes(b"no image")
    line = said("cyclegan", *data)
    assert "2 files of" in line and "b.png (" in line and "c.png (" in line and f"move them out of {own}" in line
    assert "1 file of" in (line := said("cyclegan", "--data", str(own / "b.png"))) and "give another file" in line
    for name in ("b", "c"):
        _photograph(8, 8).save(own / f"{name}.png")
        _photograph(8, 8).save(own / f"{name}.bmp")
    assert "b.bmp and b.png, and 1 such pair more" in said("cyclegan", *data)
    (own / "empty").mkdir()
    line = said("cyclegan", "--data", str(own / "empty"))
    assert "without images" in line and "give a folder of images" in line and "archive or array" not in line
    assert main(["interpolate", str(runs["pix2pix"].path)]) == 2
    assert "a run with latents" in capsys.readouterr().err


def test_runs_that_start_from_images_are_known(runs: dict[str, sp.Run]) -> None:
    assert all(starts_from_images(str(run.path)) for run in runs.values())


def test_a_run_with_latents_takes_no_images(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    run = sp.train("digits", out=tmp_path / "run", steps=1, show=False)
    assert main(["sample", str(run.path), "--data", str(tmp_path)]) == 2
    assert "--data without --neighbours" in capsys.readouterr().err
    assert main(["sample", str(run.path), "--back"]) == 2
    assert "--back" in capsys.readouterr().err
