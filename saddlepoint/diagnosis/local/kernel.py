"""Tangent kernels on the probe's points: how many patterns a network can quickly tell apart, or make.

    K(x, y) = sum_j dD(x)/dtheta_j dD(y)/dtheta_j        effective rank = (sum l)^2 / sum l^2 of its eigenvalues l
(Jacot et al. 2018). A generator's has a row for each output of a sample; it is averaged over them by random signs.
Where scores depend on their neighbours (batch statistics) there is no such kernel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from saddlepoint.diagnosis.local.duel import Probe, Scored
from saddlepoint.diagnosis.local.flow import rademacher
from saddlepoint.game.task import networks_of, player_named
from saddlepoint.networks.layers import couples_samples
from saddlepoint.objectives.budget import check

# Bytes of per-sample gradients that are held at once.
_BYTES = 2**28
# An eigenvalue below this share of the first is answered a hundred times more slowly.
FAST = 0.01


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A tangent kernel's spectrum.

    Attributes:
        eigenvalues: falling, float64 (n,).
    """

    eigenvalues: np.ndarray

    @property
    def rank(self) -> float:
        """The effective rank."""
        total = self.eigenvalues.sum()
        return float(total**2 / np.square(self.eigenvalues).sum()) if total > 0 else 0.0

    @property
    def fast(self) -> int:
        """How many patterns answer at a hundredth of the first one's speed or faster."""
        return int((self.eigenvalues >= FAST * self.eigenvalues[0]).sum()) if self.eigenvalues[0] > 0 else 0


def normalises_over_batch(duel: Any, player: str) -> bool:
    """Whether a player's networks hold a batch normalisation."""
    return any(
        isinstance(part, nn.modules.batchnorm._BatchNorm)
        for network in player_named(duel, player).networks.values()
        for part in network.modules()
    )


def looks_at_the_batch(duel: Any, player: str) -> str | None:
    """Why a player's networks have no kernel; None where they have."""
    for name, network in player_named(duel, player).networks.items():
        if couples_samples(network):
            return f"{name} looks at the whole batch: what it makes of one sample depends on the others"
    return None


def discriminator_kernel(probe: Probe, scored: Scored, count: int) -> Kernel:
    """D's kernel on so many points, half of them real."""
    half = count // 2
    name = probe.keys(probe.players[0])[0][0]
    module, buffers = networks_of(probe.duel)[name], dict(probe.buffers[name])
    after = scored.on_real.after

    def score(parameters: dict[str, Tensor], item: Tensor, *beside: Tensor) -> Tensor:
        made = functional_call(module, (parameters, buffers), (item[None], *(each[None] for each in beside)))
        return (made if after is None else after(made)).mean()

    items = torch.cat([scored.real[:half], scored.fake[:half]]).detach()
    pairs = zip(scored.on_real.beside, scored.on_fake.beside, strict=True)
    beside = [torch.cat([a[:half], b[:half]]) for a, b in pairs]
    return _kernel(score, probe.parameters[name], [items, *beside])


def generator_kernel(probe: Probe, count: int, signs: int = 4) -> Kernel:
    """G's kernel on so many latents, averaged over random signs of its outputs."""
    name = probe.keys(probe.players[1])[0][0]
    module, buffers = networks_of(probe.duel)[name], dict(probe.buffers[name])
    inputs = [probe.draw[key][:count] for key in ("z", "labels") if probe.draw.get(key) is not None]
    with torch.no_grad():
        made = functional_call(
            module,
            ({**probe.parameters[name]}, {key: each.clone() for key, each in buffers.items()}),
            tuple(each[:1] for each in inputs),
        )
    total: Tensor | None = None
    for sign in rademacher(made.numel(), signs):

        def along(parameters: dict[str, Tensor], *given: Tensor, sign: Tensor = sign) -> Tensor:
            made = functional_call(module, (parameters, buffers), tuple(each[None] for each in given))
            return (made.flatten() * sign).sum()

        matrix = _matrix(along, probe.parameters[name], inputs)
        total = matrix if total is None else total + matrix
    assert total is not None
    return _spectrum(total / signs)


def _kernel(function: Callable[..., Tensor], parameters: dict[str, Tensor], inputs: list[Tensor]) -> Kernel:
    return _spectrum(_matrix(function, parameters, inputs))


def _matrix(function: Callable[..., Tensor], parameters: dict[str, Tensor], inputs: list[Tensor]) -> Tensor:
    """K, (n, n): layer by layer where all per-sample gradients would not fit."""
    own = {key: each.detach() for key, each in parameters.items()}
    count = len(inputs[0])
    matrix = torch.zeros(count, count, dtype=torch.float64)
    for group in _groups(own, count):
        check()
        rest = {key: each for key, each in own.items() if key not in group}

        def of_group(chosen: dict[str, Tensor], *given: Tensor, rest: dict[str, Tensor] = rest) -> Tensor:
            return function({**rest, **chosen}, *given)

        for rows in _rows(grad(of_group), {key: own[key] for key in group}, inputs).values():
            flat = rows.reshape(count, -1)
            matrix += flat @ flat.T
    return matrix


def _rows(
    gradient: Callable[..., dict[str, Tensor]], parameters: dict[str, Tensor], inputs: list[Tensor]
) -> dict[str, Tensor]:
    """The gradients of all samples, (n, ...) each."""
    try:
        return vmap(gradient, in_dims=(None, *[0] * len(inputs)), randomness="same")(parameters, *inputs)
    except RuntimeError:
        # What looks at values, as labels that become rows of the identity, is taken sample by sample.
        rows = []
        for index in range(len(inputs[0])):
            check()
            rows.append(gradient(parameters, *(each[index] for each in inputs)))
        return {key: torch.stack([row[key] for row in rows]) for key in parameters}


def _groups(parameters: dict[str, Tensor], count: int) -> list[list[str]]:
    groups: list[list[str]] = []
    held = 0
    for key, tensor in parameters.items():
        size = 8 * count * tensor.numel()
        if not groups or held + size > _BYTES:
            groups, held = [*groups, []], 0
        groups[-1].append(key)
        held += size
    return groups


def _spectrum(matrix: Tensor) -> Kernel:
    values = torch.linalg.eigvalsh(matrix).flip(0).clamp(min=0)
    return Kernel(eigenvalues=values.numpy())
