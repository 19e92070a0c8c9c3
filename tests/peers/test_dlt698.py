"""PyPI dlt698 1.0.1 (C++) as the meter that we read, and as the client that reads our firmware.

Both ends are set to `local_preset`: an association agreed beforehand, as with a meter whose
security mode is off, so that GET goes without CONNECT. Its known faults (fact sheet of
DL/T 698.45-2017, "disagreements"), and what is done about each here:

    address taken in wire order, not as printed       its address is given with the bytes reversed
    a wildcard address is never answered              its meter is asked by its number
    bit 6 of a PIID in requests refused               ours is never set (it is reserved)
    an address object, 4001, it has only when set     the refusal (DAR 4) is what is expected
    a pty with parity E fails at its next opening     no parity on either end
"""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.bus.master import LineMaster
from edge.bus.parts import LineState, MeterRow, StartSweep, SweepPart
from edge.plan.sweep import Asked, Sweep
from edge.shells.line import LineThread
from edge.site.model import Line, Port
from protocol.dlt698.read import ReadObjects
from tests.edge.shells.peer import DEADLINE_S
from tests.peers.wires import Wires

dlt698: Any = pytest.importorskip("dlt698")
n: Any = pytest.importorskip("dlt698._native")

METER = "370112200001"
BAUD = 9600
SINGLE = (0x20000201, 0x20010201, 0x20040201, 0x200A0201, 0x00100201)
THREE = (0x20000200, 0x20010200, 0x20040200, 0x200A0200, 0x00100201)


def oad(number: int) -> Any:
    return n.Oad(oi=number >> 16, attribute=number >> 8 & 0xFF, index=number & 0xFF)


def session(meter: str) -> Any:
    wire = bytes.fromhex(meter)[::-1]
    address = n.ServerAddress(bytes=wire, logical=0, type=n.AddressType.single)
    return n.SessionOptions(server=address, request_timeout=DEADLINE_S)


def serial_settings(baud: int) -> tuple[Any, Any]:
    port = n.SerialOptions(baud_rate=baud, parity=n.SerialParity.none)
    return port, n.SerialLinkOptions(baud_rate=baud)


@contextmanager
def their_meter(wiring: Any) -> Iterator[tuple[Wires, Any]]:
    """Their meter at the far end of a pair of wires."""
    layout = n.DeviceLayout(wiring=wiring, tariff_count=4)
    server = dlt698.Server(
        dlt698.Device(n.DeviceOptions(layout=layout)), n.ServerOptions(protocol=session(METER))
    )
    wires = Wires()
    try:
        server.start_serial_configured(
            wires.far, *serial_settings(BAUD), n.ConnectionProfile.local_preset
        )
        yield wires, server
    finally:
        server.close()
        wires.close()


def swept(port: str, oads: tuple[int, ...], times: int = 1) -> list[MeterRow]:
    """The meter's row of so many sweeps by our line master."""
    line = Line(id="b1", baud=BAUD, answer_ms=1000)
    inbox: queue.Queue[Any] = queue.Queue(100)
    sweep = Sweep(line.id, [Asked(METER, (ReadObjects(METER, oads),))])
    thread = LineThread(
        line,
        Port(port=port, parity="N"),
        LineMaster(line, [sweep]),
        lambda item, wait: inbox.put(item, timeout=wait),
    )
    thread.start()
    rows: list[MeterRow] = []
    try:
        assert isinstance(inbox.get(timeout=DEADLINE_S), LineState)
        for slot in range(1, times + 1):
            thread.mail(StartSweep(slot))
            while not (isinstance(part := inbox.get(timeout=DEADLINE_S), SweepPart) and part.last):
                assert not isinstance(part, SweepPart)
            rows += part.rows
            inbox.get(timeout=DEADLINE_S)
    finally:
        assert thread.end(DEADLINE_S)
    return rows


def values(row: MeterRow) -> dict[str, int | None]:
    return {quantity.name: value for quantity, value, _ in row.values}


def array(kind: Any, *numbers: int) -> Any:
    return n.Data.array([kind(one) for one in numbers])


def publish(server: Any, phases: int) -> None:
    """Values that a meter of so many phases shows."""
    data = n.Data
    server.set(oad(0x20000200), array(data.uint16, *(2201, 2315, 1987)[:phases]))
    server.set(oad(0x20010200), array(data.int32, *(-4999, 12, 60000)[:phases]))
    total = phases + 1
    server.set(oad(0x20040200), array(data.int32, *(-123456, 7, 8, 2**31 - 1)[:total]))
    server.set(oad(0x200A0200), array(data.int16, *(-999, 1000, 0, 5)[:total]))
    server.set(oad(0x00100200), array(data.uint32, 2**32 - 1, 1, 2, 3, 4))


def test_their_single_phase_meter_is_read_by_our_master_in_one_exchange() -> None:
    with their_meter(n.Wiring.single_phase) as (wires, server):
        publish(server, 1)
        # one after the other: the number of the request counts up and is answered
        rows = swept(wires.near, SINGLE, times=3)
    assert [values(row) for row in rows] == 3 * [
        {
            "voltage_a": 2201,
            "current_a": -4999,
            "active_power": -123456,
            "power_factor": -999,
            "energy_forward": 2**32 - 1,
        }
    ]


def test_their_three_phase_meter_is_read_by_our_master_element_by_element() -> None:
    with their_meter(n.Wiring.three_phase) as (wires, server):
        publish(server, 3)
        [row] = swept(wires.near, THREE)
    assert values(row) == {
        "voltage_a": 2201, "voltage_b": 2315, "voltage_c": 1987,
        "current_a": -4999, "current_b": 12, "current_c": 60000,
        "active_power": -123456,
        "active_power_a": 7, "active_power_b": 8, "active_power_c": 2**31 - 1,
        "power_factor": -999,
        "power_factor_a": 1000, "power_factor_b": 0, "power_factor_c": 5,
        "energy_forward": 2**32 - 1,
    }  # fmt: skip


def test_what_their_meter_has_not_is_missing_and_the_rest_stands() -> None:
    with their_meter(n.Wiring.single_phase) as (wires, server):
        server.set(oad(0x20000200), array(n.Data.uint16, 2201))
        [row] = swept(wires.near, (0x20000201, 0x200F0200))
    assert values(row).get("voltage_a") == 2201
    assert values(row).get("frequency") is None
