"""Latents by seed, truncated ones, seeds and labels as a person writes them, and the paths between latents."""

import math

import pytest
import scipy.stats
import torch

from saddlepoint.errors import UserError
from saddlepoint.sampling.latents import (
    label_number,
    latents,
    latents_of_seeds,
    parse_seeds,
    path_around,
    path_between,
)

NORMAL = {"width": 6, "prior_name": "normal"}


def test_more_latents_of_a_seed_begin_with_the_same_ones() -> None:
    few, many = latents(3, 4, **NORMAL), latents(3, 50, **NORMAL)
    assert few.shape == (4, 6) and few.dtype == torch.float32
    assert torch.equal(few, many[:4])
    assert not torch.isin(few, latents(4, 50, **NORMAL)).any()


def test_latents_do_not_change_from_version_to_version() -> None:
    # A seed that somebody has written down is to give the same image for ever.
    expected = torch.tensor([1.3422, -0.5029, 0.3627])
    torch.testing.assert_close(latents(0, 1, width=3, prior_name="normal")[0], expected, rtol=0, atol=1e-4)


def test_one_latent_for_each_seed_is_that_seeds_first() -> None:
    made = latents_of_seeds([7, 0, 7], **NORMAL)
    assert torch.equal(made, torch.stack([latents(seed, 9, **NORMAL)[0] for seed in (7, 0, 7)]))


@pytest.mark.parametrize("count", [0, -3])
def test_no_latents_are_refused(count: int) -> None:
    with pytest.raises(UserError, match=f"count {count}; expected 1 or more"):
        latents(0, count, **NORMAL)


@pytest.mark.parametrize("truncation", [0.04, 0.5, 2.0])
def test_truncated_latents_follow_the_truncated_normal(truncation: float) -> None:
    made = latents(0, 4000, width=5, prior_name="normal", truncation=truncation)
    assert made.abs().max() <= truncation and made.dtype == torch.float32
    expected = scipy.stats.truncnorm(-truncation, truncation)
    assert scipy.stats.kstest(made.flatten().double(), expected.cdf).pvalue > 0.01
    # The test can tell them apart: with a width one in twenty larger they fail it.
    assert scipy.stats.kstest(1.05 * made.flatten().double(), expected.cdf).pvalue < 0.01


def test_a_truncated_latent_depends_on_its_seed_and_index_alone() -> None:
    few, many = (latents(3, count, **NORMAL, truncation=0.5) for count in (4, 50))
    assert torch.equal(few, many[:4])
    assert torch.equal(latents_of_seeds([7, 3], **NORMAL, truncation=0.5)[1], few[0])
    # Each number is that of the untruncated latent, drawn in: none is another draw.
    whole = latents(3, 4, **NORMAL)
    assert (few.sign() == whole.sign()).all() and (few.abs() < whole.abs()).all()
    order = whole.flatten().argsort()
    assert torch.equal(few.flatten().argsort(), order)


@pytest.mark.parametrize("truncation", [math.inf, 9.0])
def test_without_end_truncation_leaves_every_bit(truncation: float) -> None:
    assert torch.equal(latents(1, 2000, **NORMAL, truncation=truncation), latents(1, 2000, **NORMAL))


@pytest.mark.parametrize("truncation", [0.0, -1.0, math.nan])
def test_truncation_to_nothing_is_refused(truncation: float) -> None:
    with pytest.raises(UserError, match="expected more than 0"):
        latents(0, 1, **NORMAL, truncation=truncation)


@pytest.mark.parametrize("name", ["uniform", "unit_variance_uniform"])
def test_a_prior_without_tails_is_not_truncated(name: str) -> None:
    with pytest.raises(UserError, match=rf"truncation 0\.5 for the prior {name}; expected a normal prior"):
        latents(0, 1, width=3, prior_name=name, truncation=0.5)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("7", [7]),
        ("0-3", [0, 1, 2, 3]),
        ("1,5,9-11", [1, 5, 9, 10, 11]),
        (" 2 , 1 ", [2, 1]),
        ("5-5", [5]),
        ("3,3", [3, 3]),
        ("999999999999999999", [999999999999999999]),
    ],
)
def test_seeds_as_written(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text", ["", "a", "1-", "-1", "1--2", "1,,2", "1;2", "1.5", "3-1", "0-100000", "9" * 19, "1-2-3", "²"]
)
def test_other_texts_are_no_seeds(text: str) -> None:
    with pytest.raises(UserError) as error:
        parse_seeds(text)
    assert "seeds" in str(error.value) and "\n" not in str(error.value)


CLASSES = ("cat", "dog", "7")


@pytest.mark.parametrize(("text", "number"), [("dog", 1), ("0", 0), (2, 2), ("7", 2), ("2", 2)])
def test_a_label_by_name_or_number(text: str | int, number: int) -> None:
    assert label_number(text, CLASSES) == number


@pytest.mark.parametrize("text", ["bird", "3", 3, -1, "-1", "Dog", "²", "1.0", ""])
def test_an_unknown_label_is_refused_with_the_known_ones(text: str | int) -> None:
    with pytest.raises(UserError, match="expected one of cat, dog, 7; use a name, or a number from 0 to 2"):
        label_number(text, CLASSES)


def test_of_many_classes_the_first_are_shown() -> None:
    with pytest.raises(UserError, match=r"class11, \.\.\.; use a name, or a number from 0 to 99"):
        label_number("x", tuple(f"class{number}" for number in range(100)))


def test_a_run_without_labels_takes_none() -> None:
    with pytest.raises(UserError, match=r"label 3.*trained without.*leave --label out"):
        label_number(3, ())


START, END = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])


@pytest.mark.parametrize("spherical", [False, True])
def test_a_path_holds_its_ends(spherical: bool) -> None:
    path = path_between(START, END, 5, spherical=spherical)
    assert path.shape == (5, 3) and path.dtype == torch.float32
    torch.testing.assert_close(path[0], START)
    torch.testing.assert_close(path[-1], END)


def test_the_straight_path_is_even() -> None:
    path = path_between(START, END, 4, spherical=False)
    torch.testing.assert_close(path.diff(dim=0), ((END - START) / 3).expand(3, 3))


def test_the_spherical_path_turns_evenly_and_its_length_changes_evenly() -> None:
    path = path_between(START, END, 7, spherical=True)
    torch.testing.assert_close(path.norm(dim=1), torch.linspace(3, 1, 7))
    angles = torch.atan2(path[:, 1], path[:, 0])
    torch.testing.assert_close(angles, torch.linspace(0, math.pi / 2, 7), rtol=0, atol=1e-6)


@pytest.mark.parametrize("end", [START, 2 * START, -START, torch.zeros(3)])
def test_without_a_single_great_circle_the_path_is_straight(end: torch.Tensor) -> None:
    path = path_between(START, end, 3, spherical=True)
    torch.testing.assert_close(path, path_between(START, end, 3, spherical=False))
    assert path.isfinite().all()


def test_a_path_of_one_point_is_refused() -> None:
    with pytest.raises(UserError, match="1 points"):
        path_between(START, END, 1, spherical=False)


@pytest.mark.parametrize("spherical", [False, True])
def test_a_path_around_passes_each_latent_once_and_closes(spherical: bool) -> None:
    corners = latents(0, 3, **NORMAL)
    path = path_around(corners, 4, spherical=spherical)
    assert path.shape == (12, 6)
    torch.testing.assert_close(path[::4], corners)
    # Repeated, it goes on as evenly as within: the step from the last to the first is as long as the one before it.
    if not spherical:
        steps = (path.roll(-1, dims=0) - path).norm(dim=1)
        torch.testing.assert_close(steps.reshape(3, 4), steps[::4, None].expand(3, 4))
    torch.testing.assert_close(path[8:], path_between(corners[2], corners[0], 5, spherical=spherical)[:4])


def test_a_path_around_one_latent_or_without_steps_is_refused() -> None:
    with pytest.raises(UserError, match="1 latents"):
        path_around(latents(0, 1, **NORMAL), 4, spherical=False)
    with pytest.raises(UserError, match="count 0"):
        path_around(latents(0, 2, **NORMAL), 0, spherical=False)
