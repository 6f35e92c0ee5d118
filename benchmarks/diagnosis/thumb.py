"""Published rules of thumb, measured on the same runs at the same steps: what they look at, and when they alarm.

Sources: ganhacks (losses, gradient norms), Machine Learning Mastery's guide to failure modes (D's accuracy), Karras et
al. 2020 (r_t, r_v), public functions that detect a collapse (spread of samples), Brock et al. 2019 (singular values of
G). A rule alarms where it holds at four looks in succession after step 200, as ours may from there on.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from saddlepoint.diagnosis.probed import Probed
from saddlepoint.diagnosis.rules import QUIET
from saddlepoint.diagnosis.spacing import Spacing
from saddlepoint.files import append_line
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.state import State

FILE = "thumb.jsonl"
_IN_SUCCESSION = 4


class Looks(Observer):
    """Writes what the rules of thumb look at, at every probe, into the run's folder.

    Args:
        path: of the file.
        probed: the networks and items that the diagnosis looks at.
    """

    def __init__(self, path: Path, probed: Callable[[Game], Probed]):
        self.path, self._probed = path, probed

    def begin(self, game: Game, control: Control) -> None:
        self.probed = self._probed(game)
        self.logistic = "log" in repr(self.probed.objective).lower()

    def measures(self, step: int, until: int) -> bool:
        return Spacing().is_probed(step)

    def step(self, state: State, record: Record) -> None:
        if not Spacing().is_probed(record.step):
            return
        with torch.no_grad():
            numbers = self._looked()
        said = record.numbers
        numbers |= {f"{player}_loss": loss["total"] for player, loss in said["losses"].items()}
        numbers["gradient_norm"] = max(
            (value if value is not None else math.inf) for value in said["gradient_norms"].values()
        )
        finite = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        append_line(self.path, {"step": record.step, **finite})

    def _looked(self) -> dict[str, float]:
        probed = self.probed
        labels = [()] * 3 if probed.labels is None else [(probed.labels[0],), (probed.labels[1],), (probed.labels[1],)]
        made = _called(probed.generator, probed.latents, *labels[2])
        sides = zip((probed.train, probed.others, made), labels, strict=True)
        train, others, fake = (_called(probed.discriminator, items, *beside) for items, beside in sides)
        flat, data = made.flatten(1).double(), probed.others.flatten(1).double()
        largest = max(_largest(weight) for weight in probed.generator.parameters() if weight.dim() > 1)
        between = float(train.mean() - fake.mean())
        return {
            "right_on_real": float((train > 0).double().mean()),
            "right_on_fake": float((fake < 0).double().mean()),
            "r_t": float(train.sign().mean()),
            "r_v": float(train.mean() - others.mean()) / between if between != 0 else 0.0,
            "spread": float(flat.std(0).mean() / data.std(0).mean()),
            "singular": largest,
        }


def _called(network: torch.nn.Module, *inputs: Tensor) -> Tensor:
    """In the mode in which it stands, at copies of its buffers."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    return functional_call(network, buffers, inputs)


def _largest(weight: Tensor) -> float:
    return float(torch.linalg.matrix_norm(weight.flatten(1).double(), 2)) if bool(weight.isfinite().all()) else math.inf


# One look: what was read, by name; what was not finite is infinite.
Look = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of thumb.

    Attributes:
        words: what it says.
        holds: at a look, given those before it.
        logistic: of objectives whose D has a probability alone.
    """

    words: str
    holds: Callable[[Sequence[Look], Look], bool]
    logistic: bool = False


def _accuracy(look: Look) -> float:
    return (look["right_on_real"] + look["right_on_fake"]) / 2


def _falls(before: Sequence[Look], now: Look) -> bool:
    """G's loss has fallen by a tenth over each of the last three fifths of what was seen."""
    past = [look["generator_loss"] for look in [*before, now]]
    if len(past) < 20:
        return False
    fifths = [sum(past[-5 * k : len(past) - 5 * (k - 1)]) / 5 for k in (4, 3, 2, 1)]
    return all(b < a - 0.1 * abs(a) for a, b in pairwise(fifths))


RULES: tuple[Rule, ...] = (
    Rule(words="D's loss below .1", holds=lambda before, now: now["discriminator_loss"] < 0.1, logistic=True),
    Rule(words="D's loss below .01", holds=lambda before, now: now["discriminator_loss"] < 0.01, logistic=True),
    Rule(words="a gradient norm over 100", holds=lambda before, now: now["gradient_norm"] > 100),
    Rule(
        words="D right on over 95 % of both sides",
        holds=lambda before, now: min(now["right_on_real"], now["right_on_fake"]) > 0.95,
    ),
    Rule(words="D's accuracy outside 60 to 90 %", holds=lambda before, now: not 0.6 <= _accuracy(now) <= 0.9),
    Rule(words="r_t above .6", holds=lambda before, now: now["r_t"] > 0.6),
    Rule(words="r_v above .5", holds=lambda before, now: now["r_v"] > 0.5),
    Rule(words="spread of samples below .05 of the data's", holds=lambda before, now: now["spread"] < 0.05),
    Rule(words="G's loss falls steadily", holds=_falls),
    Rule(
        words="G's largest singular value twice that of its start",
        holds=lambda before, now: bool(before) and now["singular"] > 2 * before[0]["singular"],
    ),
)


def alarms(looks: Sequence[tuple[int, Look]], *, logistic: bool) -> dict[str, int]:
    """The step at which each rule first alarms in a run, by its words; those that never do are left out."""
    found: dict[str, int] = {}
    for rule in RULES:
        if rule.logistic and not logistic:
            continue
        held, past = 0, []
        for step, look in looks:
            held = held + 1 if step > QUIET and rule.holds(past, look) else 0
            past.append(look)
            if held == _IN_SUCCESSION:
                found[rule.words] = step
                break
    return found


def read_looks(path: Path) -> list[tuple[int, Look]]:
    """What a run's file holds."""
    if not path.exists():
        return []
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        (line["step"], {name: math.inf if value is None else value for name, value in line.items() if name != "step"})
        for line in lines
    ]
