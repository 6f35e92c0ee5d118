"""The two errors say everything on one line that a terminal shows; one door makes it of a library's exceptions."""

import json

import pytest

from saddlepoint.errors import RunStopped, UserError, printable, reading, reason_of


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nforged: line", "a\\nforged: line"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("bad \udcff byte", "bad \\udcff byte"),
        ("\u2028separate", "\\u2028separate"),
        ("schön 数 🙂", "schön 数 🙂"),
    ],
)
def test_names_are_shown_and_not_obeyed(name: str, shown: str) -> None:
    assert printable(name) == shown
    printable(name).encode()


@pytest.mark.parametrize("kind", [UserError, RunStopped])
def test_an_error_is_one_line_that_any_encoding_takes(kind: type[UserError | RunStopped]) -> None:
    said = str(kind("a\n\tb\x1b[2J", "c\udc80", "d"))
    assert said.splitlines() == [said]
    assert "\x1b" not in said
    said.encode()


@pytest.mark.parametrize(
    "raised",
    [
        OSError(28, "No space"),
        RecursionError(),
        MemoryError(),
        OverflowError("x" * 5000),
        StopIteration(),
        KeyError("x"),
    ],
)
def test_the_door_turns_whatever_a_library_raises_into_one_line(raised: Exception) -> None:
    with pytest.raises(UserError) as caught, reading("the file a.npy", "an array", "repair it"):
        raise raised
    assert caught.value.__cause__ is raised
    assert f"got the file a.npy ({type(raised).__name__}" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_the_door_lets_our_own_lines_and_signals_pass() -> None:
    for ours in (UserError("a", "b", "c"), RunStopped("a", "b", "c"), KeyboardInterrupt(), SystemExit(3)):
        with pytest.raises(type(ours)) as caught, reading("x", "y", "z"):
            raise ours
        assert caught.value is ours


def test_a_library_without_words_is_named_by_its_kind() -> None:
    assert reason_of(RecursionError()) == "RecursionError"
    with pytest.raises(UserError, match="JSONDecodeError: Expecting value"), reading("x", "y", "z"):
        json.loads("")
