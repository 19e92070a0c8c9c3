"""What ends a run from outside: each signal once, none in the middle of what must be whole."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from firmware_sim.bench_tools.stops import stopped_by_signals, undisturbed


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of before are back after each test."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_ends_the_body_as_ctrl_c_does(number: signal.Signals) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with pytest.raises(KeyboardInterrupt), stopped_by_signals():
        send(number)


def test_a_second_one_does_not_end_the_tidying_up() -> None:
    tidied: list[bool] = []

    @contextmanager
    def tidying() -> Iterator[None]:
        try:
            yield
        finally:
            send(signal.SIGTERM)
            tidied.append(True)

    with pytest.raises(KeyboardInterrupt), stopped_by_signals(), tidying():
        send(signal.SIGTERM)
    assert tidied


def test_what_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stopped_by_signals():
        send(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_what_must_be_whole_is_finished_first_however_deep_it_is() -> None:
    done: list[str] = []

    def run() -> None:
        with undisturbed():
            with undisturbed():
                send(signal.SIGINT)
                done.append("inner")
            done.append("outer")
        done.append("after")

    with pytest.raises(KeyboardInterrupt), stopped_by_signals():
        run()
    assert done == ["inner", "outer"]


def test_one_that_came_in_between_is_not_told_to_the_next_run() -> None:
    with pytest.raises(KeyboardInterrupt), stopped_by_signals(), undisturbed():
        send(signal.SIGINT)
    with stopped_by_signals(), undisturbed():
        pass
