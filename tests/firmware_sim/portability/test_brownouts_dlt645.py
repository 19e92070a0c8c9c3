"""Power cuts within writes of the flash of a DL/T 645 meter, on both machines."""

from pathlib import Path

import pytest

from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import wasi
from firmware_sim.portability.suite import PROGRAMMED, WRITTEN_MIN, Programmed
from tests.firmware_sim.portability.written import both_machines_write_the_same, drawn, findings

pytestmark = pytest.mark.skipif(
    wasi.missing() != "", reason=f"no MicroPython to prove with: {wasi.missing()} not installed"
)

ROWS = [one for one in PROGRAMMED if one.subject.firmware == "meter645"]
each = pytest.mark.parametrize("one", ROWS, ids=lambda one: one.name)


@each
@pytest.mark.parametrize("port", WRITTEN_MIN)
def test_both_machines_write_the_same_and_leave_the_same_at_each_cut(
    one: Programmed, port: str, tmp_path: Path
) -> None:
    both_machines_write_the_same(one, port, tmp_path)


@each
def test_dozens_of_cuts_fall_within_the_writes(one: Programmed) -> None:
    cuts = [cut.what for port in WRITTEN_MIN for cut in drawn(one.name, port)[1]]
    assert len(cuts) >= 50
    assert cuts.count("page") >= 12
    assert cuts.count("seal") >= 12
    assert cuts.count("erase") >= 10


@each
def test_a_cut_within_a_write_leaves_the_device_of_before_or_after(
    one: Programmed, tmp_path: Path
) -> None:
    port = "rp2040"
    folder = one.lay_out(tmp_path, PORTS[port].profile)
    assert findings(one, port, folder, *drawn(one.name, port)) == ""
