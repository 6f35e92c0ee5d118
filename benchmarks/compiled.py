"""Whole-step compilation of every recipe, beside eager steps: python -m benchmarks.compiled [--full] [--only NAME ...]

Each recipe is shrunken (or, with --full, in its own size) and both players' steps are compiled, in float32 on the CPU:
how long that takes, how far the gradient is from that of double backward in eager mode (a share of its norm), whether
buffers end where an eager step leaves them, and how long a compiled step takes beside an eager one, which is the hot
path with all else that it has (tangent pass, one call for real and fake). Weights are moved from their first values by
chance, so that no gate is closed and no gradient cancels. The two ways of a step take turns; times are medians.
A rectifier whose input is almost 0 turns rounding into more than rounding; how much is measured too, as the difference
that eager mode has from itself when each weight is moved by three parts in ten million, the largest of five.

torch keeps what it has compiled in a folder: here a new one, so that all is compiled afresh once. A difference above
1e-5 and above three times that of eager mode from itself ends the command with 1. The record goes to
benchmarks/compiled.json after each recipe.
"""

import argparse
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.record import FOLDER, merged, now, read, record
from saddlepoint.data import Packed
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.game.fast.compiled import Compilation
from saddlepoint.game.field import Field
from saddlepoint.game.player import Player
from saddlepoint.game.schedules import value_at
from saddlepoint.game.task import Draw, Loss, Settings, networks_of
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts, RecipeData, resolved
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task, open_recipe_data
from saddlepoint.recipes.text import override
from saddlepoint.runs.build import COUNTED, build_game
from saddlepoint.training.machine.device import describe, versions

TOLERANCE = 1e-5
OUT = FOLDER / "compiled.json"
# How far weights are moved, as a standard deviation.
MOVED = 0.02
ROUNDING = 3e-7
# So many times.
NEARBY = 5
SIDES = {"translation": 32, "cycle": 32, "super-resolution": 100}
HEADER = (
    "| recipe | player | compiled in | gradient's difference | eager's own | eager step | compiled step | ratio |\n"
    + "|---" * 8
    + "|"
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A recipe's game at one point, and what is compared there."""

    name: str
    field: Field
    settings: Settings
    draws: dict[str, Draw]

    @classmethod
    def of(cls, name: str, *, full: bool) -> "Case":
        recipe = RECIPES[name] if full else RECIPES[name].shrunken()
        changes = ["training.precision=float32", "training.device=cpu"]
        if getattr(recipe.task, "content", "pixels") != "pixels":
            # The weights of that network are asked of a person.
            changes.append("task.content=pixels")
        recipe = override(recipe, changes)
        data = open_recipe_data(recipe) if recipe.data.source is not None else random_data(recipe, full=full)
        found = DataFacts.of(data)
        recipe = resolved(recipe, found)
        torch.manual_seed(0)
        task = build_task(recipe, found, data, torch.device("cpu"), None)
        game = build_game(recipe, task, torch.device("cpu"))
        with torch.no_grad():
            for network in networks_of(task).values():
                for parameter in network.parameters():
                    parameter.add_(torch.randn_like(parameter), alpha=MOVED)
        return cls(
            name=name,
            field=game.field,
            settings={key: value_at(number, 0, 0) for key, number in game.schedules.items()},
            draws={player.name: task.draw(player.name, 0, 0, game.state) for player in task.players},
        )

    def compare(self, player: Player, rounds: int) -> dict[str, Any]:
        """One player's row."""
        draw, seconds = self.draws[player.name], []
        compilation = Compilation(constants=COUNTED, told=lambda _, took: seconds.append(took))

        def compiled() -> Loss:
            return compilation.backward(self.field, player, draw, 1.0, self.settings)

        def eager() -> Loss:
            return self.field.backward(player, draw, self.settings)

        exact = replace(self.field, tangent=frozenset())
        ours, our_buffers = self._played(player, compiled)
        reference, buffers = self._played(player, lambda: exact.backward(player, draw, self.settings))
        # One sample may miss a kink that another one meets.
        nearby = [self._nearby(player, exact, draw, seed)[0] for seed in range(NEARBY)]
        times: dict[str, list[float]] = {"eager": [], "compiled": []}
        for _ in range(rounds):
            for side, step in (("eager", eager), ("compiled", compiled)):
                began = time.perf_counter()
                step()
                times[side].append(time.perf_counter() - began)
                _clear(player)
        middle = {side: median(found) for side, found in times.items()}
        return {
            "name": f"{self.name}/{player.name}",
            "recipe": self.name,
            "player": player.name,
            "compile_seconds": sum(seconds),
            "gradient_difference": _difference(ours, reference),
            "eager_difference": max(_difference(moved, reference) for moved in nearby),
            "buffer_difference": _difference(our_buffers, buffers),
            "eager_ms": 1e3 * middle["eager"],
            "compiled_ms": 1e3 * middle["compiled"],
            "ratio": middle["eager"] / middle["compiled"],
        }

    def _nearby(self, player: Player, game_field: Field, draw: Draw, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The same in eager mode where each weight of all networks is moved by about its last digit."""
        weights = [weight for network in networks_of(self.field.task).values() for weight in network.parameters()]
        before = [weight.detach().clone() for weight in weights]
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in weights:
                weight.mul_(1 + ROUNDING * torch.randn(weight.shape, generator=generator))
        found = self._played(player, lambda: game_field.backward(player, draw, self.settings))
        with torch.no_grad():
            for weight, value in zip(weights, before, strict=True):
                weight.copy_(value)
        return found

    def _played(self, player: Player, step: Callable[[], Loss]) -> tuple[torch.Tensor, torch.Tensor]:
        """Gradient and buffers after the step, each as one vector in double precision; the buffers are put back."""
        buffers = [buffer for network in networks_of(self.field.task).values() for buffer in network.buffers()]
        before = [buffer.clone() for buffer in buffers]
        step()
        gradient = _vector([parameter.grad for parameter in player.parameters() if parameter.grad is not None])
        after = _vector(buffers)
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)
        _clear(player)
        return gradient, after


def random_data(recipe: Recipe, *, full: bool) -> RecipeData:
    """Stands in for the data that a recipe asks a person for."""
    kind = recipe.task.kind
    side = (256 if full else 32) if kind in ("translation", "cycle") else SIDES.get(kind)
    shape = (3, side, side) if side else (3, *recipe.data.size) if isinstance(recipe.data.size, tuple) else (1, 28, 28)
    if kind not in ("translation", "cycle"):
        return _packed(shape, 0, labelled=kind != "super-resolution")
    return ImagePairs(
        sources=_packed(shape, 0, labelled=False),
        targets=_packed(shape, 1, labelled=False),
        paired=kind == "translation",
        layout="random",
        fingerprint="2" * 64,
        source="random",
        split_rule="nothing held out",
    )


def _packed(shape: tuple[int, int, int], seed: int, *, labelled: bool) -> Packed:
    items = np.random.default_rng(seed).integers(0, 256, (200, *shape), dtype=np.uint8)
    return Packed(
        items=items,
        labels=np.arange(200) % 10 if labelled else None,
        classes=tuple("0123456789") if labelled else (),
        kind="images",
        shape=shape,
        fingerprint="1" * 64,
        splits={"train": np.arange(200), "held_out": np.empty(0, np.int64)},
        split_rule="nothing held out",
        source="random",
    )


def _vector(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.detach().double().reshape(-1) for tensor in tensors]) if tensors else torch.zeros(0)


def _difference(ours: torch.Tensor, reference: torch.Tensor) -> float:
    return float((ours - reference).norm() / max(float(reference.norm()), 1e-30))


def _clear(player: Player) -> None:
    for parameter in player.parameters():
        parameter.grad = None


def _line(row: dict[str, Any]) -> str:
    return (
        f"| {row['recipe']} | {row['player']} | {row['compile_seconds']:.1f} s | {row['gradient_difference']:.1e} |"
        f" {row['eager_difference']:.1e} |"
        f" {row['eager_ms']:.2f} ms | {row['compiled_ms']:.2f} ms | {row['ratio']:.2f} |"
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiled", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--full", action="store_true", help="recipes in their own size")
    parser.add_argument("--only", nargs="+", choices=list(RECIPES), default=list(RECIPES), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=21, help="steps of each way that are timed (default 21)")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    part = "full" if given.full else "shrunken"
    order = [f"{name}/{player}" for name, recipe in RECIPES.items() for player in recipe.optimizers]
    command = shlex.join(["python", "-m", "benchmarks.compiled", *arguments])
    wrong = []
    print(HEADER)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
        for name in given.only:
            case = Case.of(name, full=given.full)
            for player in case.field.task.players:
                row = case.compare(player, given.rounds) | {"date": now(), "load_average": os.getloadavg()}
                print(_line(row), flush=True)
                bound = max(TOLERANCE, 3 * row["eager_difference"])
                if row["gradient_difference"] > bound or row["buffer_difference"] > TOLERANCE:
                    wrong.append(row["name"])
                rows = merged(read(given.out).get(part, []), [row], order)
                machine = {**describe(torch.device("cpu")), **versions()}
                record(given.out, **{part: rows, f"{part}_command": command, "machine": machine})
            # What one recipe has compiled does not stay in memory for the next ones.
            torch.compiler.reset()
    if wrong:
        print(f"differ by more than {TOLERANCE:g}: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
