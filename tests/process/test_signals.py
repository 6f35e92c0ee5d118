"""Signals that ask to end: the first is answered, a second does what it did before, and `nohup` is obeyed."""

import os
import signal

import pytest

from saddlepoint.process.signals import STOPPING, answered, held, interrupt


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


@pytest.mark.parametrize("number", STOPPING)
def test_held_signals_come_when_what_they_would_spoil_is_done(number: signal.Signals) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt, match=number.name), answered(interrupt), held():
        for _ in range(3):
            signal.raise_signal(number)
        done.append(True)
    assert done == [True]
