"""main.py with a flash: what was set over the line is there at the next power-on, on each port."""

import subprocess
import sys

import pytest

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import run_main
from firmware_sim.hal.ports import PORTS
from tests.firmware_sim.frames import NUMBER, answer, digits, read, request
from tests.firmware_sim.hal import test_main, test_tmu_main
from tests.firmware_sim.modbus import read as ask_unit
from tests.firmware_sim.modbus import words
from tests.firmware_sim.modbus import write as set_unit

MS = 1_000_000
SET = bytes.fromhex("03010004") + b"\x02\0\0\0" + b"\x78\x56\x34\x12" + b"\x30"


@pytest.mark.parametrize("port", PORTS)
def test_a_meter_starts_with_what_was_set_and_at_its_speed(port: str) -> None:
    flash = Flash()
    profile = PORTS[port].profile
    one = test_main.board(2000)
    one.port = PORTS[port]
    one.listen(request(NUMBER, 0x14, SET), 50 * MS, 9600)
    one.listen(request(NUMBER, 0x17, b"\x08"), 900 * MS, 9600)
    run_main(one, "meter645", profile, flash)
    assert len(one.sent) == 2
    two = test_main.board(2000)
    two.port = PORTS[port]
    two.listen(read(NUMBER, "04000103"), 50 * MS, 2400)
    run_main(two, "meter645", profile, flash)
    [(start, stop, data)] = two.sent
    assert digits(answer(data).raw) == "30"
    assert stop - start == pytest.approx(len(data) * test_main.char_ns(2400), abs=1000)


@pytest.mark.parametrize("port", PORTS)
def test_a_tmu_starts_with_what_was_set(port: str) -> None:
    flash = Flash()
    for burst, expected in ((set_unit(3, 700), None), (ask_unit(3, 1, function=3), [700])):
        one = test_tmu_main.board(1000)
        one.port = PORTS[port]
        one.listen(burst, 50 * MS, 9600)
        run_main(one, "tmu", PORTS[port].profile, flash)
        [(_, _, data)] = one.sent
        assert expected is None or words(data) == expected


@pytest.mark.parametrize("profile", ["host", "rp2040", "esp32"])
def test_without_a_flash_main_runs_and_forgets(profile: str) -> None:
    for _ in range(2):
        one = test_main.board(1000)
        one.port = next(port for port in PORTS.values() if port.profile == profile)
        one.listen(read(NUMBER, "04000103"), 50 * MS, 9600)
        run_main(one, "meter645", profile)
        [(_, _, data)] = one.sent
        assert digits(answer(data).raw) == "15"


def test_main_needs_nothing_imported_before() -> None:
    script = (
        "from tests.firmware_sim.hal.test_main import board\n"
        "from firmware_sim.hal.loader import run_main\n"
        "import sys\n"
        "sys.path[:] = [p for p in sys.path if not p.endswith('firmware')]\n"
        "run_main(board(10))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
