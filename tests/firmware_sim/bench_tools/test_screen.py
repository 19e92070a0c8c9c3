"""Which screen a run is seen on; lines come now and then."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from firmware_sim.bench_tools import screen as module
from firmware_sim.bench_tools.screen import PLAIN_EVERY, Plain, screen


class Monitor:
    """Stands for the monitor in the foreground."""

    def __init__(self, bench: object, out: object) -> None:
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, term: str = "xterm") -> Iterator[None]:
    """Our input and output are a terminal; entered in the test: pytest sets its own before."""
    master, slave = os.openpty()
    with open(slave, "r+b", buffering=0) as found:
        monkeypatch.setattr(sys, "stdin", found)
        monkeypatch.setattr(sys, "stdout", found)
        monkeypatch.setenv("TERM", term)
        monkeypatch.setattr(module, "Monitor", Monitor)
        yield
    os.close(master)


def seen_on() -> Any:
    """The screen that is chosen here."""
    bench: Any = None
    with screen(bench, print) as found:
        return found


def test_a_terminal_has_the_monitor_and_gets_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch):
        found = seen_on()
    assert isinstance(found, Monitor)
    assert found.stopped


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_be_drawn_on_gets_lines(
    monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    with terminal(monkeypatch, term):
        assert isinstance(seen_on(), Plain)


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_where_either_end_is_no_terminal_there_are_lines(
    monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    with terminal(monkeypatch), open(os.devnull, "r+b", buffering=0) as nothing:
        monkeypatch.setattr(sys, stream, nothing)
        assert isinstance(seen_on(), Plain)


def test_progress_is_a_line_now_and_then_and_the_last_one_always() -> None:
    said: list[str] = []
    plain = Plain(said.append)
    for look in range(PLAIN_EVERY + 1):
        plain.progress(f"{look}", last=False)
    plain.progress("end", last=True)
    assert said == [f"{PLAIN_EVERY - 1}", "end"]
