"""PyPI dlt698 1.0.1 (C++) as the meter that we read, and as the client that reads our firmware.

Both ends are set to `local_preset`: an association agreed beforehand, as with a meter whose
security mode is off, so that GET goes without CONNECT. Its known faults (fact sheet of
DL/T 698.45-2017, "disagreements"), and what is done about each here:

    address taken in wire order, not as printed       its address is given with the bytes reversed
    a wildcard address is never answered              its meter is asked by its number
    bit 6 of a PIID in requests refused               ours is never set (it is reserved)
    an address object, 4001, it has only when set     the refusal (DAR 4) is what is expected
    even parity as it comes                           none on either end: a pty drops parity
"""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.bus.master import LineMaster
from edge.bus.parts import LineState, MeterRow, StartSweep, SweepPart
from edge.plan.sweep import Asked, Sweep
from edge.shells.line import LineThread
from edge.site.model import Line, Port
from firmware_sim.bridge.bench import Options
from firmware_sim.truth import TruthFile
from firmware_sim.truth_table import answered
from protocol.dlt698.read import ReadObjects
from tests.edge.shells.peer import DEADLINE_S
from tests.firmware_sim.bridge.running import running, truth_of
from tests.firmware_sim.places import number, site
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


@contextmanager
def our_meter(tmp_path: Path, truth: TruthFile | None = None, wake: int = 4) -> Iterator[Any]:
    """Our firmware on the bench's pty, and their client on it."""
    place = site(baud=BAUD)
    meters = tuple(
        msgspec.structs.replace(meter, protocol="dlt698", profile="1ph-2020")
        if meter.kind == "household"
        else meter
        for meter in place.meters
    )
    place = msgspec.structs.replace(place, meters=meters)
    with running(tmp_path, truth=truth, options=Options(wake=wake), place=place):
        client = dlt698.Client(n.ClientOptions(protocol=session(number(1, 2))))
        try:
            client.open_serial_configured(
                str(tmp_path / "b1"), *serial_settings(BAUD), n.ConnectionProfile.local_preset
            )
            yield client
        finally:
            client.close()


def test_their_client_reads_our_firmware_as_the_truth_file_says(tmp_path: Path) -> None:
    truth = TruthFile(tmp_path / "truth")
    with our_meter(tmp_path, truth) as client:
        got = client.get_list([oad(one) for one in SINGLE])
        one = client.get(oad(0x20000200)).require_data()
    truth.close()
    records = truth_of(tmp_path / "truth")
    assert [record["item"] for record in records] == [
        *(f"698:{number:08X}" for number in SINGLE),
        "698:20000200",
    ]
    theirs = [bytes(n.encode_data(item.result)).hex().upper() for item in got.attributes]
    assert theirs == [record["raw"] for record in records[:-1]]
    assert bytes(n.encode_data(one)).hex().upper() == records[-1]["raw"]
    volts = answered(records[0]["item"], bytes.fromhex(records[0]["raw"]))["voltage_a"]
    assert volts is not None
    assert 200 < volts < 240
    assert {record["meter"] for record in records} == {number(1, 2)}


def test_their_client_is_refused_by_our_firmware_with_a_reason(tmp_path: Path) -> None:
    with our_meter(tmp_path) as client:
        unknown = [client.get(oad(one)).dar for one in (0x29990200, 0x40990200)]
        several = client.get_list([oad(0x20000201), oad(0x40990200)])
    assert unknown == [4, 6]
    assert not isinstance(several.attributes[0].result, int)
    assert several.attributes[1].result == 6


def test_their_client_finds_the_address_and_the_clock_of_our_firmware(tmp_path: Path) -> None:
    with our_meter(tmp_path) as client:
        address = client.get(oad(0x40010200)).require_data()
        clock = client.get(oad(0x40000200)).require_data()
    assert address.as_octet_string().hex() == number(1, 2)
    assert len(clock.as_date_time_s()) == 7
