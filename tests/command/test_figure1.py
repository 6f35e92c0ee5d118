"""Figure 1: a run on the line is read from its checkpoints and drawn; other runs are refused."""

import numpy as np
import pytest
from PIL import Image

import saddlepoint as sp
from saddlepoint.command.main import main
from saddlepoint.command.stages import read_stages
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.report.figure1 import four_stages


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    changes = {"watch.checkpoint_every": 1, "watch.sample_every": 9}
    out = tmp_path_factory.mktemp("runs") / "line"
    return sp.train(RECIPES["figure1"].shrunken(), out=out, steps=6, set=changes, show=False)


def test_stages_are_consistent(run):
    stages = read_stages(run.path)
    assert [stage.step for stage in stages] == [1, 2, 3, 4, 5, 6]
    for stage in stages:
        assert ((stage.score > 0) & (stage.score < 1)).all()
        # The two ways to p_g agree, on the bins that no fold of the generator makes too steep for a grid of places.
        place = np.clip(np.searchsorted(stage.edges, stage.x, side="right") - 1, 0, len(stage.counts) - 1)
        averaged = np.array([stage.generated[place == bin].mean() for bin in range(len(stage.counts))])
        assert np.median(np.abs(averaged - stage.counts)) < 0.02
        smooth = (stage.counts > 0) & (averaged < 2) & (stage.counts < 2)
        assert np.abs(averaged - stage.counts)[smooth].mean() < 0.1
    assert stages[0].real.max() == pytest.approx(1 / (0.5 * np.sqrt(2 * np.pi)), rel=1e-3)
    assert four_stages(stages)[-1] is stages[-1]


def test_the_command_writes_a_picture_and_an_animation(run, tmp_path, capsys):
    out = tmp_path / "figure.png"
    assert main(["figure1", str(run.path), "--out", str(out)]) == 0
    assert Image.open(out).size[0] > 1000
    with Image.open(tmp_path / "figure.gif") as animation:
        assert getattr(animation, "n_frames", 1) == 6
    assert main(["figure1", str(run.path), "--out", str(out)]) == 2
    assert main(["figure1", str(run.path), "--out", str(tmp_path / "figure.pdf")]) == 2


def test_a_run_of_another_kind_is_refused(tmp_path, capsys):
    sp.train(RECIPES["toy"].shrunken(), out=tmp_path / "plane", steps=1, show=False)
    assert main(["figure1", str(tmp_path / "plane")]) == 2
    assert "a run on the line" in capsys.readouterr().err
