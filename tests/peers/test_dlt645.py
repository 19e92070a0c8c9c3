"""PyPI dlt645 3.2.0 as the meter that we read, and as the client that reads our firmware.

Its known faults (fact sheet of DL/T 645-2007, "where implementations disagree"), and what is done
about each here:

    address taken in wire order, not as printed       its address is given with the pairs reversed
    another meter's address answered by an error      never asked here; our master passes it over
    all-AA answered from AA…, not from itself         accepted, the values are the meter's
    no data blocks (FF), no follow-up frames          items are read one by one
    client decodes the time of a demand backwards     the demand's value is compared, not its time
    time 08, freeze 16, baud 17 in an order of its own, 19 and 1A with an identifier   not exchanged
    sign of a negative value                          only values that are not negative are compared
"""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dlt645 import MeterClientService, MeterServerService
from dlt645.model.types.dlt645_type import Demand

from edge.cli.main import main
from tests.edge.cli.processes import METERS, meters, site
from tests.peers.wires import Wires

PRINTED = "123456789012"
WIRE = "129078563412"
"""The same in the order of the wire, as that library wants it."""
BAUD = 9600
VALUES = {
    0x00010000: ("energy_forward", 123456.78),
    0x00020000: ("energy_reverse", 0.26),
    0x02010100: ("voltage_a", 220.1),
    0x02020100: ("current_a", 4.999),
    0x02800002: ("frequency", 50.03),
}


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")


@pytest.fixture
def wires() -> Iterator[Wires]:
    pair = Wires()
    yield pair
    pair.close()


@pytest.fixture
def meter(wires: Wires) -> Iterator[MeterServerService]:
    """Their meter at the far end."""
    service = MeterServerService.new_rtu_server(wires.far, 8, 1, BAUD, "N", 1.0)
    service.set_address(WIRE)
    assert service.server.start()
    yield service
    assert service.server.stop()


def read(capsys: pytest.CaptureFixture[str], port: str, *argv: str) -> list[dict[str, Any]]:
    code = main(["read", port, "--baud", str(BAUD), "--json", "--address", *argv])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    return lines


def test_their_meter_is_read_as_it_was_set(
    meter: MeterServerService, wires: Wires, capsys: pytest.CaptureFixture[str]
) -> None:
    for identifier, (_, value) in VALUES.items():
        setter = meter.set_00 if identifier < 0x01000000 else meter.set_02
        assert setter(identifier, value)
    items = [f"{identifier:08X}" for identifier in VALUES]
    answers = read(capsys, wires.near, PRINTED, *items)
    assert [one["address"] for one in answers] == [PRINTED] * len(items)
    found = [(v["quantity"], v["value"]) for one in answers for v in one["values"]]
    assert found == list(VALUES.values())


def test_their_demand_has_value_and_time(
    meter: MeterServerService, wires: Wires, capsys: pytest.CaptureFixture[str]
) -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4)
    assert meter.set_01(0x01010000, Demand(value=1.2345, time=when))
    (one,) = read(capsys, wires.near, PRINTED, "01010000")
    values = [field["value"] for field in one["values"]]
    assert values[0] == 1.2345
    assert str(values[1]).startswith("2026-01-02 03:04")


def test_their_meter_answers_a_wildcard(
    meter: MeterServerService, wires: Wires, capsys: pytest.CaptureFixture[str]
) -> None:
    assert meter.set_02(0x02010100, 231.6)
    (one,) = read(capsys, wires.near, "AAAAAAAAAAAA", "voltage_a")
    assert [field["value"] for field in one["values"]] == [231.6]


def test_what_their_meter_has_not_is_refused_by_name(
    meter: MeterServerService, wires: Wires, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", wires.near, "--baud", str(BAUD), "--address", PRINTED, "028000FE"]) == 1
    said = capsys.readouterr()
    assert "refused 028000FE" in said.err
    assert "no requested data" in said.err


def test_their_client_reads_our_firmware(tmp_path: Path) -> None:
    address = METERS[0]
    place = site(tmp_path / "site", meters=1)
    with meters(tmp_path, place):
        port = str(tmp_path / "dev" / "b1")
        client = MeterClientService.new_rtu_client(port, BAUD, 8, 1, "N", 2.0)
        assert client.set_address(bytes.fromhex(address)[::-1].hex())
        with client:
            volts, energy = client.read_02(0x02010100), client.read_00(0x00010000)
            unknown, own = client.read_02(0x0201FE00), client.read_address()
    answered = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    raw = {one["item"]: int(bytes.fromhex(one["raw"])[::-1].hex()) for one in answered}
    assert volts is not None
    assert energy is not None
    assert round(volts.value * 10) == raw["02010100"] > 2000
    assert round(energy.value * 100) == raw["00010000"]
    assert unknown is None
    assert own is not None
    assert bytes.fromhex(own.value)[::-1].hex() == address
