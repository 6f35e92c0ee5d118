"""A recipe's penalties reach the discriminators of every kind of task that has one."""

from pathlib import Path

import pytest

import saddlepoint as sp
from saddlepoint.recipes.catalogue import RECIPES
from tests.tasks.examples import packed, pairs

ALL = {f"penalties.{name}": 0.1 for name in ("r1", "r2", "gradient_penalty", "lecam")}
QUICK = {"training.batch": 2, "training.threads": 1, "watch.log_every": 1, "watch.samples": 1}
NARROW = {"networks.width": 4, "networks.blocks": 1, "networks.discriminator_layers": 1}
TERMS = {"r1", "r2", "gradient_penalty", "lecam"}


@pytest.mark.parametrize(
    ("name", "settings", "paired", "endings"),
    [
        ("pix2pix-small", {"networks.pair": "cyclegan", **NARROW}, True, ("",)),
        ("cyclegan-small", NARROW, False, ("", "_back")),
    ],
)
def test_images_from_images(
    name: str, settings: dict[str, object], paired: bool, endings: tuple[str, ...], tmp_path: Path
) -> None:
    data = pairs(paired=paired, side=16)
    run = sp.train(name, data=data, out=tmp_path / "run", steps=2, set={**settings, **QUICK, **ALL}, show=False)
    for line in run.log():
        assert {f"{term}{ending}" for term in TERMS for ending in endings} <= line["losses"]["discriminator"].keys()
        assert all(line["losses"]["discriminator"][f"r1{ending}"] > 0 for ending in endings)


def test_batch_statistics_are_refused_wherever_there_is_such_a_penalty(tmp_path: Path) -> None:
    for name, data in (("pix2pix-small", pairs(side=32)), ("srgan-x4-small", packed(channels=3, side=100))):
        content = {"task.content": "pixels"} if name.startswith("srgan") else {}
        with pytest.raises(sp.UserError, match=r"batch normalisation .* under the penalty r1"):
            sp.train(
                RECIPES[name].shrunken(),
                data=data,
                out=tmp_path / "run",
                steps=1,
                set={**QUICK, **content, "penalties.r1": 1},
                show=False,
            )
