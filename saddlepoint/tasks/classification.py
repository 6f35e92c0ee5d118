"""Classification: one player without an opponent, who learns to name the class of an image.

    cost = -E log p(y | x),   p = softmax of the network's K logits

What it learns to see is what the metrics of a labelled data set are measured in (`evaluate --features classifier:RUN`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.randomness import derive_seed
from saddlepoint.tasks.kit.batches import ShuffledStream, on_device
from saddlepoint.tasks.kit.pixels import to_range

CLASSIFIER = "classifier"


@dataclass(frozen=True, kw_only=True)
class Classification:
    """The task of a classifier.

    Attributes:
        classifier: images (n, channels, height, width) in `pixel_range` -> logits (n, classes).
        data: labelled images; None where the task only classifies.
        pixel_range: (low, high) that the network sees for black and white.
        batch: samples per draw.
        seed: of the data's order and of dropout.
        device: where draws are put.
    """

    classifier: nn.Module
    data: Packed | None
    pixel_range: tuple[float, float] = (-1.0, 1.0)
    batch: int = 64
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    whole_batch: ClassVar[None] = None
    settings: ClassVar[tuple[str, ...]] = ()
    recorded: ClassVar[dict[str, Any]] = {}

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise UserError(f"batch {self.batch}", "1 or more", "set training.batch=64")
        if self.data is not None and self.data.labels is None:
            raise UserError(
                # Why there are none, and how there could be, may stand in the notes.
                f"data without labels ({'; '.join((self.data.source, *self.data.notes))})",
                "a label for each item, because the task is to name it",
                "sort the images into one folder per class",
            )
        if self.data is not None and len(self.data.splits["train"]) == 0:
            raise UserError(f"no training items in {self.data.source}", "at least one", "set data.hold_out=0")

    @property
    def players(self) -> tuple[Player, ...]:
        return self._players

    @property
    def state(self) -> dict[str, Tensor]:
        return self._state

    @cached_property
    def _players(self) -> tuple[Player, ...]:
        return (Player(name=CLASSIFIER, networks={CLASSIFIER: self.classifier}),)

    @cached_property
    def _state(self) -> dict[str, Tensor]:
        return {}

    @cached_property
    def _stream(self) -> ShuffledStream:
        assert self.data is not None, "a task that only classifies draws no batches"
        return ShuffledStream(self.data.splits["train"], self.seed, CLASSIFIER)

    @property
    def averaged(self) -> tuple[str, ...]:
        return (CLASSIFIER,)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """A batch: `real` (as stored) and `labels`."""
        assert self.data is not None, "a task that only classifies draws no batches"
        real, labels = self.data.batch(self._stream.at(state.images, self.batch))
        assert labels is not None
        return Draw(
            tensors=on_device({"real": real, "labels": labels}, self.device),
            seed=derive_seed(self.seed, f"{player}/networks", step, substep),
            images=self.batch,
        )

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The cross-entropy, in nats, averaged over the batch; the share that is named rightly for the log."""
        logits = networks[CLASSIFIER](to_range(draw["real"], self.pixel_range))
        right: Mapping[str, Tensor] = {
            "accuracy": (logits.detach().argmax(1) == draw["labels"]).float().mean(),
        }
        return Loss(costs={"cross_entropy": F.cross_entropy(logits.float(), draw["labels"])}, outputs=right)

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing: this task has no history."""

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """Refused: a classifier makes nothing.

        Raises:
            UserError: always.
        """
        raise UserError("samples of a classifier", "a run with a generator", "use it with evaluate --features")
