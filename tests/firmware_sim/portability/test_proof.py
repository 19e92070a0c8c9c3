"""The Modbus firmwares do on CPython what they do on MicroPython, to byte and microsecond."""

from firmware_sim.portability.suite import SUBJECTS
from tests.firmware_sim.portability.proving import (
    test_both_machines_give_the_same_trace,
    test_it_does_not_show_where_the_ticks_wrap,
)

__all__ = ["test_both_machines_give_the_same_trace", "test_it_does_not_show_where_the_ticks_wrap"]

ROWS = [one for one in SUBJECTS if one.firmware not in ("meter645", "meter698")]
