"""Signals that ask to end: the first is answered, a second does what it did before, and `nohup` is obeyed."""

import os
import signal

import pytest

from saddlepoint.signals import STOPPING, answered, interrupt


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_is_answered_and_the_second_takes_effect(number: signal.Signals) -> None:
    heard: list[str] = []
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt, match=number.name), answered(interrupt):
        with answered(heard.append):
            os.kill(os.getpid(), number)
            assert heard == [number.name]
            os.kill(os.getpid(), number)
        raise AssertionError("not reached")
    assert signal.getsignal(number) == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_closed_terminal_stays_ignored_where_it_was() -> None:
    heard: list[str] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with answered(heard.append):
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard == ["SIGTERM"]
    finally:
        signal.signal(signal.SIGHUP, before)
