"""Archives and arrays, damaged, lying or bombs: zip, npz, npy, Parquet, IDX, tar, CSV, dataset.json."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from benchmarks.hostile.archive_bombs import BOMBS
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.looking import damage_some, look
from benchmarks.hostile.pictures import encoded
from benchmarks.hostile.workshop import Workshop

COUNT = 6


def _zip(place: Path, random: Random) -> Path:
    path = place / "data.zip"
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(path, "w", random.choice(methods)) as archive:
        for index in range(COUNT):
            archive.writestr(f"{random.choice('ab')}/{index}.png", encoded(random))
    return path


def _zip_with_labels(place: Path, random: Random) -> Path:
    """As NVIDIA's dataset_tool writes it: shards, and the labels in dataset.json."""
    path = place / "data.zip"
    names = [f"{index // 3:05d}/img{index:08d}.png" for index in range(COUNT)]
    labels: object = [[name, index % 2] for index, name in enumerate(names)]
    if random.random() < 0.7:
        labels = random.choice((None, [], {}, [[]], [["a"]], [[1, 2]], [[names[0], "x"]], [[names[0], -1]], "x", 3))
    text = json.dumps({"labels": labels})
    if random.random() < 0.3:
        text = random.choice(("", "[" * 100_000, "{", "9" * 5_000, '{"labels": NaN}', "null", '{"a": 1}', "\x00\xff"))
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, encoded(random))
        archive.writestr("dataset.json", text)
    return path


def _npz(place: Path, random: Random) -> Path:
    path = place / "data.npz"
    names = random.choice((("images", "labels"), ("x_train", "y_train"), ("train_images", "train_labels"), ("x", "y")))
    kind = random.choice((np.uint8, np.uint8, np.float32, np.int64, np.float16, np.bool_, np.complex64, "U3", "M8[s]"))
    shape = random.choice(((COUNT, 8, 8), (COUNT, 8, 8, 3), (COUNT, 3, 8, 8), (COUNT,), (COUNT, 0, 8), (0, 8, 8), ()))
    images = np.frombuffer(random.randbytes(4096), np.uint8)[: int(np.prod(shape))].reshape(shape).astype(kind)
    labels = np.arange(COUNT).reshape(random.choice(((COUNT,), (COUNT, 1), (2, COUNT // 2))))
    save = random.choice((np.savez, np.savez_compressed))
    save(path, **{names[0]: images, names[1]: labels})
    return path


def _npy(place: Path, random: Random) -> Path:
    path = place / "data.npy"
    values = np.frombuffer(random.randbytes(COUNT * 64), np.uint8).reshape(COUNT, 8, 8)
    if random.random() < 0.5:
        with np.errstate(invalid="ignore"):
            values = values.astype(np.float32) * random.choice((1, 1e30, np.inf, np.nan, -1))
    np.save(path, values)
    return path


def _parquet(place: Path, random: Random) -> Path:
    path = place / "data.parquet"
    rows = [{"bytes": encoded(random), "path": None} for _ in range(COUNT)]
    columns: dict[str, object] = {"image": rows, "label": [index % 2 for index in range(COUNT)]}
    if random.random() < 0.4:
        columns[random.choice(("image", "label"))] = random.choice(
            ([None] * COUNT, ["x"] * COUNT, [-1] * COUNT, [b"\xff"] * COUNT, [1e300] * COUNT, [[1, 2]] * COUNT)
        )
    parquet.write_table(pa.table(columns), path, compression=random.choice(("snappy", "gzip", "none", "zstd")))
    return path


def _idx(place: Path, random: Random) -> Path:
    """MNIST's four files, of which one is damaged; compressed or not."""
    folder = place / "idx"
    folder.mkdir()
    packed = random.random() < 0.5
    for part in ("train", "t10k"):
        images = struct.pack(">IIII", 0x803, COUNT, 8, 8) + random.randbytes(COUNT * 64)
        labels = struct.pack(">II", 0x801, COUNT) + bytes(range(COUNT))
        for name, content in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            path = folder / (f"{name}.gz" if packed else name)
            path.write_bytes(gzip.compress(content) if packed else content)
    return random.choice(sorted(folder.iterdir()))


def _tar(place: Path, random: Random) -> Path:
    path = place / random.choice(("data.tar", "data.tar.gz", "data.tgz"))
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for index in range(COUNT):
            content = encoded(random)
            entry = tarfile.TarInfo(random.choice((f"a/{index}.png", f"../{index}.png", f"/{index}.png", "a/b")))
            entry.size = len(content)
            entry.type = random.choice(
                (tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)
            )
            entry.linkname = "/etc/hostname"
            archive.addfile(entry, io.BytesIO(content))
    return path


def _csv(place: Path, random: Random) -> Path:
    path = place / random.choice(("train.csv", "data.csv"))
    columns = random.choice((64, 64, 63, 0, 5_000))
    value = random.choice(("0", "255", "256", "-1", "nan", "1e400", "x", "", "9" * 5_000, '"'))
    rows = [["label", *(f"pixel{index}" for index in range(columns))]]
    rows += [[str(random.randrange(10)), *("7" for _ in range(columns))] for _ in range(COUNT)]
    if len(rows[2]) > 1:
        rows[2][random.randrange(1, len(rows[2]))] = value
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    return path


def _list_of_labels(place: Path, random: Random) -> Path:
    """Label files beside a folder of images; the folder is looked at."""
    folder = place / "images"
    folder.mkdir()
    for index in range(COUNT):
        (folder / f"{index}.png").write_bytes(encoded(random))
    name = random.choice(("dataset.json", "labels.csv", "list_attr_celeba.txt", "labels.json"))
    path = random.choice((folder, place)) / name
    good = {"labels": [[f"{index}.png", index % 2] for index in range(COUNT)]}
    path.write_text(json.dumps(good) if name.endswith("json") else "2\nSmiling Young\n0.png 1 -1\n1.png -1 1\n")
    return path


_MAKERS: tuple[Callable[[Path, Random], Path], ...] = (
    *(_zip, _zip_with_labels, _npz, _npy, _parquet, _idx, _tar, _csv, _list_of_labels),
)


def prepare(workshop: Workshop) -> Attack:
    def attempt(index: int, random: Random, place: Path) -> Outcome:
        if index % 4 == 0:
            said, make = BOMBS[index // 4 % len(BOMBS)]
            return look(workshop, make(place, random), place, random, said)
        make_good = _MAKERS[index % len(_MAKERS)]
        path = make_good(place, random)
        said = damage_some(path, random) if random.random() < 0.8 else "as it is"
        # A file that belongs into a folder is looked at as that folder.
        data = path.parent if path.parent != place else place / "images" if (place / "images").is_dir() else path
        if not data.exists():
            path.write_bytes(b"")
        return look(workshop, data, place, random, f"{make_good.__name__[1:]} {path.name}: {said}")

    return Attack(attempt=attempt)


KIND = Kind(
    name="archives",
    tried="zip, npz, npy, Parquet, IDX, tar, CSV and files of labels damaged, with headers that lie, and bombs, read "
    "by data check and train",
    good="read, or named on one line; in 20 s of computing and 1 GiB",
    prepare=prepare,
)
