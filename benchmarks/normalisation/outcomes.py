"""What is measured of a run: its samples, its path, and the field where it ends.

frechet   in 16 principal directions of the data, over its total variance; mean_term: the part of it that the
          means make; aligned: what is left of it once each coordinate has the data's mean and deviation
spread    mean distance of two samples over that of two items; nearest: the median nearest neighbour's, likewise
told      P(D(real) > D(fake))
vol       median of the last 8 changes of the gap of means, from one look to the next, 25 steps apart
cent_max  farthest return of the mean of 32 fixed samples
dip       1 for none: the smallest r(lag) / max r(shorter lags), r the mean distance of 32 fixed samples from
          themselves a lag ago: how far samples come back to where they have been
rotation, along, damping, turning, rank, lowest, backward, turn: as in linear.py
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from benchmarks.normalisation.design import Cell
from benchmarks.normalisation.linear import Local, kernels, spectral
from benchmarks.normalisation.networks import LATENTS
from benchmarks.normalisation.play import Game, Play, game, items_of
from saddlepoint.data.embedded.toy import TOY_SETS, Mixture
from saddlepoint.diagnosis import signals
from saddlepoint.metrics.frechet import frechet_of_moments
from saddlepoint.metrics.moments import Moments, moments

OUTCOMES = (
    *("frechet", "mean_term", "modes", "spread", "nearest", "told", "vol", "cent_max", "dip"),
    *("rotation", "along", "damping", "turning", "rank", "lowest", "backward", "turn", "aligned"),
)
LOOK, FOLLOW = 25, 5
_FOLLOWED, _ITEMS, _SAMPLES, _PROBED = 32, 128, 2048, 128
_DIRECTIONS, _PATH, _CHANGES = 16, 120, 8


class Measured:
    """Runs of a setting, followed and measured.

    Args:
        cell: the setting.
        seeds: of the runs.
        steps: of each player.
    """

    def __init__(self, cell: Cell, seeds: Sequence[int], steps: int):
        self._game = game(cell)
        self._play = Play(self._game, seeds)
        fixed = torch.Generator().manual_seed(7)
        self._z = torch.randn(_SAMPLES, LATENTS[cell.data], generator=fixed)
        self._path: list[Tensor] = []
        self._looks: list[Tensor] = []
        for step in range(steps + 1):
            if step % FOLLOW == 0:
                self._path.append(self._made(_FOLLOWED))
            if step % LOOK == 0:
                self._looks.append(self._made(_ITEMS).mean(1))
            if step < steps:
                self._play.step()

    def _made(self, count: int) -> Tensor:
        with torch.no_grad():
            return self._game.g(self._play.g, self._z[:count].expand(len(self._play.g), -1, -1))

    def outcomes(self, run: int) -> dict[str, Any]:
        """Of one run; all None if its weights are not finite."""
        d, g = (each[run : run + 1].detach().double() for each in (self._play.d, self._play.g))
        path = torch.stack([each[run] for each in self._path]).double()
        if not bool(d.isfinite().all() and g.isfinite().all() and path.isfinite().all()):
            return dict.fromkeys(OUTCOMES)
        looks = torch.stack([each[run] for each in self._looks]).double()
        with torch.no_grad():
            fake = self._game.g(g, self._z.double()[None])[0]
        found = {**_of_samples(self._game.cell.data, fake), **_of_path(self._game.cell.data, path, looks)}
        found |= _of_field(self._game, d, g, self._z.double(), fake)
        return {name: found[name] for name in OUTCOMES}


@cache
def _basis(data: str) -> tuple[Tensor, Moments, float]:
    """Principal directions (d, k), the moments of the training items in them, their total variance."""
    items = items_of(data)[0]
    centred = items - items.mean(0)
    directions = torch.linalg.svd(centred, full_matrices=False).Vh[:_DIRECTIONS].T
    return directions, moments(items @ directions), float(centred.square().sum(1).mean())


@cache
def _held(data: str) -> tuple[Tensor, Tensor, float]:
    """Items that D was not shown, their mean distance, the median distance of their nearest."""
    others = items_of(data)[1][: 4 * _ITEMS]
    within = signals.distances(others[:_ITEMS], others[:_ITEMS])
    return others, signals.pair_distance(within), float(signals.nearest(within).median())


def _of_samples(data: str, fake: Tensor) -> dict[str, float | None]:
    directions, of_items, total = _basis(data)
    made = moments(fake @ directions)
    within = signals.distances(fake[:_ITEMS], fake[:_ITEMS])
    _, scale, nearest = _held(data)
    toy = TOY_SETS.get(data)
    return {
        "frechet": frechet_of_moments(made, of_items) / total,
        "mean_term": float((made.mean - of_items.mean).square().sum()) / total,
        "aligned": frechet_of_moments(moments(_aligned(fake, items_of(data)[0]) @ directions), of_items) / total,
        "modes": _reached(fake, toy) if isinstance(toy, Mixture) else None,
        "spread": float(signals.pair_distance(within) / scale),
        "nearest": float(signals.nearest(within).median()) / nearest,
    }


def _aligned(fake: Tensor, items: Tensor) -> Tensor:
    deviation = fake.std(0)
    # A coordinate in which all samples agree has no deviation to be changed.
    scale = torch.where(deviation > 0, items.std(0) / deviation.clamp(min=1e-300), 0.0)
    return (fake - fake.mean(0)) * scale + items.mean(0)


def _reached(fake: Tensor, toy: Mixture) -> float:
    """The share of modes with a sample within ten deviations."""
    nearest = signals.distances(torch.from_numpy(toy.modes), fake).amin(1)
    return float((nearest < 10 * torch.from_numpy(toy.deviations)).double().mean())


def _of_path(data: str, path: Tensor, looks: Tensor) -> dict[str, float]:
    """Of (t, 32, d), every 5 steps, and of the means (t, d), every 25."""
    others, scale, _ = _held(data)
    gaps = (looks - others.mean(0)).norm(dim=1) / others.std(0).norm()
    path = path[-_PATH:]
    longest = 2 * len(path) // 3
    apart = torch.stack([signals.distances(each, each) for each in path.transpose(0, 1)]).mean(0)
    far = torch.stack([apart.diagonal(lag).mean() for lag in range(1, longest + 1)])
    return {
        "vol": float(gaps.diff().abs()[-_CHANGES:].median()),
        "cent_max": float(signals.farthest_return(path.mean(1), scale, longest)),
        "dip": float((far / far.cummax(0).values).min()),
    }


def _of_field(played: Game, d: Tensor, g: Tensor, z: Tensor, fake: Tensor) -> dict[str, float | None]:
    items = items_of(played.cell.data)[0]
    shift = played.noise * torch.randn(1, 2 * _PROBED, items.shape[1], generator=torch.Generator().manual_seed(8))
    real = items[None, :_PROBED] + shift[:, :_PROBED]
    local = Local(played, d, g, real.double(), z[None, :_PROBED], shift[:, _PROBED:].double())
    of_kernel = kernels(played, d, items[: 4 * _ITEMS], fake[: 4 * _ITEMS])
    with torch.no_grad():
        scores = played.scores(d, real.double(), fake[None, :_PROBED] + shift[:, _PROBED:])
    return {"told": float(signals.rank(scores[0][0], scores[1][0])), **spectral(local), **vars(of_kernel)}
