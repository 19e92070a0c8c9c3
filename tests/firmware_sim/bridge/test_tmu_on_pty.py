"""TMUs on real ptys, beside meters on the same pair, read by an independent Modbus client."""

from pathlib import Path

import serial
from pymodbus.client import ModbusSerialClient

from firmware_sim.truth import TruthFile
from firmware_sim.truth_table import answered
from tests.firmware_sim import modbus
from tests.firmware_sim.bridge.running import BAUD, WAIT_S, running, truth_of
from tests.firmware_sim.bridge.test_pty import ask
from tests.firmware_sim.frames import answer, read
from tests.firmware_sim.places import number


def peer(folder: Path) -> ModbusSerialClient:
    """pymodbus on the line with the TMUs."""
    client = ModbusSerialClient(
        str(folder / "b2"), baudrate=BAUD, parity="N", timeout=WAIT_S, retries=0
    )
    assert client.connect()
    return client


def test_an_independent_client_reads_what_the_truth_file_says(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    truth = TruthFile(path)
    with running(tmp_path, truth=truth):
        client = peer(tmp_path)
        try:
            got = client.read_input_registers(0, count=17, device_id=2)
            bits = client.read_discrete_inputs(0, count=10, device_id=1)
            beyond = client.read_input_registers(0, count=18, device_id=1)
        finally:
            client.close()  # type: ignore[no-untyped-call]
    truth.close()
    [record] = truth_of(path)
    assert (record["line"], record["meter"], record["item"]) == ("b2", "tmu2", "04:0000:0011")
    assert bytes.fromhex(record["raw"]) == b"".join(w.to_bytes(2, "big") for w in got.registers)
    values = answered(record["item"], bytes.fromhex(record["raw"]))
    assert values["tmu_map"] == 1
    assert values["oil_temperature"] is not None
    assert 20 < values["oil_temperature"] < 120
    assert values["winding_temperature_a"] is None
    assert values["supply_voltage"] is not None
    assert len(bits.bits) >= 10
    assert (beyond.isError(), beyond.exception_code) == (True, 2)


def test_an_independent_client_writes_settings_and_coils(tmp_path: Path) -> None:
    with running(tmp_path):
        client = peer(tmp_path)
        try:
            assert not client.write_register(3, 2000, device_id=1).isError()
            assert not client.write_registers(4, [2100, 2200, 30], device_id=1).isError()
            back = client.read_holding_registers(0, count=7, device_id=1)
            assert not client.write_coil(0, True, device_id=1).isError()
            bits = client.read_discrete_inputs(3, count=1, device_id=1)
            refused = client.write_register(0, 999, device_id=1)
            assert not client.write_register(0, 9, device_id=1).isError()
            moved = client.read_holding_registers(0, count=1, device_id=9)
        finally:
            client.close()  # type: ignore[no-untyped-call]
    assert back.registers == [1, BAUD // 100, 2, 2000, 2100, 2200, 30]
    assert bits.bits[0] is True
    assert refused.exception_code == 3
    assert moved.registers == [9]


def quiet(port: serial.Serial) -> None:
    """Listen until there has been silence for longer than 3.5 characters, as a master must."""
    port.timeout = 0.01
    assert port.read(1) == b""
    port.timeout = WAIT_S


def test_one_pair_carries_both_protocols_in_turn(tmp_path: Path) -> None:
    with (
        running(tmp_path) as bench,
        serial.Serial(str(tmp_path / "b2"), BAUD, timeout=WAIT_S) as port,
    ):
        for _ in range(3):
            meter = answer(ask(port, read(number(2, 1), "02010100")))
            quiet(port)
            port.write(modbus.read(unit=1))
            unit = modbus.words(port.read(5 + 2 * 17))
            assert (meter.number, unit[0]) == (number(2, 1), 1)
        assert bench.lines[1].segment.wire.collisions == 0
        assert (bench.lines[1].meters, bench.lines[1].units) == (5, 2)
        assert (bench.lines[0].meters, bench.lines[0].units) == (3, 0)
