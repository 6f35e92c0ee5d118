"""Classification: one player without an opponent, who learns to name the class of an image.

    cost = -E log p(y | x),   p = softmax of the network's K logits

What it learns to see is what the metrics of a labelled data set are measured in (`evaluate --features classifier:RUN`).
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.tasks.kit.base import Base
from saddlepoint.tasks.kit.pixels import to_range

CLASSIFIER = "classifier"


@dataclass(frozen=True, kw_only=True)
class Classification(Base):
    """The task of a classifier.

    Attributes:
        classifier: images (n, channels, height, width) in `pixel_range` -> logits (n, classes).
        data: labelled images; None where the task only classifies.
        pixel_range: (low, high) that the network sees for black and white.
    """

    classifier: nn.Module
    data: Packed | None
    pixel_range: tuple[float, float] = (-1.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.data is not None and self.data.labels is None:
            raise UserError(
                # Why there are none, and how there could be, may stand in the notes.
                f"data without labels ({'; '.join((self.data.source, *self.data.notes))})",
                "a label for each item, because the task is to name it",
                "sort the images into one folder per class",
            )
        if self.data is not None and len(self.data.splits["train"]) == 0:
            raise UserError(f"no training items in {self.data.source}", "at least one", "set data.hold_out=0")

    def make_players(self) -> tuple[Player, ...]:
        """The classifier, alone."""
        return (Player(name=CLASSIFIER, networks={CLASSIFIER: self.classifier}),)

    @property
    def averaged(self) -> tuple[str, ...]:
        return (CLASSIFIER,)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """A batch: `real` (as stored) and `labels`."""
        assert self.data is not None, "a task that only classifies draws no batches"
        real, labels = self.data.batch(self.items(self.data.splits["train"], player, step, state))
        assert labels is not None
        return self.drawn({"real": real, "labels": labels}, player, step, substep, state)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The cross-entropy, in nats, averaged over the batch; the share that is named rightly for the log."""
        logits = networks[CLASSIFIER](to_range(draw["real"], self.pixel_range))
        right = {"accuracy": (logits.detach().argmax(1) == draw["labels"]).float().mean()}
        return Loss(costs={"cross_entropy": F.cross_entropy(logits.float(), draw["labels"])}, outputs=right)

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """Refused: a classifier makes nothing.

        Raises:
            UserError: always.
        """
        raise UserError("samples of a classifier", "a run with a generator", "use it with evaluate --features")
