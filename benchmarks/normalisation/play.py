"""The game, and its play: S runs of a cell as one network, alternating, one step of D and one of G.

The objective is the product's `non_saturating`, as its terms of J and I. Of S runs with n items each the mean over all
is the mean of the S means, so S times it has every run's own gradient in that run's rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from benchmarks.normalisation.design import Cell
from benchmarks.normalisation.networks import LATENTS, Net, pair
from saddlepoint.data.embedded.digits import read_digits
from saddlepoint.data.embedded.toy import TOY_SETS
from saddlepoint.data.source import Options
from saddlepoint.objectives.selection import objective

OBJECTIVE = objective("non_saturating")
RATES = {"adam": 1e-3, "sgd": 0.1}
# Streams of a seed.
_START, _BATCHES, _NOISE = 1, 2, 3


@cache
def items_of(data: str) -> tuple[Tensor, Tensor]:
    """Training items and others, float64 (n, d); the digits' pixels from -1 to 1."""
    if data == "digits":
        blocks = read_digits("digits", Options()).blocks
        assert blocks is not None
        images = np.asarray(next(iter(blocks())))
        items = torch.from_numpy(images.reshape(len(images), -1)).double() / 127.5 - 1
        items = items[torch.randperm(len(items), generator=torch.Generator().manual_seed(0))]
        return items[:1285], items[1285:]
    points = torch.from_numpy(TOY_SETS[data].sample(20_512, np.random.default_rng(0)))
    return points[512:], points[:512]


def deviation(data: str) -> float:
    """The root of the mean variance of a coordinate."""
    return float(items_of(data)[0].var(0).mean().sqrt())


@dataclass(frozen=True, kw_only=True)
class Game:
    """A cell's game; weights of S runs in rows.

    Attributes:
        cell: the setting.
        d, g: the nets.
        noise: its deviation in units of the items.
    """

    cell: Cell
    d: Net
    g: Net
    noise: float

    def scores(self, d: Tensor, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Raw scores (S, n) of both sides, as the cell's wiring batches them."""
        both = self.d(d, torch.cat([real, fake], dim=1), 2 if self.cell.apart else 1)[..., 0]
        return both[:, : real.shape[1]], both[:, real.shape[1] :]

    def cost_of_d(self, d: Tensor, real: Tensor, fake: Tensor) -> Tensor:
        """-J, summed over the runs."""
        terms = OBJECTIVE.discriminator_terms(*self.scores(d, real, fake))
        return -len(d) * (terms["f1"] + terms["f2"])

    def cost_of_g(self, d: Tensor, real: Tensor, fake: Tensor) -> Tensor:
        """-I, summed over the runs; D needs the real side only where it shares the fakes' batch."""
        scores = self.d(d, fake)[..., 0] if self.cell.apart else self.scores(d, real, fake)[1]
        return -len(d) * OBJECTIVE.generator_terms(scores)["f3"]


def game(cell: Cell) -> Game:
    """A cell's."""
    d, g = pair(cell, items_of(cell.data)[0].shape[1])
    return Game(cell=cell, d=d, g=g, noise=cell.noise * deviation(cell.data))


class Draws:
    """What each run of a group is given in a step: a function of its seed alone.

    Args:
        cell: data, batch, and whether there is noise.
        seeds: of the runs.
        dtype: of the items.
    """

    def __init__(self, cell: Cell, seeds: Sequence[int], dtype: torch.dtype):
        self._items = items_of(cell.data)[0].to(dtype)
        self._cell, self._dtype = cell, dtype
        self._batches = [torch.Generator().manual_seed(100 * seed + _BATCHES) for seed in seeds]
        self._noises = [torch.Generator().manual_seed(100 * seed + _NOISE) for seed in seeds]

    def __call__(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Real items (S, n, d), latents (S, n, latent), normal numbers (S, 2 n, d) for real and fake."""
        n, d = self._cell.batch, self._items.shape[1]
        index = torch.stack([torch.randint(len(self._items), (n,), generator=each) for each in self._batches])
        z = torch.stack([torch.randn(n, LATENTS[self._cell.data], generator=each) for each in self._batches])
        noise = None
        if self._cell.noise:
            noise = torch.stack([torch.randn(2 * n, d, generator=each) for each in self._noises]).to(self._dtype)
        return self._items[index], z.to(self._dtype), noise


def start(played: Game, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The weights of both players where the runs begin, float64 (S, n)."""
    d, g = [], []
    for seed in seeds:
        generator = torch.Generator().manual_seed(100 * seed + _START)
        d.append(played.d.start(played.cell.gain, generator))
        g.append(played.g.start(played.cell.gain, generator))
    return torch.stack(d), torch.stack(g)


def optimizer(cell: Cell, weights: Tensor) -> torch.optim.Optimizer:
    """Elementwise, so that one serves all runs."""
    if cell.optimizer == "adam":
        return torch.optim.Adam([weights], lr=RATES["adam"], betas=(0.0, 0.999), fused=True)
    return torch.optim.SGD([weights], lr=RATES["sgd"])


class Play:
    """Runs in progress.

    Args:
        played: the game of S runs.
        seeds: of each.
        dtype: in which they are trained.

    Attributes:
        d, g: the weights, (S, n), leaves.
    """

    def __init__(self, played: Game, seeds: Sequence[int], dtype: torch.dtype = torch.float32):
        self.game = played
        d, g = start(played, seeds)
        self.d, self.g = d.to(dtype).requires_grad_(), g.to(dtype).requires_grad_()
        self._steps = optimizer(played.cell, self.d), optimizer(played.cell, self.g)
        self._draws = Draws(played.cell, seeds, dtype)

    def step(self) -> None:
        """D's step, then G's, on draws of their own."""
        for index, (cost, weights) in enumerate(((self.game.cost_of_d, self.d), (self.game.cost_of_g, self.g))):
            real, z, noise = self._draws()
            with torch.set_grad_enabled(index == 1):
                fake = self.game.g(self.g, z)
            if noise is not None:
                shift = self.game.noise * noise
                real, fake = real + shift[:, : real.shape[1]], fake + shift[:, real.shape[1] :]
            opponent = self.d if index == 0 else self.d.detach()
            (weights.grad,) = torch.autograd.grad(cost(opponent, real, fake), weights)
            self._steps[index].step()
