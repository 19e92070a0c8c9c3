"""The tests of the proof: one firmware on both machines, and what its trace must be.

A file imports them and names its subjects in ROWS (conftest.py).
"""

from pathlib import Path

import pytest

from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import cpython, trace, wasi
from firmware_sim.portability.suite import Subject

MINUTES = {"host": 32, "rp2040": 32, "esp32": 32, "host64": 6}
"""How long each port runs; of the 64-bit one only the wrap of its ticks is new."""


on_vm = pytest.mark.skipif(
    wasi.missing() != "", reason=f"no MicroPython to prove with: {wasi.missing()} not installed"
)


@on_vm
@pytest.mark.parametrize("port", MINUTES)
def test_both_machines_give_the_same_trace(row: Subject, port: str, tmp_path: Path) -> None:
    folder = row.lay_out(tmp_path, PORTS[port].profile)
    script = row.script(port, MINUTES[port])
    world = row.world()
    one = trace.run(cpython.run_board, folder, script, PORTS[port], world)
    other = trace.run(wasi.run_board, folder, script, PORTS[port], world)
    assert trace.difference(one, other) == ""
    # and it is a trace of something: answers, power cuts, faults of most kinds, no crash
    seen = trace.count(one)
    assert seen["tx"] > 25 * MINUTES[port], seen
    assert seen["power off"] == len(script.power)
    assert len(script.faults) >= 5
    assert "crash" not in seen
    assert "unsent" not in seen
    assert "stuck" not in seen
    assert "watchdog" not in seen


def test_it_does_not_show_where_the_ticks_wrap(row: Subject, tmp_path: Path) -> None:
    folder = row.lay_out(tmp_path, "rp2040")
    script = row.script("rp2040", 8)
    port = PORTS["rp2040"]
    near = trace.run(cpython.run_board, folder, script, port, row.world())
    far = trace.run(cpython.run_board, folder, script, port, row.world(), 1 << 30)
    assert trace.difference(near, far) == ""
