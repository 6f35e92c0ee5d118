"""Sample pictures: always of the same latents, from the averages, and without any effect on the training."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from saddlepoint.game.task import Request, networks_of
from saddlepoint.training.averages import Average
from saddlepoint.training.control import Control
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.samples import Samples, pictured, pictures_in
from tests.training.games import Game, image_game, tensors_of_game

REQUEST = Request(tensors={"z": torch.linspace(-1, 1, 20).reshape(4, 5)})


class Drawn(dict[str, Tensor]):
    """Remembers what was drawn, by file name, and writes a file."""

    def __call__(self, made: Tensor, path: Path) -> None:
        self[path.name] = made
        path.write_bytes(b"picture")


def samples(path: Path, game: Game, drawn: Drawn, every: int = 2) -> Samples:
    return Samples(RunFolder(path), game.task, REQUEST, every=every, draw=drawn)


def test_there_is_a_picture_every_so_many_steps_and_at_the_last(tmp_path: Path) -> None:
    game, drawn = image_game(), Drawn()
    game.play(5, samples(tmp_path, game, drawn))
    assert list(drawn) == ["00000002.png", "00000004.png", "00000005.png"]
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == list(drawn)
    for made in drawn.values():
        assert made.shape == (4, 1, 8, 8) and made.min() >= 0 and made.max() <= 1 and not made.requires_grad


def test_a_run_that_stops_in_between_ends_with_a_picture(tmp_path: Path) -> None:
    game, drawn = image_game().play(3), Drawn()
    observer = samples(tmp_path, game, drawn)
    observer.end(game.state)
    observer.end(game.state)
    assert list(drawn) == ["00000003.png"], "and draws none twice"


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [
        (700, 500, [0, 25, 50, 100, 200, 500, 700]),
        (300, 40, [0, 25, 40, 80, 120, 160, 200, 240, 280, 300]),
        (60, 10**9, [0, 25, 50, 60]),
        (25, 500, [0, 25]),
        (3, 1, [0, 1, 2, 3]),
    ],
)
def test_the_first_pictures_are_early(steps: int, every: int, expected: list[int]) -> None:
    assert [step for step in range(steps + 1) if pictured(step, every, last=step == steps)] == expected
    assert pictures_in(steps, every) == len(expected)


def test_a_run_that_begins_again_or_goes_on_draws_no_picture_of_its_beginning_anew(tmp_path: Path) -> None:
    game, drawn = image_game(), Drawn()
    observer = samples(tmp_path, game, drawn)
    observer.begin(game, Control())
    assert list(drawn) == ["00000000.png"]
    drawn.clear()
    observer.begin(game, Control())
    observer.begin(game.play(1), Control())
    assert not drawn


def test_pictures_differ_by_the_training_alone(tmp_path: Path) -> None:
    one, two = Drawn(), Drawn()
    for name, drawn in (("one", one), ("two", two)):
        game = image_game()
        (tmp_path / name).mkdir()
        game.play(4, samples(tmp_path / name, game, drawn))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["00000002.png"], one["00000004.png"])


@pytest.mark.parametrize("average", [None, Average(half_life=100)])
def test_the_training_does_not_notice(average: Average | None, tmp_path: Path) -> None:
    watched, alone = image_game(average=average), image_game(average=average)
    watched.play(4, samples(tmp_path, watched, Drawn(), every=1))
    ours, theirs = tensors_of_game(watched), tensors_of_game(alone.play(4))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert all(network.training for network in networks_of(watched.task).values())


def test_the_average_is_shown_where_there_is_one(tmp_path: Path) -> None:
    game, drawn = image_game(average=Average(half_life=1e9, unit="steps", warm_up=None)), Drawn()
    game.play(3, samples(tmp_path, game, drawn, every=3))
    assert game.state.averages is not None
    with torch.no_grad():
        expected = game.task.sample(game.state.averages.networks, REQUEST)
        newest = game.task.sample({"generator": networks_of(game.task)["generator"].eval()}, REQUEST)
    assert torch.equal(drawn["00000003.png"], expected)
    assert not torch.equal(expected, newest)
