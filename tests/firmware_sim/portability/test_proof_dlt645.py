"""The 645 meter does on CPython what it does on MicroPython, to byte and microsecond."""

from pathlib import Path

import pytest

from firmware_sim.portability import wasi
from firmware_sim.portability.suite import SUBJECTS, Subject
from tests.firmware_sim.portability.proving import (
    MINUTES,
    both_machines_give_the_same_trace,
    the_wrap_of_the_ticks_does_not_show,
)

pytestmark = pytest.mark.skipif(
    wasi.missing() != "", reason=f"no MicroPython to prove with: {wasi.missing()} not installed"
)

ROWS = [one for one in SUBJECTS if one.firmware == "meter645"]
each = pytest.mark.parametrize("subject", ROWS, ids=lambda subject: subject.name)


@each
@pytest.mark.parametrize("port", MINUTES)
def test_both_machines_give_the_same_trace(subject: Subject, port: str, tmp_path: Path) -> None:
    both_machines_give_the_same_trace(subject, port, tmp_path)


@each
def test_it_does_not_show_where_the_ticks_wrap(subject: Subject, tmp_path: Path) -> None:
    the_wrap_of_the_ticks_does_not_show(subject, tmp_path)
