"""The 698 meter does on CPython what it does on MicroPython, to byte and microsecond."""

from pathlib import Path
from typing import cast

from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import cpython, trace
from firmware_sim.portability.suite import SUBJECTS
from tests.firmware_sim.portability.proving import (
    test_both_machines_give_the_same_trace,
    test_it_does_not_show_where_the_ticks_wrap,
)

__all__ = ["test_both_machines_give_the_same_trace", "test_it_does_not_show_where_the_ticks_wrap"]

ROWS = [one for one in SUBJECTS if one.firmware == "meter698"]


def test_long_answers_of_the_698_meter_are_in_the_proof(tmp_path: Path) -> None:
    subject = next(one for one in SUBJECTS if one.name == "meter698-3ph-store")
    folder = subject.lay_out(tmp_path, "rp2040")
    script, port = subject.script("rp2040"), PORTS["rp2040"]
    parts = answers698(trace.run(cpython.run_board, folder, script, port, subject.world()))
    begun = [data[2:4] for control, data in parts if control & 0x20 and data[1] >> 6 == 0]
    middle = [data for control, data in parts if control & 0x20 and data[1] >> 6 == 3]
    whole = [data[:2] for control, data in parts if not control & 0x20]
    assert len(middle) >= 5
    # lists, records and blocks begin in fragments; a connection, what is refused, an action whole
    assert {b"\x85\x02", b"\x85\x03", b"\x85\x05"} <= set(begun)
    assert {b"\x85\x01", b"\x86\x01", b"\x87\x01"} <= set(whole)
    assert any(data[0] == 0x82 for data in whole)


def answers698(events: list[trace.Event]) -> list[tuple[int, bytes]]:
    """Control and user data, scramble taken away, of each whole answer in a trace."""
    sent: list[bytearray] = []
    last = -1_000_000
    for at, what, about in events:
        if what != "tx":
            continue
        if at - last > 20_000:
            sent.append(bytearray())
        sent[-1] += bytes([cast(int, about[0])])
        last = at
    found = []
    for one in sent:
        frame = bytes(one).lstrip(b"\xfe")
        # head with an address of six, its check; user data; check and end
        if len(frame) >= 20 and int.from_bytes(frame[1:3], "little") + 2 == len(frame):
            shift = 0x33 if frame[3] & 0x08 else 0
            found.append((frame[3], bytes((byte - shift) & 0xFF for byte in frame[14:-3])))
    return found
