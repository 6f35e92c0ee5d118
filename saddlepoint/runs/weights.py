"""Beginning a run with the weights of another one."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from saddlepoint.errors import UserError
from saddlepoint.game.task import networks_of
from saddlepoint.runs.build import Built
from saddlepoint.training.records.checkpoint import Checkpoint, load_network, newest_valid, sampled_weights, tensors_of
from saddlepoint.training.records.folder import RunFolder


def take_weights(game: Built, source: Path, at: int | None = None) -> tuple[int, list[str]]:
    """Puts the networks that another run has into a game; those that it has not stay as they were initialised.

    Args:
        game: that has not begun.
        source: the other run's folder.
        at: the step of its checkpoint; None for the newest one.

    Returns:
        The step that was taken, and the names of networks that the source has not.

    Raises:
        UserError: there is no such run or checkpoint, its newest one is damaged, or its networks are others.
    """

    def refuse(problems: Sequence[str], older: Checkpoint) -> None:
        run = shlex.quote(str(source))
        raise UserError(
            f"--from {source}, whose newest checkpoint is damaged: {problems[0]}",
            "a whole one, because weights of another step would be other weights",
            f"make it anew by `saddlepoint resume {run}`, which goes on from step {older.step}, or remove its folder,"
            f" to begin with step {older.step}",
        )

    checkpoint = newest_valid(RunFolder.existing(source).checkpoints, left_out=refuse, at=at)
    networks = networks_of(game.task)
    fresh = [name for name in networks if not tensors_of(checkpoint, "networks", name)]
    if len(fresh) == len(networks):
        raise UserError(
            f"--from {source}, a run without {' or '.join(fresh)}", "a run with one of these", "choose another run"
        )
    for name, network in networks.items():
        if name not in fresh:
            load_network(network, tensors_of(checkpoint, "networks", name), checkpoint.path)
    if game.state.averages is not None:
        for name, network in game.state.averages.networks.items():
            if name not in fresh:
                load_network(network, sampled_weights(checkpoint, name), checkpoint.path)
    return checkpoint.step, fresh
