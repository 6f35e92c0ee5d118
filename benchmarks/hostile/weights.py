"""Files that run code when they are unpickled, at every place where a file from elsewhere is read.

Each bomb makes a file when it goes off. That file must never be there, whatever the command answers.
"""

import gzip
import hashlib
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.hostile.damage import NEWEST
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.manifests import sign
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import Workshop, fresh_copy, settings, shown


class Bomb:
    """What makes a file when it is unpickled."""

    def __init__(self, marker: Path, how: str):
        self.marker, self._how = str(marker), how

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        import builtins
        import os

        if self._how == "open":
            return builtins.open, (self.marker, "w")
        if self._how == "system":
            return os.system, (f"touch '{self.marker}'",)
        return builtins.exec, (f"open({self.marker!r}, 'w')",)


HOWS = ("open", "system", "exec")


def plain(bomb: Bomb, random: Random) -> bytes:
    """The bomb alone, or in a dictionary as weights are."""
    held = random.choice((bomb, {"state_dict": {"weight": bomb}}, {"weight": np.zeros(3), "more": bomb}, [bomb]))
    return pickle.dumps(held, protocol=random.randrange(6))


def torch_archive(bomb: Bomb, random: Random) -> bytes:
    """As torch.save writes it: a zip with data.pkl."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", plain(bomb, random))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    return file.getvalue()


def torch_script(bomb: Bomb, random: Random) -> bytes:
    """As torch.jit.save writes it, with constants.pkl."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("data.pkl", "constants.pkl"):
            archive.writestr(f"archive/{name}", plain(bomb, random))
        archive.writestr("archive/code/__torch__.py", "class Module(Module):\n  pass\n")
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def torch_legacy(bomb: Bomb, random: Random) -> bytes:
    """As torch.save wrote it first: pickles one after another."""
    magic = 0x1950A86A20F9469CFC6C
    return b"".join(pickle.dumps(part, protocol=2) for part in (magic, 1001, {"little_endian": True}, bomb, []))


def old_tar(bomb: Bomb, random: Random) -> bytes:
    """The tar of the oldest torch."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            content = plain(bomb, random)
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def array(bomb: Bomb, random: Random) -> bytes:
    """A .npy of objects."""
    file = io.BytesIO()
    np.save(file, np.array([bomb, bomb], dtype=object), allow_pickle=True)
    return file.getvalue()


def arrays(bomb: Bomb, random: Random) -> bytes:
    """An .npz of which the images, or the labels, are objects."""
    file = io.BytesIO()
    images = np.zeros((4, 8, 8), np.uint8)
    names = random.choice((("images", "labels"), ("labels", "images"), ("x_train", "y_train")))
    objects = np.array([bomb] * 4, dtype=object)
    np.savez(file, allow_pickle=True, **{names[0]: images, names[1]: objects})
    return file.getvalue()


def zipped_pickle(bomb: Bomb, random: Random) -> bytes:
    """A zip in which a pickle lies beside, or calls itself, an image."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("data.pkl", "a.png", "labels.pkl", "dataset.json"):
            archive.writestr(name, plain(bomb, random))
    return file.getvalue()


def batches(bomb: Bomb, random: Random) -> bytes:
    """CIFAR's python version: a .tar.gz of pickles."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("batches.meta", "data_batch_1", "test_batch"):
            content = pickle.dumps({b"data": bomb, b"labels": [0, 1]}, protocol=2)
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def compressed(bomb: Bomb, random: Random) -> bytes:
    """A pickle in gzip."""
    return gzip.compress(plain(bomb, random))


def yaml_tag(bomb: Bomb, random: Random) -> bytes:
    """YAML with a tag that builds Python objects."""
    call = random.choice(("object/apply:os.system", "object/apply:builtins.exec", "object/new:builtins.open"))
    marker = bomb.marker
    return f'name: digits\nsummary: !!python/{call} ["{marker}"]\nseed: !!python/{call} ["touch {marker}"]\n'.encode()


BOMBS: tuple[Callable[[Bomb, Random], bytes], ...] = (
    *(plain, torch_archive, torch_script, torch_legacy, old_tar, array, arrays, zipped_pickle, batches, compressed),
    yaml_tag,
)
# Names under which a file is given; what stands in it need not be what its name says.
_NAMES = (
    "w.pt",
    "w.pth",
    "w.npz",
    "w.npy",
    "w.zip",
    "w.pkl",
    "w.safetensors",
    "w.tar.gz",
    "w.gz",
    "w.parquet",
    "w.csv",
)


def prepare(workshop: Workshop) -> Attack:
    run = workshop.small_run

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        marker = place / "gone-off"
        bomb = BOMBS[index % len(BOMBS)]
        content = bomb(Bomb(marker, random.choice(HOWS)), random)
        name, arguments = _given(content, place, run, random, index // len(BOMBS))
        ended = workshop.verb(arguments, place)
        fault = fault_of(ended)
        if marker.exists():
            fault = "the planted code was run"
        elif fault is None and ended.code == 0:
            fault = "exit code 0 for a file that holds nothing to be used"
        return Outcome(what=f"{bomb.__name__} as {name}; {shown(arguments)}", fault=fault)

    return Attack(attempt=attempt)


def _given(content: bytes, place: Path, run: Path, random: Random, way: int) -> tuple[str, list[str]]:
    """Puts the file somewhere where it is read; its name, and the command."""
    name = random.choice(_NAMES)
    path = place / name
    match way % 6:
        case 0:
            path.write_bytes(content)
            return name, ["data", "check", str(path)]
        case 1:
            path.write_bytes(content)
            return name, [
                "train",
                "images",
                "--data",
                str(path),
                "--out",
                str(place / "new"),
                "--steps",
                "1",
                *settings(),
            ]
        case 2:
            path.write_bytes(content)
            features = random.choice(("inception", "inception-clean", "dinov2", "vgg19"))
            return f"{features}:{name}", ["evaluate", str(run), "--features", f"{features}:{path}"]
        case 3:
            (place / "recipe.yaml").write_bytes(content)
            out = ["--out", str(place / "new"), "--steps", "1"]
            return "recipe.yaml", ["train", str(place / "recipe.yaml"), *out]
        case 4:
            (place / "data").mkdir()
            (place / "data" / name).write_bytes(content)
            (place / "data" / "image.png").write_bytes(content)
            return f"data/{name}", ["data", "check", str(place / "data")]
    damaged = fresh_copy(run, place / "run") / NEWEST
    file = random.choice(("networks", "averages")) + ".safetensors"
    (damaged / file).write_bytes(content)
    manifest = json.loads((damaged / "manifest.json").read_text())
    manifest["files"][file] = hashlib.sha256(content).hexdigest()
    (damaged / "manifest.json").write_text(json.dumps(sign(manifest)))
    # Of the newest checkpoint alone: falling back to an older one would be right, too.
    step = str(Workshop.STEPS)
    return f"the run's {file}", ["sample", str(place / "run"), "--step", step, "--out", str(place / "drawn.png")]


KIND = Kind(
    name="weights",
    tried="pickles that run code, as .pt, .pth, TorchScript, .npy, .npz, zip, tar.gz, YAML tags and signed "
    "checkpoints, where data, features, recipes and runs are read",
    good="refused on one line; the planted code never runs",
    prepare=prepare,
)
