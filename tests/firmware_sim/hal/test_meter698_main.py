"""The DL/T 698.45 meter's main.py on each port: its longest frames go out whole, however slow."""

import pytest

from firmware_sim.hal.board import Board
from firmware_sim.hal.loader import run_main
from firmware_sim.hal.ports import PORTS
from tests.firmware_sim.firmware.bench698 import connect, frame, get, peer
from tests.firmware_sim.hal.test_main import MS, board, char_ns

SPEEDS = {1200: 0x04, 9600: 0x20}
LONGEST = 1024
PHASES = ["20000200", "20010200", "20040200", "00100200", "40000200"] * 24


def asked(port: str, baud: int) -> Board:
    """A meter that agreed on frames of 1024 bytes and was asked for more than one holds."""
    one = board(30_000, speed=SPEEDS[baud])
    one.port = PORTS[port]
    one.journal = []
    end = one.listen(frame(connect(None, most=LONGEST)), 50 * MS, baud)
    one.listen(frame(get(*PHASES)), end + 2_000 * MS, baud)
    run_main(one, "meter698", PORTS[port].profile)
    return one


@pytest.mark.parametrize("baud", SPEEDS)
@pytest.mark.parametrize("port", PORTS)
def test_a_frame_of_1024_bytes_leaves_whole_and_without_a_gap(port: str, baud: int) -> None:
    one = asked(port, baud)
    _, (start, stop, data) = one.sent
    long = peer.decode_frame(data.lstrip(b"\xfe"))
    assert LONGEST - 100 < len(data) <= 4 + LONGEST
    assert len(long.payload) > 900
    assert stop - start == pytest.approx(len(data) * char_ns(baud), abs=len(data))
    assert "unsent" not in {what for _, what, _ in one.journal or ()}
    # the driver stays on until the last bit has left
    assert [level for at, level in one.pins[PINS[port]] if start <= at <= stop] == [1, 0]


PINS = {"host": 2, "host64": 2, "rp2040": 10, "esp32": 4}
