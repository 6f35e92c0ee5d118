"""The recipes of the training-speed table as a user would write them by hand: eager float32 PyTorch, nothing of ours.

Each file is one recipe: nn.Module networks, torch.optim.Adam, .backward(), the published order of operations. Nothing
here imports the package; a test holds each reference to the same parameter counts, losses and gradients as ours.

    REFERENCES[name](images, labels, batch=..., **options)      images uint8 (n, channels, height, width), resident
    .iteration() -> how many real images the iteration's discriminator steps took
"""

from benchmarks.references.biggan import BigGanTraining
from benchmarks.references.dcgan import DcganTraining
from benchmarks.references.mlp import MlpTraining
from benchmarks.references.pix2pix import Pix2PixTraining
from benchmarks.references.r3gan import R3ganTraining
from benchmarks.references.sngan import SnganTraining
from benchmarks.references.srresnet import SrResNetTraining

REFERENCES = {
    "biggan": BigGanTraining,
    "dcgan": DcganTraining,
    "mlp": MlpTraining,
    "pix2pix": Pix2PixTraining,
    "r3gan": R3ganTraining,
    "sngan": SnganTraining,
    "srresnet": SrResNetTraining,
}
