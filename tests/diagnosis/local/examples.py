"""Small duels for tests of the diagnosis."""

from typing import Any

import torch

from saddlepoint.diagnosis.local.duel import Probe, doubled, drawn
from saddlepoint.game.steps import SGD, Adam, Step
from saddlepoint.networks import Dcgan, Mlp
from saddlepoint.training.state import State
from tests.tasks.examples import generation, packed

SMALL = Mlp(latent=3, width=6, depth=2)
PENALTIES = {"r1": 0.3, "r2": 0.2, "gradient_penalty": 0.5, "lecam": 0.1}


def duel(
    name: str = "non_saturating",
    *penalties: str,
    optimizer: Adam | SGD | None = None,
    side: int = 4,
    pair: Mlp | Dcgan = SMALL,
    **options: Any,
) -> tuple[Probe, Step]:
    """(probe, D's optimizer) of two small nets on images, 4 x 4 and fully connected if nothing else is said."""
    task = generation(name, data=packed(side=side), pair=pair, penalties=penalties, **options)
    chosen = SGD() if optimizer is None else optimizer
    step = Step(task.players[0], chosen, fused=False)
    doubled(task, {"discriminator": step})
    numbers = {f"discriminator.{key}": value for key, value in vars(chosen).items() if key != "optimizer"}
    settings = numbers | {f"penalties.{name}": PENALTIES[name] for name in penalties}
    return Probe.of(task, drawn(task, State(seed=0), 12), settings), step


def linear(name: str) -> Probe:
    """A duel whose scores are linear in the weights of each player: no network curves."""
    torch.manual_seed(0)
    task = generation(
        name,
        data=packed(side=2),
        generator=torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Unflatten(1, (1, 2, 2))),
        discriminator=torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 1), torch.nn.Flatten(0)),
        pair=Mlp(latent=3, width=2, depth=1),
        pixel_range=(-1.0, 1.0),
    )
    doubled(task, {})
    return Probe.of(task, drawn(task, State(seed=0), 9), {})
