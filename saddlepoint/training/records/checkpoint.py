"""Checkpoints: the run's history in safetensors files, with a manifest (see manifest.py) that holds their sha256.

A checkpoint is written aside, flushed, and renamed, so that one that bears its name is whole; what a kill leaves behind
bears another. Reading never unpickles.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from torch import Tensor

from saddlepoint.errors import UserError, reading
from saddlepoint.game.steps import Adam, RMSProp, Step
from saddlepoint.game.task import Task, networks_of
from saddlepoint.training.records.manifest import CURE, FORMAT, MANIFEST, NewerFormat, digest_of, read_manifest
from saddlepoint.training.state import State

# How `save` names a checkpoint.
_STEP = re.compile(r"[0-9]{8}|[1-9][0-9]{8,17}")
_WRITING = ".writing"
# What a checkpoint that is replaced is called until the new one is in its place.
BEFORE = ".before"


class NonFiniteWeights(ArithmeticError):
    """A checkpoint was asked for while a weight, or a moment of its optimizer, is not finite."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A checkpoint that has been read and found whole."""

    path: Path
    manifest: dict[str, Any]
    tensors: Mapping[str, Mapping[str, Tensor]]

    @property
    def step(self) -> int:
        return self.manifest["step"]

    @property
    def branch(self) -> int:
        """The branch of the random numbers that the run was on."""
        return self.manifest.get("branch", 0)

    @property
    def seeding(self) -> Literal[1, 2]:
        """The rule of `Field.seeding` that the run goes on with: the older one where the manifest names none."""
        return self.manifest.get("seeding", 1)


def save(checkpoints: Path, task: Task, steps: Mapping[str, Step], state: State, about: Mapping[str, Any]) -> Path:
    """Writes the checkpoint of the current step.

    Args:
        checkpoints: the folder of all checkpoints.
        task, steps, state: what is saved.
        about: put into the manifest for a reader: machine, threads, versions.

    Raises:
        NonFiniteWeights: a weight or a moment of an optimizer is NaN or infinite; nothing is written, so the last good
            checkpoint stays the last.
        OSError: the disk did not take it; what was written of it is removed, older checkpoints are untouched.
    """
    groups = _tensors(task, steps, state)
    # A player whose moments are infinite stands still for ever, and could never be told from one that has converged.
    for group, words in (
        ("networks", "the weight"),
        ("optimizers", "the optimizer's"),
        ("correction", "the history of"),
    ):
        for name, tensor in groups[group].items():
            if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                raise NonFiniteWeights(f"{words} {name}")
    final = checkpoints / f"{state.step:08d}"
    aside = checkpoints / f".{state.step:08d}{_WRITING}"
    before = checkpoints / f".{state.step:08d}{BEFORE}"
    for left in (aside, before):
        if left.exists():
            shutil.rmtree(left)
    try:
        aside.mkdir(parents=True)
        digests = {}
        for group, tensors in groups.items():
            if tensors:
                content = safetensors.torch.save(
                    {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
                )
                digests[f"{group}.safetensors"] = hashlib.sha256(content).hexdigest()
                _write(aside / f"{group}.safetensors", content)
        manifest = {
            "format": FORMAT,
            "step": state.step,
            "images": state.images,
            "seconds": round(state.seconds, 3),
            "seed": state.run_seed,
            "branch": state.branch,
            "seeding": state.seeding,
            "overrides": state.overrides,
            "about": dict(about),
            "files": digests,
        }
        manifest["sha256"] = digest_of(manifest)
        _write(aside / MANIFEST, json.dumps(manifest, indent=2).encode())
        _flush_folder(aside)
        if replaced := final.exists():
            # A resumption from an earlier step writes the same bits again, a roll back to it the same on a new branch.
            os.rename(final, before)
        os.rename(aside, final)
        _flush_folder(checkpoints)
        if replaced:
            shutil.rmtree(before)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return final


def steps_saved(checkpoints: Path) -> list[int]:
    """The steps of all complete checkpoints, ascending."""
    if not checkpoints.is_dir():
        return []
    return sorted(int(path.name) for path in checkpoints.iterdir() if _STEP.fullmatch(path.name) and path.is_dir())


def read(path: Path, settings: Collection[str] | None = None) -> Checkpoint:
    """Reads one checkpoint and compares every file with the manifest.

    Args:
        path: its folder.
        settings: names of what may be overridden; None where nothing is done with overrides.

    Raises:
        UserError: it is damaged, or of a format that this version does not know.
    """
    name = f"checkpoint {path}"
    manifest = read_manifest(path, settings)
    tensors = {}
    for file, digest in manifest["files"].items():
        try:
            content = (path / file).read_bytes()
        except OSError as error:
            raise UserError(f"{name} without a readable {file} ({error})", "all files of its manifest", CURE) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise UserError(f"{name} whose file {file} has changed", f"sha256 {digest[:12]}...", CURE)
        with reading(f"{name} whose file {file} cannot be read", "safetensors", CURE):
            tensors[file.removesuffix(".safetensors")] = safetensors.torch.load(content)
    return Checkpoint(path=path, manifest=manifest, tensors=tensors)


# What is done about newer checkpoints that are damaged, told a line for each of them and the one that is taken instead.
# Each caller has to give it, for none may pass over them without a word.
LeftOut = Callable[[Sequence[str], Checkpoint], None]


def newest_valid(
    checkpoints: Path,
    *,
    left_out: LeftOut,
    at: int | None = None,
    up_to: int | None = None,
    settings: Collection[str] | None = None,
) -> Checkpoint:
    """The newest checkpoint that is whole.

    Args:
        checkpoints: the folder of all checkpoints.
        left_out: called where newer ones are damaged.
        at: only the checkpoint of this step will do.
        up_to: no later one will do.
        settings: names of what may be overridden; None where nothing is done with overrides.

    Raises:
        UserError: there is none.
        NewerFormat: the newest is of a format that this version does not know.
    """
    problems: list[str] = []
    saved = [step for step in steps_saved(checkpoints) if up_to is None or step <= up_to]
    if at is not None and at not in saved:
        raise UserError(f"step {at}", f"one of the saved steps {', '.join(map(str, saved))}", "choose one of these")
    for step in [at] if at is not None else reversed(saved):
        try:
            found = read(checkpoints / f"{step:08d}", settings)
        except NewerFormat:
            raise
        except UserError as error:
            problems.append(error.got)
        else:
            if problems:
                left_out(problems, found)
            return found
    others = [step for step in saved if step != at]
    if at is not None and others:
        raise UserError(problems[0], "a whole checkpoint", f"choose another step: {', '.join(map(str, others))}")
    found = f"{len(problems)} damaged ones ({problems[0]})" if problems else "none"
    raise UserError(
        f"checkpoints in {checkpoints}: {found}", "a valid checkpoint", "start again with `saddlepoint train RECIPE`"
    )


def restore(checkpoint: Checkpoint, task: Task, steps: Mapping[str, Step], state: State) -> None:
    """Puts a checkpoint's tensors into freshly built networks, optimizers and state, in place.

    Raises:
        UserError: the tensors' names or shapes are not those of the networks.
    """
    tensors = checkpoint.tensors
    for name, network in networks_of(task).items():
        load_network(network, _below(tensors["networks"], name), checkpoint.path)
    foreign = [name for name in tensors.get("optimizers", {}) if name.partition("/")[0] not in steps]
    if foreign:
        raise _misfit(checkpoint.path, sorted(foreign))
    for player, step in steps.items():
        saved: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _below(tensors.get("optimizers", {}), player).items():
            index, _, key = name.partition("/")
            if not index.isdecimal() or int(index) >= len(step.parameters):
                raise _misfit(checkpoint.path, [f"{player}/{name}"])
            parameter = step.parameters[int(index)]
            if tensor.shape != parameter.shape and tensor.numel() != 1:
                raise _misfit(checkpoint.path, [f"{player}/{name}"])
            if tensor.shape == parameter.shape:
                # In the parameter's own memory layout: fused optimizers do not look at strides.
                tensor = torch.empty_like(parameter).copy_(tensor)
            saved.setdefault(int(index), {})[key] = tensor
        # An optimizer keeps the same of every parameter that it has moved.
        kept = [frozenset(each) for each in saved.values()]
        if kept and (some := frozenset.union(*kept) - frozenset.intersection(*kept)):
            raise _misfit(checkpoint.path, [f"{player}/.../{name}" for name in sorted(some)])
        if not kept and checkpoint.step > 0 and isinstance(step.kind, Adam | RMSProp):
            # Each of their steps leaves moments; without them the run would go on with others, and say nothing.
            raise _misfit(checkpoint.path, [f"no history of {player}'s optimizer"])
        optimizer = step.torch_optimizer
        optimizer.load_state_dict({"state": saved, "param_groups": optimizer.state_dict()["param_groups"]})
    if state.averages is not None:
        for name, network in state.averages.networks.items():
            load_network(network, _below(tensors.get("averages", {}), name), checkpoint.path)
    for name, tensor in tensors.get("task", {}).items():
        if name in task.state and task.state[name].shape != tensor.shape:
            raise _misfit(checkpoint.path, [name])
        task.state[name] = tensor.to(task.state[name].device) if name in task.state else tensor
    state.correction = dict(tensors.get("correction", {}))
    state.watched = dict(tensors.get("watched", {}))
    manifest = checkpoint.manifest
    state.step, state.images, state.seconds = manifest["step"], manifest["images"], manifest["seconds"]
    state.overrides = dict(manifest["overrides"])
    state.enter(checkpoint.branch)


def load_network(network: torch.nn.Module, tensors: Mapping[str, Tensor], source: Path) -> None:
    """Copies named tensors into a network.

    Raises:
        UserError: names, shapes or types differ.
    """
    own = network.state_dict()
    different = sorted(
        name
        for name in own.keys() | tensors.keys()
        if name not in own
        or name not in tensors
        or (own[name].shape, own[name].dtype) != (tensors[name].shape, tensors[name].dtype)
    )
    if different:
        raise _misfit(source, different)
    network.load_state_dict(dict(tensors))


def _misfit(source: Path, names: Sequence[str]) -> UserError:
    return UserError(
        f"weights in {source} that do not fit this network ({', '.join(names[:3])})",
        "the same network as the one that was saved",
        "use the recipe and networks that the run was made with",
    )


def sampled_weights(checkpoint: Checkpoint, name: str) -> Mapping[str, Tensor]:
    """The weights of a network to sample from: its average where the run kept one."""
    # A run without averages writes no such file; one that is there counts, even if somebody has emptied it.
    group = "averages" if "averages" in checkpoint.tensors else "networks"
    return _below(checkpoint.tensors[group], name)


def _tensors(task: Task, steps: Mapping[str, Step], state: State) -> dict[str, dict[str, Tensor]]:
    averages = state.averages.networks if state.averages is not None else {}
    return {
        "networks": _flat(networks_of(task)),
        "averages": _flat(averages),
        "optimizers": {
            f"{player}/{index}/{key}": value
            for player, step in steps.items()
            for index, values in step.torch_optimizer.state_dict()["state"].items()
            for key, value in values.items()
            if value is not None
        },
        "task": dict(task.state),
        "correction": dict(state.correction),
        "watched": dict(state.watched),
    }


def _flat(networks: Mapping[str, torch.nn.Module]) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": tensor for name, network in networks.items() for key, tensor in network.state_dict().items()
    }


def tensors_of(checkpoint: Checkpoint, group: str, name: str) -> Mapping[str, Tensor]:
    """The tensors of one network in a group ("networks", "averages") of a checkpoint."""
    return _below(checkpoint.tensors[group], name)


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(prefix + "/")}


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    if os.name == "nt":
        return  # Windows keeps no handle on folders; its rename is journalled.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
