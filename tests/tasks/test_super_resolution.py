"""Super-resolution: what is drawn, against Pillow; what is lost, in closed form; what is refused."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.field import Field
from saddlepoint.game.task import Request, networks_of
from saddlepoint.networks import SrResNet
from saddlepoint.objectives import objective
from saddlepoint.tasks.kit.bicubic import bicubic
from saddlepoint.tasks.kit.content import PIXELS, Content
from saddlepoint.tasks.super_resolution import SuperResolution
from saddlepoint.training.state import State
from tests.tasks.examples import packed

SETTINGS = {"task.content_weight": 2.0, "task.adversarial": 0.25}


def super_resolution(
    name: str = "non_saturating", *, alone: bool = False, judged: bool = False, **options: Any
) -> SuperResolution:
    """A small task: pieces of 16 x 16 out of tiles of 20 x 20.

    Args:
        name: of the objective.
        alone: without a discriminator.
        judged: compare in the maps of a frozen network.
        options: of `SuperResolution`.
    """
    torch.manual_seed(0)
    pair = SrResNet(width=4, blocks=1, normalisation="none" if options.get("penalties") else "batch")
    generator, discriminator = pair.build((3, 4, 4), (3, 16, 16))
    judge = nn.Conv2d(3, 2, 3).requires_grad_(False).eval()
    return SuperResolution(
        **{
            "generator": generator,
            "discriminator": None if alone else discriminator,
            "data": packed(labelled=False, channels=3, side=20),
            "objective": None if alone else objective(name),
            "content": Content(name="judge", maps=judge, scale=0.5, sha256="ab") if judged else PIXELS,
            "crop": 16,
            "batch": 5,
            **options,
        }
    )


@pytest.mark.parametrize(("before", "after"), [((96, 96), (24, 24)), ((20, 12), (5, 3)), ((5, 3), (20, 12))])
@pytest.mark.parametrize("channels", [1, 3])
def test_bicubic_is_pillows(before: tuple[int, int], after: tuple[int, int], channels: int) -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, channels, *before), dtype=np.uint8)
    found = bicubic(torch.from_numpy(images), after).numpy()
    assert found.dtype == np.uint8 and found.shape == (2, channels, *after)
    for ours, image in zip(found.reshape(-1, *after), images.reshape(-1, *before), strict=True):
        theirs = np.asarray(Image.fromarray(image).resize((after[1], after[0]), Image.Resampling.BICUBIC))
        # Both reckon with whole numbers, but round their sums otherwise.
        difference = np.abs(ours.astype(int) - theirs)
        assert difference.max() <= 1 and (difference > 0).mean() < 0.05


def _place(piece: Tensor, tiles: Tensor) -> tuple[int, int, int]:
    """Of which tile, and from which row and column, a piece was taken."""
    side = piece.shape[1]
    windows = tiles.unfold(2, side, 1).unfold(3, side, 1)
    same = (windows == piece[None, :, None, None]).flatten(4).all(4).all(1)
    ((tile, row, column),) = same.nonzero().tolist()
    return tile, row, column


def test_a_draw_is_pieces_of_other_tiles_anywhere_in_them_and_the_same_reduced() -> None:
    task = super_resolution()
    assert task.data is not None
    tiles = torch.from_numpy(task.data.items)
    places = []
    for step in range(40):
        draw = task.draw("generator", step, 0, State(seed=0))
        assert draw["real"].dtype == draw["source"].dtype == torch.uint8
        assert draw["real"].shape == (5, 3, 16, 16) and draw["source"].shape == (5, 3, 4, 4)
        assert torch.equal(draw["source"], bicubic(draw["real"], (4, 4)))
        found = [_place(piece, tiles) for piece in draw["real"]]
        places += found
    # An epoch is 16 tiles, so that three draws of 5 never repeat one.
    assert len({tile for tile, _, _ in places[:15]}) == 15
    assert {tile for tile, _, _ in places} == set(task.data.splits["train"].tolist())
    # 200 places out of 5 x 5: each corner is missed with a probability of .96^200.
    assert {(row, column) for _, row, column in places} == {(row, column) for row in range(5) for column in range(5)}


def test_only_the_first_player_counts_images() -> None:
    state = State(seed=0)
    assert [super_resolution().draw(name, 0, 0, state).images for name in ("discriminator", "generator")] == [5, 0]
    assert super_resolution(alone=True).draw("generator", 0, 0, state).images == 5


def test_alone_the_loss_is_the_squared_error_in_the_generators_range() -> None:
    task = super_resolution(alone=True)
    assert [player.name for player in task.players] == ["generator"] and task.settings == ("task.content_weight",)
    draw = task.draw("generator", 0, 0, State(seed=0))
    loss = task.loss("generator", networks_of(task), draw, SETTINGS)
    made = task.generator(draw["source"] / 255)
    expected = 2.0 * (made - (draw["real"] / 127.5 - 1)).square().mean()
    assert loss.value is None and list(loss.costs) == ["content"]
    torch.testing.assert_close(loss.costs["content"], expected)


def test_against_a_discriminator_the_objective_is_weighted_for_the_generator_alone() -> None:
    task = super_resolution()
    networks = networks_of(task)
    draw = task.draw("generator", 0, 0, State(seed=0))
    made, real = task.generator(draw["source"] / 255), draw["real"] / 127.5 - 1
    for_generator = task.loss("generator", networks, draw, SETTINGS)
    assert for_generator.value is not None
    scores = networks["discriminator"](made)
    torch.testing.assert_close(sum(for_generator.value.values()), 0.25 * F.logsigmoid(scores).mean())
    torch.testing.assert_close(for_generator.costs["content"], 2.0 * F.mse_loss(made, real))
    for_discriminator = task.loss("discriminator", networks, draw, SETTINGS)
    expected = F.logsigmoid(networks["discriminator"](real)).mean() + F.logsigmoid(-scores).mean()
    assert for_discriminator.value is not None and not for_discriminator.costs
    torch.testing.assert_close(sum(for_discriminator.value.values()), expected)


def test_content_in_the_maps_of_a_network() -> None:
    task = super_resolution(alone=True, judged=True)
    judge = task.content.maps
    assert isinstance(judge, nn.Conv2d)
    assert task.recorded == {"content": {"name": "judge", "sha256": "ab", "scale": 0.5}}
    assert super_resolution().recorded == {}
    draw = task.draw("generator", 0, 0, State(seed=0))
    (player,) = task.players
    before = [parameter.clone() for parameter in judge.parameters()]
    loss = Field(task=task).backward(player, draw, SETTINGS)
    made = (task.generator(draw["source"] / 255) + 1) / 2
    expected = 2.0 * (0.5 * (judge(made) - judge(draw["real"] / 255))).square().mean()
    torch.testing.assert_close(loss.costs["content"], expected.detach())
    assert all(parameter.grad is not None for parameter in player.parameters())
    assert all(parameter.grad is None for parameter in judge.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, judge.parameters(), strict=True))
    assert set(networks_of(task)) == {"generator"}


def test_a_sample_is_the_sources_enlarged_whatever_their_size() -> None:
    task = super_resolution(data=None)
    task.generator.eval()
    sources = torch.randint(0, 256, (2, 3, 7, 5), dtype=torch.uint8)
    with torch.no_grad():
        made = task.sample({"generator": task.generator}, Request(tensors={"source": sources}))
        expected = ((task.generator(sources / 255) + 1) / 2).clamp(0, 1)
    assert made.shape == (2, 3, 28, 20) and made.dtype == torch.float32
    torch.testing.assert_close(made, expected)


@pytest.mark.parametrize(
    ("options", "got", "cure"),
    [
        ({"batch": 0}, "batch 0", "training.batch=16"),
        ({"crop": 18}, "task.crop = 18", "task.crop=16, the nearest"),
        ({"crop": 24}, r"images of shape \(3, 20, 20\) for pieces of 24x24", "data.tile=24 or more"),
        (
            {
                "data": packed(
                    labelled=False, channels=3, side=20, splits={"train": np.arange(0), "held_out": [*range(20)]}
                )
            },
            "no training tiles",
            "hold_out",
        ),
    ],
)
def test_what_cannot_be_played_is_refused(options: dict[str, Any], got: str, cure: str) -> None:
    with pytest.raises(UserError, match=got) as refused:
        super_resolution(**options)
    assert cure in str(refused.value)
