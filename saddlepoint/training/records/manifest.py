"""The manifest of a checkpoint: what it says of itself, checked before anything is done with it.

Its digest tells damage, and is no signature: whoever writes a manifest can write a fitting digest too. So every entry
is checked for being what a run writes, and a manifest in which one is not counts as damaged like any other.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from saddlepoint.errors import UserError, printable
from saddlepoint.files import object_in

FORMAT = 1
MANIFEST = "manifest.json"
NETWORKS = "networks.safetensors"
_MOST = 2**63
CURE = "resume the run: the newest valid checkpoint is used"

Count = Annotated[int, Field(ge=0, lt=_MOST)]
# Of the checkpoint's own folder: no separators, no dots that lead out of it.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.safetensors$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Manifest(BaseModel):
    """What `save` writes; further entries are left to later versions of the same format."""

    model_config = ConfigDict(strict=True, extra="allow")

    format: int
    step: Count
    images: Count
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    seed: Count
    branch: Count = 0
    seeding: Literal[1, 2] = 1
    overrides: dict[str, Annotated[float, Field(allow_inf_nan=False)]]
    about: dict[str, Any]
    files: Annotated[dict[FileName, Digest], Field(min_length=1)]


class NewerFormat(UserError):
    """A checkpoint that a newer version wrote: falling back to an older one would silently lose its progress."""


def read_manifest(path: Path, settings: Collection[str] | None = None) -> dict[str, Any]:
    """What the manifest of a checkpoint says.

    Args:
        path: the checkpoint's folder; its name is the step.
        settings: names of what may be overridden; None where nothing is done with overrides.

    Raises:
        UserError: it is damaged.
        NewerFormat: it is of a format that this version does not know.
    """
    name = f"checkpoint {path}"
    try:
        content = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise UserError(
            f"{name} whose manifest cannot be read ({error.strerror or error})", "a whole manifest", CURE
        ) from error
    manifest = object_in(content)
    version = manifest.get("format") if manifest is not None else None
    if manifest is None or type(version) is not int:
        raise UserError(f"{name} whose manifest cannot be read", "a JSON object with its format", CURE)
    # Before the digest: a newer format may reckon it in another way, and must not pass for a damaged checkpoint.
    if version > FORMAT:
        raise NewerFormat(
            f"{name} of format {version}", f"format {FORMAT} or older", "use the newer saddlepoint that wrote it"
        )
    if manifest.get("sha256") != digest_of(manifest):
        raise UserError(
            f"{name} whose manifest has changed", f"sha256 {printable(str(manifest.get('sha256')))[:12]}...", CURE
        )
    problem = _problem_of(manifest, path.name, settings)
    if problem is not None:
        raise UserError(f"{name} whose manifest has {problem}", "what a run writes", CURE)
    return manifest


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The sha256 of what a manifest says, whatever its layout as text; the digest itself is left out."""
    said = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _problem_of(manifest: Mapping[str, Any], folder: str, settings: Collection[str] | None) -> str | None:
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        first = error.errors()[0]
        return f"a wrong entry {'.'.join(map(str, first['loc']))!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
    if NETWORKS not in manifest["files"]:
        return f"no {NETWORKS}"
    # A damaged one that was set aside has another name.
    if folder.isdecimal() and int(folder) != manifest["step"]:
        return f"the step {manifest['step']}"
    unknown = [name for name in manifest["overrides"] if settings is not None and name not in settings]
    return f"an unknown setting {unknown[0]!r}" if unknown else None
