"""The references of the training-speed table are the same recipes as ours: parameters, losses, gradients, turns."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from benchmarks.random_data import data
from benchmarks.references import REFERENCES
from benchmarks.references.pix2pix import Pix2PixTraining
from benchmarks.references.r3gan import R3ganTraining
from benchmarks.references.srresnet import SrResNetTraining
from benchmarks.rows import ROWS, Row, recipe_of
from saddlepoint.game.field import cost
from saddlepoint.game.schedules import value_at
from saddlepoint.game.task import networks_of, player_named
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.tasks import build_task
from saddlepoint.runs.build import Built, build_game

PLAYERS = ("discriminator", "generator")
CPU = torch.device("cpu")
# Narrow enough for a test; what is set in our recipe, and what the reference is told.
NARROW = {
    "mlp": (("networks.width=16",), {"width": 16}),
    "dcgan": (("networks.width=4",), {"width": 4}),
    "sngan": (
        ("networks.width=8", "networks.discriminator_width=8"),
        {"width": 8, "discriminator_width": 8},
    ),
    "r3gan": (("networks.width=16",), {"width": 16}),
    "biggan": (("networks.width=2",), {"width": 2}),
    "pix2pix": (("networks.width=4",), {"width": 4}),
    "srresnet": (("networks.width=8", "networks.blocks=2"), {"width": 8, "blocks": 2}),
}
OF_REFERENCE = {row.reference: row for row in ROWS}


def narrow(row: Row) -> Row:
    changes, options = NARROW[row.reference]
    options = {**row.options, **options}
    return Row(
        name=row.name,
        recipe=row.recipe,
        shape=row.shape,
        batch=min(row.batch, 3),
        classes=row.classes,
        pairs=row.pairs,
        changes=(*row.changes, *changes, "training.precision=float32", "training.threads=1"),
        reference=row.reference,
        options=options,
    )


def built(row: Row, device: torch.device = CPU) -> Built:
    recipe, items = recipe_of(row), data(row)
    torch.manual_seed(0)
    return build_game(recipe, build_task(recipe, DataFacts.of(items), items, device), device)


def reference_of(row: Row, images: Tensor | None = None):
    options = dict(row.options)
    if images is None:
        images = torch.zeros(1, *row.shape, dtype=torch.uint8)
    if row.pairs:
        options["sources"] = images
    labels = torch.zeros(len(images), dtype=torch.int64) if row.classes else None
    return REFERENCES[row.reference](images, labels, batch=row.batch, **options)


def copied(ours: nn.Module, theirs: nn.Module) -> None:
    """Our weights and buffers put into the reference's network, in their order."""
    for own, other in (
        (ours.parameters(), theirs.parameters()),
        (
            (buffer for name, buffer in ours.named_buffers() if "num_batches" not in name and "kernel" not in name),
            (buffer for name, buffer in theirs.named_buffers() if tracked(name, ours)),
        ),
    ):
        for source, target in zip(own, other, strict=True):
            if source.shape != target.shape:
                # A linear layer of ours, where the example has a convolution from or to a map of one pixel.
                assert source.numel() == target.numel() and target.dim() == 4
                source = source.T if source.shape[1] == target.shape[0] else source
            target.data.copy_(source.detach().reshape(target.shape))


def tracked(name: str, ours: nn.Module) -> bool:
    """Whether ours has the buffer too: its per-image batch normalisation keeps no running averages."""
    running = any("running" in buffer for buffer, _ in ours.named_buffers())
    return "num_batches" not in name and "kernel" not in name and (running or "running" not in name)


def stilled(network: nn.Module) -> None:
    """Nothing in it is drawn, and the vectors of spectral norm stay, however often it is called."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(module, parametrizations._SpectralNorm):
            module.eval()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_parameter_counts_are_ours(row):
    recipe, items = recipe_of(row), data(row)
    with torch.device("meta"):
        ours = networks_of(build_task(recipe, DataFacts.of(items), items, torch.device("meta")))
        options = dict(row.options)
        images = torch.zeros(1, *row.shape, dtype=torch.uint8)
        if row.pairs:
            options["sources"] = images
        theirs = REFERENCES[row.reference](images, None, batch=row.batch, **options)
    for name, network in ours.items():
        expected = sum(parameter.numel() for parameter in network.parameters())
        assert sum(parameter.numel() for parameter in getattr(theirs, name).parameters()) == expected, name


@pytest.mark.parametrize(
    ("reference", "player"),
    [(name, player) for name in REFERENCES for player in PLAYERS if (name, player) != ("srresnet", "discriminator")],
)
def test_loss_and_gradients_are_ours(reference, player):
    row = narrow(OF_REFERENCE[reference])
    game = built(row)
    theirs = reference_of(row)
    for name, network in networks_of(game.task).items():
        copied(network, getattr(theirs, name))
        stilled(network)
        stilled(getattr(theirs, name))
    settings = {name: value_at(number, 0, 0) for name, number in game.schedules.items()}
    draw = game.task.draw(player, 0, 0, game.state)
    loss = player_loss(theirs, player, draw)
    loss.backward()
    mover = player_named(game.task, player)
    ours = game.field.backward(mover, draw, settings)
    assert loss.item() == pytest.approx(cost(ours).item(), rel=1e-4)
    expected, found = [], []
    for own, other in zip(mover.networks[player].parameters(), getattr(theirs, player).parameters(), strict=True):
        assert own.grad is not None and other.grad is not None
        transposed = own.shape != other.shape and own.shape[1] == other.shape[0]
        expected.append(own.grad.flatten())
        found.append((other.grad.flatten(1).T if transposed else other.grad).flatten())
    whole = torch.cat(expected)
    assert (torch.cat(found) - whole).norm() <= 1e-3 * whole.norm()
    assert whole.norm() > 0


def player_loss(theirs, player: str, draw) -> Tensor:
    if isinstance(theirs, SrResNetTraining):
        return theirs.generator_loss(draw["source"].float() / 255, draw["real"].float() / 127.5 - 1)
    if isinstance(theirs, Pix2PixTraining):
        source, target = (theirs.seen(draw[name]) for name in ("source", "real"))
        fake = theirs.generator(source)
        if player == "generator":
            return theirs.generator_loss(source, target, fake)
        return theirs.discriminator_loss(source, target, fake.detach())
    labels = draw.get("labels")
    fake = theirs.make(draw["z"], labels)
    # An objective that does not ask for them draws no real images for G.
    real = theirs.seen(draw["real"]) if draw.get("real") is not None else fake.detach()
    if player == "generator":
        return theirs.generator_loss(fake, real, labels)
    return theirs.discriminator_loss(real, fake.detach(), labels)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_turns_are_ours(row):
    recipe = recipe_of(row)
    theirs = reference_of(narrow(row))
    assert getattr(theirs, "discriminator_steps", 1) == recipe.dynamics.discriminator_steps
    assert getattr(theirs, "shared", False) is recipe.dynamics.share_draws
    assert getattr(theirs, "generator_batches", 1) == recipe.dynamics.generator_batches
    assert recipe.dynamics.turn == "alternating" and recipe.dynamics.bursts is None
    assert (getattr(theirs, "average", None) is not None) == (recipe.average is not None)
    mirrors = isinstance(theirs, R3ganTraining | Pix2PixTraining)
    assert getattr(recipe.task, "mirror", False) is mirrors
    assert recipe.training.batch == row.batch and recipe.training.accumulate == 1


@pytest.mark.parametrize("reference", REFERENCES)
def test_an_iteration_moves_every_network_and_counts_its_images(reference):
    row = narrow(OF_REFERENCE[reference])
    torch.manual_seed(0)
    theirs = reference_of(row, torch.randint(0, 256, (4, *row.shape), dtype=torch.uint8))
    networks = [getattr(theirs, name) for name in ("generator", "discriminator") if hasattr(theirs, name)]
    before = copy.deepcopy([list(network.parameters()) for network in networks])
    assert theirs.iteration() == row.batch * getattr(theirs, "discriminator_steps", 1)
    for network, old in zip(networks, before, strict=True):
        assert any(not torch.equal(one, other) for one, other in zip(network.parameters(), old, strict=True))
        assert all(parameter.requires_grad and parameter.isfinite().all() for parameter in network.parameters())
