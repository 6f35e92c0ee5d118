"""The run's state: all that is history. What is not here is a function of (recipe, data, step)."""

from dataclasses import dataclass, field

from torch import Tensor

from saddlepoint.training.averages import Averages


@dataclass(kw_only=True)
class State:
    """Where a run stands, beside the tensors that its networks and optimizers hold.

    Attributes:
        seed: of the run.
        step: iterations done.
        images: real images that the discriminator has been shown.
        seconds: time spent training, over all resumptions.
        averages: moving averages of the sampled networks, or None.
        correction: the correction's history.
        overrides: settings that a request has fixed; they replace the schedule's value.
        whole: no iteration is under way, so that what is saved now can be gone on with.
    """

    seed: int
    step: int = 0
    images: int = 0
    seconds: float = 0.0
    averages: Averages | None = None
    correction: dict[str, Tensor] = field(default_factory=dict)
    overrides: dict[str, float] = field(default_factory=dict)
    whole: bool = True
