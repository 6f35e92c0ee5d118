"""Times in words."""

import pytest

from saddlepoint.process.saying import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (42.4, "42 s"),
        (3, "3 s"),
        (59.7, "1 min"),
        (185, "3 min 5 s"),
        (600, "10 min"),
        (3720, "1 h 02 min"),
        (7800, "2 h 10 min"),
        (3.6e6, "1,000 h"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, text):
    assert duration(seconds) == text
