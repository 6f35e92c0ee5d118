"""Nonsense that is signed: whoever can write a manifest can reckon its sha256, so a hash that fits proves nothing.

Values of wrong kinds and signs in each place of a manifest, and tensors that are none, with all hashes right.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

from benchmarks.hostile.damage import NEWEST, answers
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.workshop import Workshop, shown

_VERBS = ("sample", "resume", "evaluate", "train --from", "report")
_NONSENSE: tuple[Any, ...] = (
    *(None, "", "20", -1, 1.5, [], [1], {}, {"a": 1}, True, 10**30, 1e308, float("nan"), float("inf"), "\x1b[31m"),
    "x" * 20_000,
)


def sign(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with the sha256 that fits it."""
    said = {key: value for key, value in manifest.items() if key != "sha256"}
    return {**said, "sha256": hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}


def prepare(workshop: Workshop) -> Attack:
    undamaged = answers(workshop)
    manifest = json.loads((workshop.small_run / NEWEST / "manifest.json").read_text())
    if sign(manifest)["sha256"] != manifest["sha256"]:
        raise RuntimeError("a manifest's sha256 is reckoned in another way now; mend benchmarks/hostile/manifests.py")

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        checkpoint = undamaged.set_up(place) / NEWEST
        verb = _VERBS[index % len(_VERBS)]
        change = _in_a_tensor if random.random() < 0.4 else _in_the_manifest
        said = change(checkpoint, random)
        fault = undamaged.judge(verb, place)
        if fault is None and [*place.glob("escaped*")]:
            fault = "a file outside the run's folder was written"
        return Outcome(what=f"{said}; {shown(undamaged.verbs[verb].arguments(place))}", fault=fault)

    return Attack(attempt=attempt)


def _in_the_manifest(checkpoint: Path, random: Random) -> str:
    path = checkpoint / "manifest.json"
    manifest = json.loads(path.read_text())
    key = random.choice([key for key in manifest if key != "sha256"])
    held: Any = manifest
    name = key
    if isinstance(manifest[key], dict) and manifest[key] and random.random() < 0.6:
        held, key = manifest[key], random.choice([*manifest[key]])
        name = f"{name}.{key}"
    way = random.randrange(10)
    if way == 0:
        del held[key]
        said = f"without {name}"
    elif way == 1:
        held["../../escaped"] = held[key]
        said = f"'../../escaped' beside {name}"
    else:
        # The very value that stood there would be no attack.
        held[key] = random.choice(
            [value for value in _NONSENSE if value != held[key] or type(value) is not type(held[key])]
        )
        said = f"{name} = {str(held[key])[:40]!r} ({type(held[key]).__name__})"
    path.write_text(json.dumps(sign(manifest), indent=2))
    return f"signed manifest, {said}"


def _in_a_tensor(checkpoint: Path, random: Random) -> str:
    path = checkpoint / f"{random.choice(('networks', 'averages', 'optimizers'))}.safetensors"
    said, change = random.choice(_TENSORS)
    path.write_bytes(change(load_file(path), random))
    manifest_path = checkpoint / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    manifest["files"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest_path.write_text(json.dumps(sign(manifest), indent=2))
    return f"signed {path.name}, {said}"


def _one(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[dict[str, np.ndarray], Random], bytes]:
    def changed(tensors: dict[str, np.ndarray], random: Random) -> bytes:
        name = random.choice(sorted(tensors))
        return save({**tensors, name: change(tensors[name])})

    return changed


def _header(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, np.ndarray], Random], bytes]:
    """A header that lies: its length is right, what it says is not."""

    def changed(tensors: dict[str, np.ndarray], random: Random) -> bytes:
        content = save(tensors)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        change(header[random.choice([name for name in header if name != "__metadata__"])])
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + length :]

    return changed


_TENSORS: tuple[tuple[str, Callable[[dict[str, np.ndarray], Random], bytes]], ...] = (
    ("no safetensors", lambda tensors, random: b"not tensors"),
    ("empty", lambda tensors, random: b""),
    ("a header of 2^63 bytes", lambda tensors, random: (2**63).to_bytes(8, "little") + save(tensors)[8:]),
    ("a header of 1e5 brackets", lambda tensors, random: (100_000).to_bytes(8, "little") + b"[" * 100_000),
    ("no tensors", lambda tensors, random: save({})),
    ("one tensor less", lambda tensors, random: save({name: tensors[name] for name in sorted(tensors)[1:]})),
    ("a tensor more", lambda tensors, random: save({**tensors, "discriminator/more": np.zeros(3, np.float32)})),
    (
        "names without a stroke",
        lambda tensors, random: save({f"n{i}": each for i, each in enumerate(tensors.values())}),
    ),
    ("a tensor of float64", _one(lambda tensor: tensor.astype(np.float64))),
    ("a tensor of int8", _one(lambda tensor: np.zeros(tensor.shape, np.int8))),
    ("a tensor of another shape", _one(lambda tensor: np.zeros((*tensor.shape, 2), tensor.dtype))),
    ("an empty tensor", _one(lambda tensor: np.zeros((0,), tensor.dtype))),
    ("a tensor of NaN", _one(lambda tensor: np.full(tensor.shape, np.nan, np.float32))),
    ("a shape of 1e12 in the header", _header(lambda entry: entry.update(shape=[10**12]))),
    ("offsets behind the end", _header(lambda entry: entry.update(data_offsets=[0, 10**12]))),
    ("an unknown dtype", _header(lambda entry: entry.update(dtype="F13"))),
)

KIND = Kind(
    name="manifests",
    tried="nonsense in a checkpoint's manifest and tensors with all sha256 right: wrong kinds, signs, names, shapes, "
    "headers that lie",
    good="refused on one line, or said, or of no effect on the answer to the bit",
    prepare=prepare,
)
