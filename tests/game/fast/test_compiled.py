"""A compiled step gives the gradient, the loss and the buffers of an eager one with double backward; runs keep bits."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.game.fast.compiled import Compilation, check_compiler
from saddlepoint.game.field import Field
from saddlepoint.game.task import Loss, networks_of, player_named
from saddlepoint.networks import Dcgan, Maxout2014
from saddlepoint.networks.layers import spectrally_normalise
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.text import override
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.session import resume, start
from saddlepoint.tasks.generation import Generation
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR
from saddlepoint.training.machine.layout import keep_channels_last
from saddlepoint.training.state import State
from tests.tasks.examples import generation, packed

SETTINGS = {
    "penalties.r1": 0.7,
    "penalties.r2": 0.3,
    "penalties.gradient_penalty": 2.0,
    "augment.flip": 0.5,
    "augment.shift": 0.6,
    "task.top_k": 0.5,
}


@pytest.fixture
def without_generated_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced and made functional as always, then played operation by operation: seconds where a compiler takes minutes.

    What the compiler itself makes of the recipes is `python -m benchmarks.compiled`.
    """
    compiler = torch.compile

    def played(graph: Any, *, options: Any, **named: Any) -> Any:
        return compiler(graph, backend="aot_eager", **named)

    monkeypatch.setattr(torch, "compile", played)


def _with_dropout() -> Generation:
    # Maps whose channels lie together are dropped out in the order in which they lie.
    pair = Dcgan(latent=5, width=4, normalisation="none", dropout=0.3)
    task = generation("paired_logistic", pair=pair, penalties=("r1", "r2"), augmentations=("flip", "shift"))
    keep_channels_last(task)
    return task


def _with_spectral_norm() -> Generation:
    task = generation("hinge", penalties=("gradient_penalty",))
    torch.manual_seed(1)
    spectrally_normalise(task.discriminator)
    return task


def _with_batch_norm() -> Generation:
    return generation("non_saturating", pair=Dcgan(latent=5, width=4), top_k=True)


def _parts(loss: Loss) -> dict[str, Mapping[str, Tensor]]:
    return {"value": loss.value or {}, "costs": loss.costs, "outputs": loss.outputs, "shown": loss.shown}


class _Steps:
    """Steps of a task that change nothing, compiled and eager, each from the same buffers."""

    def __init__(self, task: Generation, **options: Any):
        self.compiled: list[str] = []
        self.compilation = Compilation(
            constants=("task.top_k",), told=lambda player, seconds: self.compiled.append(player)
        )
        # The reference differentiates twice, whatever the hot path does.
        self.eager = Field(task=task, accumulate=options.get("accumulate", 1))
        self.field = Field(task=task, compiled=self.compilation, **options)

    def assert_equal(self, player: str, settings: Mapping[str, float] = SETTINGS, step: int = 0) -> None:
        (ours, loss, buffers), (theirs, reference, expected) = (
            self._played(field, player, settings, step) for field in (self.field, self.eager)
        )
        assert float((ours - theirs).norm()) <= 1e-5 * float(theirs.norm()) > 0
        for one, other in zip(buffers, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
        for part, terms in _parts(reference).items():
            assert list(_parts(loss)[part]) == list(terms)
            for name, term in terms.items():
                torch.testing.assert_close(_parts(loss)[part][name], term, rtol=1e-4, atol=1e-5)

    def _played(
        self, field: Field, player: str, settings: Mapping[str, float], step: int
    ) -> tuple[Tensor, Loss, list[Tensor]]:
        mover, networks = player_named(field.task, player), networks_of(field.task).values()
        before = [buffer.clone() for network in networks for buffer in network.buffers()]
        loss = field.backward(mover, field.task.draw(player, step, 0, State(seed=0)), settings)
        after = [buffer.clone() for network in networks for buffer in network.buffers()]
        buffers = [buffer for network in networks for buffer in network.buffers()]
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)
        gradient = torch.cat([each.grad.flatten() for each in mover.parameters() if each.grad is not None])
        for each in mover.parameters():
            each.grad = None
        assert all(each.grad is None for other in field.task.players for each in other.parameters())
        return gradient, loss, after


@pytest.mark.usefixtures("without_generated_code")
def test_dropout_and_augmentation_under_r1_and_r2() -> None:
    steps = _Steps(_with_dropout())
    steps.assert_equal(DISCRIMINATOR)
    # Another draw, other dropout, other numbers: nothing is compiled again.
    moved = {**SETTINGS, "penalties.r1": 0.4, "augment.flip": 0.9, "discriminator.rate": 0.1}
    steps.assert_equal(DISCRIMINATOR, moved, step=1)
    assert steps.compiled == [DISCRIMINATOR]
    steps.assert_equal(GENERATOR)


@pytest.mark.usefixtures("without_generated_code")
def test_dropout_where_one_side_alone_is_penalised() -> None:
    # Inside a derivative torch draws the masks by another operation.
    pair = Maxout2014(latent=5, width=8, units=8)
    steps = _Steps(generation("minimax", pair=pair, penalties=("r1",), pixel_range=(0.0, 1.0)))
    steps.assert_equal(DISCRIMINATOR)


@pytest.mark.usefixtures("without_generated_code")
def test_the_tangent_pass_under_spectral_norm() -> None:
    steps = _Steps(_with_spectral_norm(), tangent=frozenset({DISCRIMINATOR}))
    steps.assert_equal(DISCRIMINATOR)


@pytest.mark.usefixtures("without_generated_code")
def test_batch_norm_and_numbers_that_count_in_micro_batches() -> None:
    steps = _Steps(replace(_with_batch_norm(), batch=6), accumulate=2)
    # D's batch statistics move in G's step too.
    steps.assert_equal(GENERATOR)
    assert steps.compiled == [GENERATOR]


def test_a_loss_that_looks_at_numbers_is_refused() -> None:
    # Without being told that this is a number to count with.
    task = _with_batch_norm()
    field = Field(task=task, compiled=Compilation())
    draw = task.draw(GENERATOR, 0, 0, State(seed=0))
    with pytest.raises(UserError, match=r"cannot be traced .* training\.compile=false"):
        field.backward(task.players[1], draw, SETTINGS)
    assert all(parameter.requires_grad for parameter in task.discriminator.parameters())


def test_a_machine_without_a_compiler_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    with (
        config.patch({"cpp.cxx": (None, "no-such-compiler")}),
        pytest.raises(UserError, match=r"install g\+\+, or set training\.compile=false"),
    ):
        check_compiler(torch.device("cpu"))


RUN = [
    "networks.pair=mlp-2014",
    "networks.width=8",
    "networks.units=8",
    "networks.latent=5",
    "penalties.r1={schedule: linear, start: 1.0, end: 0.1, over: 4}",
    "training.batch=4",
    "training.compile=true",
    "watch.log_every=1",
    "watch.checkpoint_every=2",
]


def _losses(run: Path) -> list[dict[str, dict[str, float]]]:
    return [json.loads(line)["losses"] for line in (run / "log.jsonl").read_text().splitlines()]


def test_a_compiled_run_is_resumed_bit_for_bit(tmp_path: Path) -> None:
    recipe, brought = override(RECIPES["digits"], RUN), FromPython(data=packed())
    whole, part, eager = (tmp_path / name for name in ("whole", "part", "eager"))
    start(override(recipe, ["training.steps=4"]), whole, from_python=brought, show=False)
    start(override(recipe, ["training.steps=4", "training.compile=false"]), eager, from_python=brought, show=False)
    start(override(recipe, ["training.steps=2"]), part, from_python=brought, show=False)
    resume(part, steps=4, from_python=brought, show=False)
    for path in sorted((whole / "checkpoints" / "00000004").glob("*.safetensors")):
        ours, theirs = load_file(path), load_file(part / "checkpoints" / "00000004" / path.name)
        assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)
    for ours, theirs in zip(_losses(whole), _losses(eager), strict=True):
        for player, terms in theirs.items():
            assert ours[player] == pytest.approx(terms, rel=1e-3)
    events = [json.loads(line) for line in (whole / "events.jsonl").read_text().splitlines()]
    compiled = [event for event in events if event["event"] == "compiled"]
    assert [event["player"] for event in compiled] == [DISCRIMINATOR, GENERATOR]
    assert all(event["seconds"] > 0 for event in compiled)


@pytest.mark.parametrize(
    "change", ["dynamics.correction=extragradient", "task.top_k={schedule: linear, start: 1.0, end: 0.5, over: 9}"]
)
def test_what_cannot_be_compiled_is_refused(change: str, tmp_path: Path) -> None:
    recipe = override(RECIPES["digits"], [*RUN, change])
    with pytest.raises(UserError, match=r"training\.compile=false"):
        start(recipe, tmp_path / "run", from_python=FromPython(data=packed()), show=False)
