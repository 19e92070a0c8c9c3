"""What the tests of the proof share: one firmware on both machines, and what its trace must be."""

from pathlib import Path

from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import cpython, trace, wasi
from firmware_sim.portability.suite import Subject

MINUTES = {"host": 32, "rp2040": 32, "esp32": 32, "host64": 6}
"""How long each port runs; of the 64-bit one only the wrap of its ticks is new."""


def both_machines_give_the_same_trace(subject: Subject, port: str, place: Path) -> None:
    """The proof of one firmware on one port."""
    folder = subject.lay_out(place, PORTS[port].profile)
    script = subject.script(port, MINUTES[port])
    world = subject.world()
    one = trace.run(cpython.run_board, folder, script, PORTS[port], world)
    other = trace.run(wasi.run_board, folder, script, PORTS[port], world)
    assert trace.difference(one, other) == ""
    # and it is a trace of something: answers, power cuts, faults of most kinds, no crash
    seen = trace.count(one)
    assert seen["tx"] > 25 * MINUTES[port], seen
    assert seen["power off"] == len(script.power)
    assert len(script.faults) >= 5
    assert "crash" not in seen
    assert "stuck" not in seen
    assert "watchdog" not in seen


def the_wrap_of_the_ticks_does_not_show(subject: Subject, place: Path) -> None:
    """Starts near it and far from it give one trace."""
    folder = subject.lay_out(place, "rp2040")
    script = subject.script("rp2040", 8)
    port = PORTS["rp2040"]
    near = trace.run(cpython.run_board, folder, script, port, subject.world())
    far = trace.run(cpython.run_board, folder, script, port, subject.world(), 1 << 30)
    assert trace.difference(near, far) == ""
