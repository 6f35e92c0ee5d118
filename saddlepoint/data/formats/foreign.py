"""Files that people have and that are not read: what each is, and a conversion that works.

Nothing here is opened beyond its first bytes. A pickle is a program: files from elsewhere are never unpickled, by
whatever name they go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from saddlepoint.data.formats.cifar import find_batches, of_pickles
from saddlepoint.data.layout import has_image_suffix
from saddlepoint.errors import UserError, counted

# Suffixes of files that are read as they are, in the order in which one of several is proposed.
READ_AS_THEY_ARE = (
    *(".npz", ".npy", ".parquet", ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2"),
    *(".csv", ".csv.gz"),
)
_PLAIN = "images, or plain arrays of numbers"
_SAVE = "numpy.savez('images.npz', images=..., labels=...)"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of file.

    Attributes:
        what: the file is.
        cure: an instruction; FILE stands for the file.
        suffixes: in small letters.
        beginnings: how such files begin.
    """

    what: str
    cure: str
    suffixes: tuple[str, ...] = ()
    beginnings: tuple[bytes, ...] = ()


KINDS = (
    Kind(
        what="a RAR archive",
        cure="unpack it (`7z x FILE`) and give the folder",
        suffixes=(".rar",),
        beginnings=(b"Rar!\x1a\x07",),
    ),
    Kind(
        what="a 7z archive",
        cure="unpack it (`7z x FILE`) and give the folder",
        suffixes=(".7z",),
        beginnings=(b"7z\xbc\xaf\x27\x1c",),
    ),
    Kind(
        what="a file packed by xz or zstd",
        cure="unpack it (`tar xf FILE` for an archive, or `unxz FILE`, `unzstd FILE`) and give what comes out",
        suffixes=(".xz", ".txz", ".zst"),
        beginnings=(b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"),
    ),
    Kind(
        what="a pickle, which may run any program when it is opened",
        cure=f"where you trust it, open it yourself and save its arrays with {_SAVE}",
        suffixes=(".pkl", ".pickle", ".pck", ".joblib", ".dill"),
        beginnings=tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6)),
    ),
    Kind(
        what="a file of PyTorch, which is a pickle inside",
        cure=f"where you trust it, open it with torch.load and save its tensors with {_SAVE}; a Dataset goes to "
        "saddlepoint.train(data=...) as it is",
        suffixes=(".pt", ".pth"),
    ),
    Kind(
        what="a file of weights, not of data",
        cure="give the images that were trained on, or are to be",
        suffixes=(".safetensors", ".ckpt", ".onnx"),
    ),
    # MATLAB's later files are HDF5 behind a first block: the beginning decides before the name does.
    Kind(
        what="an HDF5 file",
        cure="save its arrays with numpy.savez('images.npz', images=h5py.File('FILE')['NAME'][:], labels=...)",
        suffixes=(".h5", ".hdf5", ".he5", ".hdf"),
        beginnings=(b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3"),
    ),
    Kind(
        what="a MATLAB file",
        cure="save its arrays with numpy.savez('images.npz', images=scipy.io.loadmat('FILE')['NAME'], labels=...); "
        "the items go first (SVHN: numpy.moveaxis(X, -1, 0))",
        suffixes=(".mat",),
        beginnings=(b"MATLAB 5.0 MAT-file",),
    ),
    Kind(
        what="a file of TensorFlow's records",
        cure="write its images as files into a folder with tf.data.TFRecordDataset, or take the set from Hugging Face "
        "as hf:OWNER/NAME",
        suffixes=(".tfrecord", ".tfrecords", ".tfrec"),
    ),
    Kind(
        what="an LMDB database",
        cure="write the values, which are image files, into a folder with the lmdb library (LSUN: its data.py export)",
        suffixes=(".mdb", ".lmdb"),
    ),
    Kind(
        what="an Arrow file",
        cure="save it as Parquet: pyarrow.parquet.write_table(pyarrow.feather.read_table('FILE'), 'images.parquet')",
        suffixes=(".arrow", ".feather"),
        beginnings=(b"ARROW1",),
    ),
    Kind(
        what="a spreadsheet",
        cure="save it as .csv, with a column for each pixel, or give a folder of images",
        suffixes=(".xlsx", ".xls", ".ods"),
    ),
    Kind(
        what="a video",
        cure="write its frames into a folder (`ffmpeg -i FILE frames/%06d.png`) and give that",
        suffixes=(".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v"),
    ),
    Kind(
        what="a gzip file",
        cure="unpack it (`gunzip -k FILE`) and give what comes out",
        suffixes=(".gz",),
        beginnings=(b"\x1f\x8b",),
    ),
)
# It may stand beside any data, and says something of it only where it was given itself.
_LIST = Kind(
    what="a table or a list",
    cure="give the folder or archive with the images themselves",
    suffixes=(".tsv", ".txt", ".json", ".jsonl", ".xml", ".yaml", ".yml"),
)


def kind_of(name: str, head: bytes = b"") -> Kind | None:
    """The kind of a file by how it begins, or else by its name; None for one that is not known."""
    # Shards are numbered: train.tfrecord-00000-of-00005.
    lower = name.lower().rpartition(".tfrecord-")[0] + ".tfrecord" if ".tfrecord-" in name.lower() else name.lower()
    told = [kind for kind in KINDS if kind.beginnings and head.startswith(kind.beginnings)]
    named = [kind for kind in KINDS if lower.endswith(kind.suffixes)]
    return next(iter(told + named), None)


def refusal(path: Path, head: bytes, expected: str) -> UserError:
    """What to say of a file that no reader takes.

    Args:
        head: its first bytes.
        expected: what a person may give, in words, where the file's kind says nothing better.
    """
    if (pickled := of_pickles([path.name])) is not None:
        return UserError(f"{path}, {pickled.what}", pickled.expected, pickled.cure)
    if has_image_suffix(path.name):
        return UserError(
            f"{path}, one image", expected, f"give the folder that holds it and others like it, {path.parent}"
        )
    if not head:
        return UserError(f"{path}, which is empty", expected, "get or make it again")
    if find_batches([path.name]) is not None:
        return UserError(f"{path}, one batch of CIFAR", expected, f"give the folder that holds it, {path.parent}")
    kind = kind_of(path.name, head) or (_LIST if path.name.lower().endswith(_LIST.suffixes) else None)
    if kind is not None:
        return UserError(f"{path}, {kind.what}", _PLAIN, kind.cure.replace("FILE", str(path)))
    return UserError(
        f"{path}, a file of no known kind (it begins with {head[:12]!r})",
        expected,
        f"convert it to image files in a folder, or to arrays with {_SAVE}",
    )


def without_images(path: Path, what: str, names: Sequence[str], expected: str, unpack: str | None = None) -> UserError:
    """What to say of a folder or archive that holds other files only.

    Args:
        path: of the place.
        what: it is, in words, such as "a zip file".
        names: its files, relative POSIX paths.
        expected: what it should hold.
        unpack: of an archive, the command that unpacks it; of a folder None.
    """
    place = f"{path}, {what}"
    step = f"unpack it (`{unpack}`) and give " if unpack else "give "
    if (pickled := of_pickles(names)) is not None:
        return UserError(f"{place} with {pickled.what}", pickled.expected, pickled.cure)
    shown = sorted(names)
    held = f"{place} without images"
    if names:
        held += f" (it holds {counted(len(names), 'other file')}, such as {shown[0]})"
    for suffix in READ_AS_THEY_ARE:
        if found := [name for name in shown if name.lower().endswith(suffix)]:
            several = f", or another of the {len(found)} {suffix} files" if len(found) > 1 else ""
            given = found[0] if unpack else path / found[0]
            return UserError(held, expected, f"{step}the file {given} itself{several}")
    for name in shown:
        if (kind := kind_of(PurePosixPath(name).name)) is not None:
            inside = f"unpack it (`{unpack}`); of {name}, " if unpack else f"of {name}, "
            return UserError(f"{held}, {kind.what}", expected, inside + kind.cure.replace("FILE", name))
    return UserError(held, expected, "give a place that holds images")
