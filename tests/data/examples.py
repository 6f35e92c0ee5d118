"""Small data sets of every format, made from a seed, for the tests of data/ and of what stands on it."""

import functools
import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saddlepoint.errors import UserError


def pixels(count: int = 6, channels: int = 3, height: int = 5, width: int = 7, seed: int = 0) -> np.ndarray:
    """Random uint8 (count, channels, height, width); every image is another one."""
    return np.random.default_rng(seed).integers(0, 256, (count, channels, height, width), dtype=np.uint8)


def picture(image: np.ndarray) -> Image.Image:
    """A PIL image of uint8 (channels, height, width)."""
    return Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(np.moveaxis(image, 0, -1)))


def encoded(image: np.ndarray | Image.Image, kind: str = "PNG", **options) -> bytes:
    """An image file's bytes."""
    stream = io.BytesIO()
    (image if isinstance(image, Image.Image) else picture(image)).save(stream, kind, **options)
    return stream.getvalue()


def write_folder(root: Path, images: np.ndarray, classes: Sequence[str] = ("",)) -> Path:
    """PNG files, dealt out to class folders in turn; sorted by path they are in the order class by class."""
    for index, image in enumerate(images):
        folder = root / classes[index % len(classes)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{index:03d}.png").write_bytes(encoded(image))
    return root


def write_zip(path: Path, entries: dict[str, bytes]) -> Path:
    """A zip file of named entries, in the order given."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, entries: dict[str, bytes], mode: str = "") -> Path:
    """A tar file of named entries, in the order given; packed as its name says."""
    mode = mode or {".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as archive:  # pyright: ignore
        for name, data in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def write_csv(path: Path, rows: np.ndarray, labels=None, *, header: bool = True) -> Path:
    """A table with a column for each pixel, as Kaggle's MNIST: the label first, then pixel0, pixel1, ..."""
    table = rows if labels is None else np.concatenate([np.asarray(labels)[:, None], rows], axis=1)
    names = [*([] if labels is None else ["label"]), *(f"pixel{at}" for at in range(rows.shape[1]))]
    lines = [",".join(names)] * header + [",".join(map(str, row)) for row in table.tolist()]
    text = "\n".join(lines).encode() + b"\n"
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def cifar_files(images: np.ndarray, labels, parts: Sequence[int], *, fine: bool = False) -> dict[str, bytes]:
    """The binary version by file name: `parts` of the images in each training batch and, last, in the test batch."""
    labels = np.asarray(labels, np.uint8)[:, None]
    columns = [labels // 2, labels] if fine else [labels]
    records = np.concatenate([*columns, images.reshape(len(images), -1)], axis=1)
    pieces = np.split(records, np.cumsum(parts)[:-1])
    names = [*(["train"] if fine else [f"data_batch_{at + 1}" for at in range(len(parts) - 1)])]
    names.append("test" if fine else "test_batch")
    files = {f"{name}.bin": piece.tobytes() for name, piece in zip(names, pieces, strict=True)}
    listed = "\n".join(f"class{at}" for at in range(int(labels.max()) + 1)).encode() + b"\n\n"
    return files | {"fine_label_names.txt" if fine else "batches.meta.txt": listed}


def write_cifar(folder: Path, images: np.ndarray, labels, parts: Sequence[int], *, fine: bool = False) -> Path:
    """A folder of the binary version."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in cifar_files(images, labels, parts, fine=fine).items():
        (folder / name).write_bytes(data)
    return folder


def write_parquet(path: Path, images: np.ndarray, labels=None, names: Sequence[str] | None = None, **columns) -> Path:
    """A parquet file in the Hugging Face image layout; `names` declares the classes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = [{"bytes": encoded(image), "path": f"{index}.png"} for index, image in enumerate(images)]
    table = {"image": pa.array(cells, kind)}
    features: dict[str, dict] = {"image": {"_type": "Image"}}
    if labels is not None:
        table["label"] = pa.array(labels)
        features["label"] = (
            {"names": list(names), "_type": "ClassLabel"} if names else {"dtype": "int64", "_type": "Value"}
        )
    for name, values in columns.items():
        table[name] = pa.array(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(pa.table(table).replace_schema_metadata(metadata), path, row_group_size=4)
    return path


def idx_bytes(array: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def write_idx(folder: Path, train: np.ndarray, test: np.ndarray, *, compressed: bool = False) -> Path:
    """The four files of MNIST; images (n, 1, h, w); label of image i is i mod 10."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, images in (("train", train), ("t10k", test)):
        for name, array in (("images-idx3", images[:, 0]), ("labels-idx1", np.arange(len(images)) % 10)):
            data = idx_bytes(array)
            file = folder / f"{part}-{name}-ubyte{'.gz' if compressed else ''}"
            file.write_bytes(gzip.compress(data) if compressed else data)
    return folder


@functools.lru_cache
def png_bomb(side: int = 30_000) -> bytes:
    """A whole one-bit PNG of side x side pixels, all black: small as a file, too large as an image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes(side * (1 + -(-side // 8))), 6)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def refusal(call: Callable[[], object]) -> str:
    """The one line with which a call refuses; it says what was given, what was expected and what to do."""
    with pytest.raises(UserError) as raised:
        call()
    line = str(raised.value)
    assert "\n" not in line and raised.value.got and raised.value.expected and raised.value.cure
    return line
