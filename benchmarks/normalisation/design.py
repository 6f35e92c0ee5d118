"""The design: which runs are made, and why each block of them is there.

A cell is one setting; its runs differ in the seed alone. Starting weights, latents and batches of a run depend on its
seed, its data and its sizes only, so that two cells are compared seed by seed.
"""

from dataclasses import dataclass, replace
from itertools import product

DATA = ("8-gaussians", "digits")
ACTIVATIONS = ("relu", "leaky", "tanh", "selu", "softplus", "centred softplus")
# Of the full factorial block.
CORE = ("relu", "tanh", "softplus", "centred softplus")
# Where batches are normalised: D on real and fake apart, on both as one batch, each with and without the first layer.
NORMS = ("none", "D apart", "D joint", "D apart, not first", "D joint, not first", "G")
BATCHES = (64, 16, 256)
SEEDS = 5
# Deviations of the data: what is added to real and fake before D sees them.
NOISE = 0.2
STEPS = 700


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One setting.

    Attributes:
        data: one of DATA.
        activation: one of ACTIVATIONS.
        norm: one of NORMS, or "D apart and G".
        noise: of the instances, in deviations of the data.
        batch: items of each side in a step.
        optimizer: "adam" or "sgd".
        gain: "matched" (each layer hands on the second moment it got) or "default" (that of torch.nn.Linear).
    """

    data: str
    activation: str
    norm: str = "none"
    noise: float = 0.0
    batch: int = 64
    optimizer: str = "adam"
    gain: str = "matched"

    @property
    def apart(self) -> bool:
        """Whether D sees real and fake in batches of their own."""
        return "joint" not in self.norm


def cells() -> list[Cell]:
    """All cells; what answers least, noise at batches of 16 and 256, comes last: a campaign may be stopped."""
    core = _core(64, 0.0) + _core(64, NOISE) + _side() + _core(16, 0.0) + _core(256, 0.0)
    return core + _core(16, NOISE) + _core(256, NOISE)


def _core(batch: int, noise: float) -> list[Cell]:
    """Activation x norm x data."""
    return [
        Cell(data=data, activation=activation, norm=norm, noise=noise, batch=batch)
        for data, norm, activation in product(DATA, NORMS, CORE)
    ]


def _side() -> list[Cell]:
    """Without noise, batch 64: two more activations; D and G both; torch's own gains, as often measured; plain SGD."""
    some = ("none", "D apart", "G")
    plain = [Cell(data=data, activation=activation) for data, activation in product(DATA, ACTIVATIONS)]
    core = [cell for cell in plain if cell.activation in CORE]
    return [
        *(replace(cell, norm=norm) for cell, norm in product(plain, some) if cell.activation not in CORE),
        *(replace(cell, norm="D apart and G") for cell in core),
        *(replace(cell, norm=norm, gain="default") for cell, norm in product(plain, some)),
        *(replace(cell, norm=norm, optimizer="sgd") for cell, norm in product(core, (*some, "D joint"))),
    ]
