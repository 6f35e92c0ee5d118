"""The run's state: all that is history. What is not here is a function of (recipe, data, branch, step)."""

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from saddlepoint.randomness import derive_seed
from saddlepoint.training.averages import Averages


@dataclass(kw_only=True)
class State:
    """Where a run stands, beside the tensors that its networks and optimizers hold.

    A run that was rolled back is on another branch: what is drawn from there on are other numbers, for with the same
    ones it would do the same again.

    Attributes:
        seed: of all draws from here on: the run's own on branch 0, one that is derived from it on every other.
        branch: how often the run has been rolled back.
        step: iterations done.
        images: real images that the discriminator has been shown.
        seconds: time spent training, over all resumptions.
        averages: moving averages of the sampled networks, or None.
        correction: the correction's history.
        overrides: settings that a request has fixed; they replace the schedule's value.
        watched: what the diagnosis remembers of the samples; nothing that is played depends on it.
        seeding: the rule by which the networks' own randomness follows from a draw (`Field.seeding`).
        whole: no iteration is under way, so that what is saved now can be gone on with.
    """

    seed: int
    branch: int = 0
    step: int = 0
    images: int = 0
    seconds: float = 0.0
    averages: Averages | None = None
    correction: dict[str, Tensor] = field(default_factory=dict)
    overrides: dict[str, float] = field(default_factory=dict)
    watched: dict[str, Tensor] = field(default_factory=dict)
    seeding: Literal[1, 2] = 2
    whole: bool = True

    def __post_init__(self) -> None:
        self.run_seed = self.seed
        self.enter(self.branch)

    def enter(self, branch: int) -> None:
        """Draws from this branch of the run's random numbers from here on."""
        self.branch = branch
        self.seed = self.run_seed if branch == 0 else derive_seed(self.run_seed, "branch", branch)
