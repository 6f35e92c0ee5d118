"""The Python interface, as the README shows it and beyond."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import saddlepoint as sp
from saddlepoint.api import evaluation, load, run, train
from saddlepoint.data import Packed
from saddlepoint.networks import Dcgan

README = Path(__file__).resolve().parents[2] / "README.md"
QUICK = {"training.batch": 4, "watch.samples": 4, "watch.log_every": 1}


def test_the_readmes_example_runs(tmp_path, monkeypatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "example"}
    exec(compile(example, "README.md", "exec"), names)  # the README's own text, not a user's
    assert names["images"].shape == (16, 1, 12, 12)
    assert names["run"].step == 60
    assert (tmp_path / "runs" / "stripes" / "report.html").is_file()


def test_every_public_name_is_there() -> None:
    for name in sp.__all__:
        assert getattr(sp, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_this"):
        sp.nothing_like_this  # noqa: B018


def test_the_package_lends_what_the_files_of_the_face_define() -> None:
    face = {train.train, train.resume, load.load, run.Run, evaluation.evaluate}
    assert face == {sp.train, sp.resume, sp.load, sp.Run, sp.evaluate}


def _packed(labels: bool = True) -> Packed:
    random = np.random.default_rng(0)
    return Packed(
        items=random.integers(0, 256, (30, 3, 12, 10), dtype=np.uint8),
        labels=np.arange(30) % 2 if labels else None,
        classes=("cat", "dog") if labels else (),
        kind="images",
        shape=(3, 12, 10),
        fingerprint="2" * 64,
        splits={"train": np.arange(28), "held_out": np.arange(28, 30)},
        split_rule="a test",
        source="random",
    )


def test_a_task_of_ones_own_is_trained_resumed_and_recorded(tmp_path) -> None:
    def task() -> sp.Generation:
        torch.manual_seed(0)
        generator, discriminator = Dcgan(latent=5, width=2, normalisation="none").build((3, 12, 10), classes=2)
        return sp.Generation(
            generator=generator,
            discriminator=discriminator,
            data=_packed(),
            objective=sp.objective("hinge"),
            latent=5,
            batch=4,
            conditional=True,
            penalties=("gradient_penalty",),
        )

    settings = {"penalties.gradient_penalty": 10.0, "watch.samples": 4}
    whole = sp.train(task(), out=tmp_path / "whole", steps=4, set=settings, show=False)
    part = sp.train(task(), out=tmp_path / "part", steps=4, stop_at=2, set=settings, show=False)
    part = sp.resume(part, task=task(), show=False)
    assert whole.samples is not None and part.samples is not None
    assert whole.samples.read_bytes() == part.samples.read_bytes()
    assert "gradient_penalty" in part.log()[-1]["losses"]["discriminator"]
    assert "objective: hinge" in (part.path / "recipe.yaml").read_text()
    with pytest.raises(sp.UserError, match=r"penalties\.gradient_penalty"):
        sp.train(task(), out=tmp_path / "other", steps=2, show=False)


def test_labels_choose_the_class_by_name_or_number(tmp_path) -> None:
    run = sp.train(
        "images", data=_packed(), out=tmp_path / "run", steps=2, set={**QUICK, "task.conditional": True}, show=False
    )
    gan = sp.load(run)
    assert gan.classes == ("cat", "dog")
    dogs = gan.sample(4, seed=1, label="dog")
    assert torch.equal(dogs, gan.sample(4, seed=1, label=1))
    assert not torch.equal(dogs, gan.sample(4, seed=1, label="cat"))
    with pytest.raises(sp.UserError, match=r"bird.*cat, dog"):
        gan.sample(4, label="bird")


def test_seeds_and_interpolation_meet_at_their_ends(tmp_path) -> None:
    run = sp.train("images", data=_packed(labels=False), out=tmp_path / "run", steps=2, set=QUICK, show=False)
    gan = sp.load(run)
    three, five = gan.sample_seeds([3, 5])
    for spherical in (False, True):
        between = gan.interpolate(3, 5, 6, spherical=spherical)
        assert between.shape == (6, 3, 12, 10)
        torch.testing.assert_close(between[0], three, atol=1e-5, rtol=0)
        torch.testing.assert_close(between[-1], five, atol=1e-5, rtol=0)
    assert torch.equal(gan.sample(1, seed=3)[0], three)


def test_truncation_and_the_way_around(tmp_path) -> None:
    settings = {**QUICK, "latent_prior": "normal"}
    run = sp.train("images", data=_packed(labels=False), out=tmp_path / "run", steps=2, set=settings, show=False)
    gan = sp.load(run)
    whole, same = gan.sample(3, seed=2), gan.sample(3, seed=2, truncation=float("inf"))
    assert torch.equal(whole, same)
    near = gan.sample(3, seed=2, truncation=1e-3)
    assert not torch.equal(near, whole) and near.std(dim=0).max() < 1e-2 * whole.std(dim=0).max()
    assert torch.equal(gan.sample_seeds([2], truncation=0.5)[0], gan.sample(3, seed=2, truncation=0.5)[0])
    around = gan.loop([4, 2, 9], 3, spherical=True, truncation=0.5)
    assert around.shape == (9, 3, 12, 10)
    corners = gan.sample_seeds([4, 2, 9], truncation=0.5)
    torch.testing.assert_close(around[::3], corners, atol=1e-5, rtol=0)
    leg = gan.interpolate(4, 2, 4, spherical=True, truncation=0.5)
    torch.testing.assert_close(around[:3], leg[:3], atol=1e-5, rtol=0)
    with pytest.raises(sp.UserError, match="more than 0"):
        gan.sample(1, truncation=0.0)


def test_standing_statistics_are_those_of_the_latents_sampled(tmp_path) -> None:
    settings = {**QUICK, "latent_prior": "normal", "task.conditional": True}
    run = sp.train("images", data=_packed(), out=tmp_path / "run", steps=2, set=settings, show=False)
    spreads: list[torch.Tensor] = []
    first, again, plain = sp.load(run), sp.load(run), sp.load(run)
    first.standing_statistics(4, truncation=0.1)
    again.standing_statistics(4, truncation=0.1)
    assert torch.equal(first.sample(4), again.sample(4)), "nothing but the run, N and T decides"
    assert not torch.equal(first.sample(4), plain.sample(4))
    # With them the first normalised maps of truncated latents have about unit variance; with those of training,
    # whose latents were ten times as long, they are ten times as narrow.
    for gan in (first, plain):
        norm = next(part for part in gan.task.generator.modules() if isinstance(part, nn.BatchNorm2d))
        bias = norm.bias.detach()[:, None, None]
        norm.register_forward_hook(lambda part, given, made, bias=bias: spreads.append((made - bias).std()))
        gan.sample(16, seed=5, truncation=0.1)
    assert 0.6 < spreads[0] < 1.4 and spreads[1] < 0.3
    with pytest.raises(sp.UserError, match="0 batches"):
        first.standing_statistics(0)


def test_from_another_runs_weights(tmp_path) -> None:
    data = _packed(labels=False)
    first = sp.train("images", data=data, out=tmp_path / "first", steps=3, set=QUICK, show=False)
    frozen = {**QUICK, "generator.rate": 0.0, "discriminator.rate": 0.0, "average.half_life": 0}
    second = sp.train("images", data=data, out=tmp_path / "second", steps=1, set=frozen, weights_from=first, show=False)
    from saddlepoint.training.records.checkpoint import read, tensors_of

    weights = [
        tensors_of(read(run.path / "checkpoints" / f"{run.step:08d}"), "networks", "discriminator")
        for run in (first, second)
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    narrow = {**QUICK, "networks": {"pair": "dcgan", "width": 3, "latent": 128, "normalisation": "none"}}
    with pytest.raises(sp.UserError, match=r"fit in here.*set networks.width=32"):
        sp.train("images", data=data, out=tmp_path / "third", steps=1, set=narrow, weights_from=first, show=False)


def test_training_leaves_the_callers_randomness_alone(tmp_path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    sp.train("digits", out=tmp_path / "run", steps=1, set=QUICK, show=False)
    assert torch.equal(torch.rand(3), expected)


def test_only_half_a_pair_is_refused(tmp_path) -> None:
    with pytest.raises(sp.UserError, match="generator and a discriminator"):
        sp.train("digits", generator=nn.Linear(2, 2), out=tmp_path / "run")
    with pytest.raises(sp.UserError, match="latent=64"):
        sp.train("digits", generator=nn.Linear(2, 2), discriminator=nn.Linear(2, 2), out=tmp_path / "run")


def test_ones_own_networks_are_asked_for_again(tmp_path) -> None:
    generator = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
    run = sp.train(
        "digits",
        generator=generator,
        discriminator=discriminator,
        latent=4,
        out=tmp_path / "run",
        steps=2,
        set=QUICK,
        show=False,
    )
    with pytest.raises(sp.UserError, match="generator="):
        sp.resume(run, steps=4, show=False)
    with pytest.raises(sp.UserError, match="generator="):
        sp.load(run)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_precisions(tmp_path, precision: str) -> None:
    settings = {**QUICK, "training.precision": precision}
    run = sp.train("digits", out=tmp_path / "run", steps=3, set=settings, show=False)
    assert sp.load(run).sample(4).dtype == torch.float32
    assert all(np.isfinite(line["losses"]["discriminator"]["total"]) for line in run.log())


def test_accumulation_gives_the_same_run_up_to_rounding(tmp_path) -> None:
    # No batch statistics, no dropout: four micro-batches are the batch.
    settings = {**QUICK, "training.batch": 16, "networks.generator_normalisation": "none"}
    runs = [
        sp.train("digits", out=tmp_path / str(n), steps=3, set={**settings, "training.accumulate": n}, show=False)
        for n in (1, 4)
    ]
    one, four = (sp.load(run).sample(8) for run in runs)
    torch.testing.assert_close(one, four, atol=2e-3, rtol=0)
