"""A run that begins with the weights of a smaller one: what it says, what it notes, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import saddlepoint as sp
from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.task import networks_of
from saddlepoint.runs.loading import load_task, say_left_out

NARROW = {"pair": "dcgan", "width": 4, "latent": 5, "normalisation": "none"}
QUICK = {"training.batch": 4, "training.threads": 1, "watch.samples": 4, "watch.diagnosis": "off", "networks": NARROW}
STILL = {**QUICK, "generator.rate": 0.0, "discriminator.rate": 0.0}


def packed(shape: tuple[int, int, int], classes: tuple[str, ...] = ()) -> Packed:
    return Packed(
        items=np.random.default_rng(0).integers(0, 256, (24, *shape), dtype=np.uint8),
        labels=np.arange(24) % len(classes) if classes else None,
        classes=classes,
        kind="images",
        shape=shape,
        fingerprint="3" * 64,
        splits={"train": np.arange(20), "held_out": np.arange(20, 24)},
        split_rule="a test",
        source="random",
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "small"
    sp.train("images", data=packed((1, 16, 16)), out=run, steps=2, set=QUICK, show=False)
    return run


def test_a_run_at_twice_the_size_begins_with_the_smaller_ones_pictures(small, tmp_path, capsys):
    large = tmp_path / "large"
    sp.train("images", data=packed((1, 32, 32)), out=large, steps=1, set=STILL, weights_from=small)
    said = capsys.readouterr().err
    assert "grown from 16x16; generator: 13 of 19 tensors taken, the others are new levels that enlarge" in said
    events = [json.loads(line) for line in (large / "events.jsonl").read_text().splitlines()]
    (noted,) = [event for event in events if event["event"] == "weights taken"]
    assert noted["from_step"] == 2 and noted["grown"]["discriminator"]["carried"] is True
    # The averages too, which are what is sampled; one batch has moved their statistics.
    tasks = [load_task(run, left_out=say_left_out).task for run in (small, large)]
    z = torch.randn(5, NARROW["latent"])
    with torch.no_grad():
        was, enlarged = (networks_of(task)["generator"](z) for task in tasks)
    pooled = torch.nn.functional.avg_pool2d(enlarged, 2)
    alike = torch.corrcoef(torch.stack([(each - each.mean(0)).flatten() for each in (was, pooled)]))[0, 1]
    assert alike > 0.9, alike


@pytest.mark.parametrize(
    ("data", "settings", "cure"),
    [
        (packed((1, 24, 24)), {}, "set data.size=32x32, or 16x16"),
        (packed((3, 32, 32)), {}, "set data.channels=1"),
        (packed((1, 32, 32)), {"generator_normalisation": "none"}, "set networks.generator_normalisation=batch"),
        (packed((1, 16, 16)), {"width": 3, "latent": 4}, "set networks.width=4 and networks.latent=5"),
        (packed((1, 32, 32), ("cat", "dog")), {"task.conditional": True}, "set task.conditional=false"),
    ],
    ids=["size", "channels", "option", "width", "classes"],
)
def test_what_cannot_be_grown_is_refused_with_the_cure(small, tmp_path, data, settings, cure):
    of_task = {key: value for key, value in settings.items() if "." in key}
    networks = {**NARROW, **{key: value for key, value in settings.items() if "." not in key}}
    with pytest.raises(UserError) as refused:
        sp.train(
            "images",
            data=data,
            out=tmp_path / "no",
            steps=1,
            set={**QUICK, **of_task, "networks": networks},
            weights_from=small,
            show=False,
        )
    assert cure in refused.value.cure and str(small) in refused.value.got
    assert not (tmp_path / "no").exists()


def test_another_pair_is_refused(small, tmp_path):
    other = {**QUICK, "networks": {"pair": "r3gan", "width": 4}}
    with pytest.raises(UserError, match=r"whose networks are dcgan, for r3gan.*set networks.pair=dcgan"):
        sp.train("images", data=packed((1, 16, 16)), out=tmp_path / "no", set=other, weights_from=small, show=False)
