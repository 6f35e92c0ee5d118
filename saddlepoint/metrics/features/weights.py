"""Published weights from a file of the user's: tensors by name, and nothing that could run.

A state dict (.pth, read with weights_only) or a safetensors file is told apart by its first bytes, not by its name. A
TorchScript archive carries code and a pickled module names classes to build; both are refused. Nothing is fetched:
where the file is missing, the message says where it is published.
"""

import hashlib
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError, reading

MEANWHILE = "meanwhile use --features hog, or a classifier trained on your own labels"
# Counts the batches that a batch normalisation saw in training: old files lack it, and evaluation does not use it.
COUNTER = "num_batches_tracked"


@dataclass(frozen=True, kw_only=True)
class Published:
    """A weights file that somebody published.

    Attributes:
        file: its name.
        url: where it stands, for the person to fetch.
        sha256: the first digits of its hash, where the publisher states them.
        ignored: beginnings of names that the file holds beside the features.
    """

    file: str
    url: str
    sha256: str | None = None
    ignored: tuple[str, ...] = ()


def read_weights(path: Path, published: Published) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file by name, and what a record says about the file.

    Args:
        path: a state dict or a safetensors file.
        published: which file was asked for.

    Returns:
        Tensors as stored, on the CPU; and {"weights": {"file", "sha256", "published"}}, where `published` is whether
        the hash is the one that the publisher states, null where none is stated.

    Raises:
        UserError: no such file, TorchScript, a pickled module, a damaged file, or one that is no flat state dict.
    """
    wanted = f"{published.file}, published at {published.url}"
    if not path.is_file():
        raise UserError(f"no file {path}", f"the weights {wanted}", f"download it and name its path; {MEANWHILE}")
    with path.open("rb") as file:
        start = file.read(16)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    found = _read_safetensors(path, wanted) if start[8:9] == b"{" else _read_state_dict(path, wanted)
    is_published = None if published.sha256 is None else digest.startswith(published.sha256)
    return found, {"weights": {"file": path.name, "sha256": digest, "published": is_published}}


def fill(build: type[nn.Module] | Any, tensors: Mapping[str, Tensor], path: Path, published: Published) -> Any:
    """A network with the tensors of a file as its parameters and buffers, frozen, in evaluation mode, float32.

    Args:
        build: makes the network; called on the meta device, so that no weights are drawn.
        tensors: by name, as `read_weights` gives them.
        path: for messages.
        published: which file the names and shapes are those of.

    Raises:
        UserError: names the first tensor that is missing, left over or of another shape.
    """
    with torch.device("meta"):
        network = build()
    expected = {name: value.shape for name, value in network.state_dict().items() if not name.endswith(COUNTER)}
    given = {
        name: value
        for name, value in tensors.items()
        if not name.endswith(COUNTER) and not name.startswith(published.ignored)
    }
    cure = f"use {published.file}, published at {published.url}; {MEANWHILE}"
    for name, shape in expected.items():
        if name not in given:
            raise UserError(f"{path} without {name!r}", f"a tensor of that name, {tuple(shape)}", cure)
        if given[name].shape != shape:
            raise UserError(f"{name!r} of shape {tuple(given[name].shape)} in {path}", f"{tuple(shape)}", cure)
    for name in given:
        if name not in expected:
            raise UserError(f"{name!r} in {path}", "no tensor of that name", cure)
    filled = {name: given[name].detach().float().contiguous() for name in expected}
    for name, value in network.state_dict().items():
        if name.endswith(COUNTER):
            filled[name] = torch.zeros_like(value, device="cpu")
    network.load_state_dict(filled, assign=True)
    return network.requires_grad_(False).eval()


def _read_safetensors(path: Path, wanted: str) -> dict[str, Tensor]:
    with reading(f"{path}, a damaged safetensors file", f"the weights {wanted}", "copy it anew"):
        return safetensors.torch.load_file(path)


def _read_state_dict(path: Path, wanted: str) -> dict[str, Tensor]:
    cure = "save module.state_dict(), not the module, or download the file anew"
    what = f"{path}, which holds more than tensors or is damaged", f"a state dict or safetensors file: {wanted}", cure
    if zipfile.is_zipfile(path):
        with reading(*what), zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        # torch.jit.save writes a folder of source code and a file of constants, torch.save neither.
        if any("code" in Path(name).parts or Path(name).name == "constants.pkl" for name in names):
            raise UserError(
                f"{path}, a TorchScript archive, which carries code",
                f"a state dict or safetensors file: {wanted}",
                "download that file; nothing in a weights file is ever run",
            )
    try:
        # An open file, because torch chooses another reader by the end of a name. What torch remarks on the way is no
        # news to a person: a file is taken, or refused below.
        with path.open("rb") as file, warnings.catch_warnings(action="ignore"):
            found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        # Any kind, as in `errors.reading`; but torch's own words are left out: they advise to run what the file holds.
        raise UserError(f"{what[0]} ({type(error).__name__})", *what[1:]) from error
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()
    ):
        raise UserError(
            f"{path}, a {type(found).__name__} that is no flat dictionary of tensors",
            f"a state dict: {wanted}",
            "save the inner dictionary of tensors by name on its own",
        )
    return dict(found)
