"""What the campaign imports before it forks: the verbs import late, and every child would pay for it."""

import gc
import importlib

_MODULES = (
    "importlib.readers",
    "saddlepoint.api.train",
    "saddlepoint.command.main",
    "saddlepoint.command.drawing",
    "saddlepoint.command.translating",
    "saddlepoint.data",
    "saddlepoint.data.formats.parquet",
    "saddlepoint.api.evaluation",
    "saddlepoint.report",
    "saddlepoint.report.portrait",
    "saddlepoint.theory.flow.experiment",
    "saddlepoint.theory.proof.prove",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "pyarrow.parquet",
    "scipy.linalg",
    "sklearn.datasets",
    "tensorboard.summary.writer.event_file_writer",
    "torch.optim",
)


def preload() -> None:
    """Imports it all, and takes it out of the garbage collector's sight, so that children share the pages."""
    for name in _MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
