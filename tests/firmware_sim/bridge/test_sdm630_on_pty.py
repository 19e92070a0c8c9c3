"""An SDM630 on a real pty beside a TMU and meters, read by an independent client and judged."""

from pathlib import Path

import msgspec
from pymodbus.client import ModbusSerialClient

from edge.site.model import Site
from firmware_sim.bench_tools.devices import devices_on
from firmware_sim.truth import TruthFile
from firmware_sim.truth_table import answered
from tests.firmware_sim.bridge.running import BAUD, TMUS, WAIT_S, running, truth_of
from tests.firmware_sim.places import LINES, site

FEEDER = "370112900001"
UNIT = 9


def place(profile: str = "sdm630", tmu_map: str = "tmu-1") -> Site:
    """The small site with its feeder's meter on Modbus."""
    plain = site(baud=BAUD, tmus=(msgspec.structs.replace(TMUS[0], map=tmu_map), TMUS[1]))
    meters = tuple(
        msgspec.structs.replace(meter, protocol="modbus", profile=profile, unit=UNIT)
        if meter.id == FEEDER
        else meter
        for meter in plain.meters
    )
    return msgspec.structs.replace(plain, meters=meters)


def test_an_independent_client_reads_what_the_truth_file_says(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    truth = TruthFile(path)
    with running(tmp_path, truth=truth, place=place()) as bench:
        client = ModbusSerialClient(
            str(tmp_path / "b2"), baudrate=BAUD, parity="N", timeout=WAIT_S, retries=0
        )
        assert client.connect()
        try:
            got = client.read_input_registers(0, count=76, device_id=UNIT)
            beyond = client.read_input_registers(80, count=2, device_id=UNIT)
        finally:
            client.close()  # type: ignore[no-untyped-call]
        assert (bench.lines[1].meters, bench.lines[1].units, bench.lines[1].silent) == (5, 2, 0)
    truth.close()
    [record] = truth_of(path)
    assert (record["meter"], record["item"]) == (FEEDER, "sdm630:04:0000:004C")
    values = answered(record["item"], bytes.fromhex(record["raw"]))
    volts = client.convert_from_registers(got.registers[:2], client.DATATYPE.FLOAT32)
    assert isinstance(volts, float)
    assert 180 < volts < 250
    assert float(values["voltage_a"] or 0) == round(volts, 1)
    assert (beyond.isError(), beyond.exception_code) == (True, 2)


def test_what_has_another_map_is_silent_and_not_due(tmp_path: Path) -> None:
    other = place("chint-dtsu666", "bwd-k")
    with running(tmp_path, place=other) as bench:
        assert (bench.lines[1].meters, bench.lines[1].units, bench.lines[1].silent) == (4, 1, 2)
    kinds = devices_on(other, LINES).kinds
    assert FEEDER not in kinds
    assert TMUS[0].id not in kinds
    assert devices_on(place(), LINES).kinds[FEEDER] == "three-phase sdm630"
