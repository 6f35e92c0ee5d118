"""Which side and split the paths of pairs mean, and what is refused."""

import pytest

from saddlepoint.data.pair_layout import read_pair_layout
from tests.data.examples import refusal


def layout(*paths: str, paired: bool = True) -> list[tuple[str, list[str], dict[str, list[str]]]]:
    """Each side's name, its files in order, and its files by split."""
    sides = read_pair_layout(paths, paired=paired, where="x")
    return [
        (
            side.name,
            [paths[i] for i in side.indices],
            {name: [paths[side.indices[at]] for at in own] for name, own in side.published.items()},
        )
        for side in sides
    ]


@pytest.mark.parametrize(
    ("paths", "splits"),
    [
        (("1.png", "2.png"), {}),
        (("facades/train/1.jpg", "facades/train/2.jpg"), {}),
        (
            ("f/train/1.jpg", "f/val/1.jpg", "f/test/7.jpg"),
            {"train": ["f/train/1.jpg"], "held_out": ["f/val/1.jpg"], "test": ["f/test/7.jpg"]},
        ),
        # No training part: what is there is divided like anything else.
        (("val/1.jpg", "test/1.jpg"), {}),
    ],
)
def test_files_without_side_folders_are_side_by_side(paths, splits):
    assert layout(*paths) == [("", list(paths), splits)]


@pytest.mark.parametrize(
    ("first", "second", "names", "published"),
    [
        ("A/1.png A/2.png", "B/1.jpg B/2.jpg", "A B", ""),
        ("d/labels/1.png d/labels/2.png", "d/photos/1.png d/photos/2.png", "labels photos", ""),
        ("A/in/1.png A/1.png", "B/in/1.png B/1.png", "A B", ""),
        ("A/train/1.png A/val/1.png", "B/train/1.png B/val/1.png", "A B", "train held_out"),
        ("train/A/1.png test/A/1.png", "train/B/1.png test/B/1.png", "A B", "train test"),
        ("trainA/1.png testA/1.png", "trainB/1.png testB/1.png", "A B", "train test"),
        ("train_a/1.png valid_a/2.png", "train_b/1.png valid_b/2.png", "A B", "train held_out"),
        ("trainA/1.png trainA/2.png", "trainB/1.png trainB/2.png", "A B", ""),
    ],
)
def test_two_sides_are_matched(first, second, names, published):
    one, other = first.split(), second.split()
    parts = {name: [at] for at, name in enumerate(published.split())}
    expected = [
        (name, files, {split: [files[at] for at in own] for split, own in parts.items()})
        for name, files in zip(names.split(), (one, other), strict=True)
    ]
    assert layout(*one, *other) == expected


def test_partners_stand_in_the_order_of_the_first_side():
    # Sorted by path, "1.b.png" stands before "1.png", but behind "1.PNG".
    (_, first, _), (_, second, _) = layout("A/1.b.png", "A/1.png", "B/1.PNG", "B/1.b.png")
    assert first == ["A/1.b.png", "A/1.png"] and second == ["B/1.b.png", "B/1.PNG"]


def test_unpaired_sides_need_not_match():
    (_, first, one), (_, second, other) = layout(
        "trainA/1.png", "testA/9.png", "trainB/7.png", "trainB/8.png", paired=False
    )
    assert first == ["trainA/1.png", "testA/9.png"] and second == ["trainB/7.png", "trainB/8.png"]
    assert one == {"train": ["trainA/1.png"], "test": ["testA/9.png"]} and other == {"train": second}


def test_a_file_without_a_partner_is_named():
    line = refusal(lambda: layout("A/1.png", "A/2.png", "B/2.png", "B/3.png"))
    assert "A/1.png without a partner in B (2 of 4 files have none)" in line and "the recipe cyclegan" in line
    line = refusal(lambda: layout("A/2.png", "B/2.png", "B/3.png"))
    assert "B/3.png without a partner in A (1 of 3" in line
    # The same name in another split is no partner.
    assert "trainA/1.png without" in refusal(
        lambda: layout("trainA/1.png", "testA/2.png", "testB/1.png", "trainB/2.png")
    )


def test_two_files_of_one_name_on_a_side_are_named():
    line = refusal(lambda: layout("A/1.jpg", "A/1.png", "B/1.png"))
    assert "A/1.jpg and A/1.png" in line
    assert len(layout("A/1.jpg", "A/1.png", "B/1.png", paired=False)[0][1]) == 2


@pytest.mark.parametrize(
    ("paths", "shown"),
    [
        (("A/1.png", "B/1.png", "C/1.png"), "3 folders of x: A, B, C"),
        (("A/1.png", "B/1.png", "1.png"), "3 folders of x: (none), A, B"),
        (("A/1.png", "1.png"), "2 folders of x: (none), A"),
    ],
)
def test_what_is_no_two_sides_is_refused(paths, shown):
    assert shown in refusal(lambda: layout(*paths))
