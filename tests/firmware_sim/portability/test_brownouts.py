"""Power cuts within writes of the flash of the 698 meter and the TMU, on both machines."""

from collections import Counter

from firmware_sim.portability.suite import PROGRAMMED
from tests.firmware_sim.portability.written import (
    test_a_cut_within_a_write_leaves_the_device_of_before_or_after,
    test_both_machines_write_the_same_and_leave_the_same_at_each_cut,
    test_dozens_of_cuts_fall_within_the_writes,
)

__all__ = [
    "test_a_cut_within_a_write_leaves_the_device_of_before_or_after",
    "test_both_machines_write_the_same_and_leave_the_same_at_each_cut",
    "test_dozens_of_cuts_fall_within_the_writes",
]

ROWS = [one for one in PROGRAMMED if one.subject.firmware != "meter645"]
LEAST = Counter(page=6, seal=6, erase=2)
LEAST_IN_ALL = 24
