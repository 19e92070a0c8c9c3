"""pymodbus as an SDM630 that we read and as the client of our TMU; mbpoll (libmodbus) reads it too.

Known faults and ways of these peers, and what is done about each here:

    pymodbus  another unit's question is answered, exception 4   never asked here
    pymodbus  a data block's first address is 1 for register 0   blocks begin at 1
    pymodbus  answers without a pause of 3.5 characters          our master does not ask for one
    pymodbus  function 17 ends in FF whatever runs               taken as it comes
    mbpoll    counts from 1 unless told                          told so by -0
    mbpoll    neither function 17 nor 23                         pymodbus alone is asked these
"""

import asyncio
import queue
import re
import shutil
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.datastore import (
    ModbusDeviceContext,
    ModbusSequentialDataBlock,
    ModbusServerContext,
)
from pymodbus.server import ModbusSerialServer

from edge.bus.master import LineMaster
from edge.bus.work import End, Outcome
from edge.cli.oneshot import Ended, OneShot
from edge.shells.line import LineThread
from edge.site.model import Line, Port
from protocol.exchange import Exchange, Value
from protocol.modbus import query
from protocol.modbus.ask import Ask
from protocol.modbus.query import Query
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks
from tests.firmware_sim.bridge.running import BAUD, running
from tests.peers.wires import DEADLINE_S, Wires

UNIT = 7
LINE = Line(id="port", baud=BAUD, parity="N", wake_bytes=0, answer_ms=1000)
SHOWN = {0: 230.2, 2: 231.04, 4: float("nan"), 6: 5.0625, 12: 1150.25, 14: -87.75,
         52: 1062.5, 62: 0.998, 70: 50.0121, 72: 12345.678, 74: 0.26}  # fmt: skip
"""What the meter's input registers say as float32; all others say 0."""


def registers_of(shown: dict[int, float], count: int) -> list[int]:
    content = bytearray(2 * count)
    for register, value in shown.items():
        struct.pack_into(">f", content, 2 * register, value)
    return list(struct.unpack(f">{count}H", content))


class Sdm630:
    """Their server on a serial device, in a thread with its own loop."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._up: queue.Queue[str] = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.get(timeout=DEADLINE_S) == "up"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        bits = [bool(place % 3) for place in range(40)]
        block: Any = ModbusSequentialDataBlock
        device = ModbusDeviceContext(
            di=block(1, bits),
            co=block(1, bits),
            hr=block(1, list(range(100, 200))),
            ir=block(1, registers_of(SHOWN, 80)),
        )
        server: Any = ModbusSerialServer(
            ModbusServerContext(devices={UNIT: device}, single=False),
            port=self._port,
            baudrate=BAUD,
            parity="N",
        )
        await server.serve_forever(background=True)
        self._up.put("up")
        await self._end.wait()
        await server.shutdown()


@pytest.fixture
def port() -> Iterator[str]:
    """Our end of the wires to their meter."""
    wires = Wires()
    meter = Sdm630(wires.far)
    yield wires.near
    meter.close()
    wires.close()


def asked(port: str, *exchanges: Exchange) -> list[Outcome]:
    """How each question ended, through our line master and its thread."""
    inbox: queue.Queue[Any] = queue.Queue(1000)
    master = LineMaster(LINE, [OneShot(exchanges)])
    thread = LineThread(
        LINE, Port(port=port, parity="N"), master, lambda item, wait: inbox.put(item, timeout=wait)
    )
    thread.start()
    ended: dict[int, Outcome] = {}
    try:
        while len(ended) < len(exchanges):
            item = inbox.get(timeout=DEADLINE_S)
            if isinstance(item, Ended):
                ended[item.key] = item.outcome
    finally:
        assert thread.end(DEADLINE_S)
    assert master.counters.garbled == 0
    return [ended[key] for key in range(len(exchanges))]


def answers(port: str, *queries: Query) -> list[Ask]:
    exchanges = [Ask("u", UNIT, one) for one in queries]
    assert {outcome.end for outcome in asked(port, *exchanges)} == {End.DONE}
    return exchanges


def test_their_sdm630_is_read_by_its_map_in_one_question(port: str) -> None:
    (block,) = blocks("sdm630")
    (outcome,) = asked(port, ReadRegisters("m1", UNIT, block))
    assert outcome.end is End.DONE
    values: Sequence[Value] = outcome.values
    got = {value.quantity.name: value.scaled for value in values}
    told = {
        "voltage_a": 2302, "voltage_b": 2310, "voltage_c": None, "current_a": 5062,
        "active_power_a": 11502, "active_power_b": -878, "active_power": 10625,
        "power_factor": 998, "frequency": 5001, "energy_forward": 1234568, "energy_reverse": 26,
    }  # fmt: skip
    assert got == {name: told.get(name, 0) for name in got}
    assert set(told) <= set(got)


def test_their_bits_and_registers_are_read(port: str) -> None:
    coils, inputs, holding, own = answers(
        port,
        query.read(1, 0, 10),
        query.read(2, 5, 17),
        query.read(3, 12, 2),
        query.read(4, 0, 2),
    )
    assert coils.bits == tuple(bool(place % 3) for place in range(10))
    assert inputs.bits == tuple(bool(place % 3) for place in range(5, 22))
    assert holding.registers == (112, 113)
    assert own.registers == (0x4366, 0x3333)


def test_what_is_written_stands_there_afterwards(port: str) -> None:
    told = answers(
        port,
        query.write_coil(0, True),
        query.write_coils(1, [True, False, True, True]),
        query.write_register(3, 800),
        query.write_registers(4, [1, 2, 0xFFFF]),
        query.read_write(3, 4, 5, [77, 78]),
        query.read(1, 0, 5),
        query.read(3, 2, 6),
    )
    assert told[4].registers == (800, 1, 77, 78)
    assert told[5].bits == (True, True, False, True, True)
    assert told[6].registers == (102, 800, 1, 77, 78, 107)


def test_their_server_says_what_it_is(port: str) -> None:
    (told,) = answers(port, query.server_id())
    assert told.data is not None
    assert len(told.data) >= 2
    assert told.data[-1] == 0xFF


def test_their_refusal_has_its_name_and_the_next_question_is_answered(port: str) -> None:
    beyond, after = asked(
        port, Ask("u", UNIT, query.read(4, 500, 2)), Ask("u", UNIT, query.read(4, 0, 2))
    )
    assert (beyond.end, beyond.refusal) == (End.REFUSED, "illegal data address")
    assert after.end is End.DONE


def test_their_client_reads_and_sets_our_unit(tmp_path: Path) -> None:
    with running(tmp_path):
        client = ModbusSerialClient(
            str(tmp_path / "b2"), baudrate=BAUD, parity="N", timeout=5, retries=0
        )
        assert client.connect()
        try:
            inputs = client.read_input_registers(0, count=17, device_id=1)
            bits = client.read_discrete_inputs(0, count=10, device_id=1)
            assert not client.write_register(3, 812, device_id=1).isError()
            assert not client.write_registers(4, [2100, 2200], device_id=1).isError()
            assert not client.write_coil(1, True, device_id=1).isError()
            holding = client.read_holding_registers(3, count=3, device_id=1)
            beyond = client.read_input_registers(16, count=2, device_id=1)
            unknown = client.readwrite_registers(
                read_count=1, write_address=3, values=[1], device_id=1
            )
        finally:
            client.close()  # type: ignore[no-untyped-call]
    assert inputs.registers[0] == 1
    assert inputs.registers[1] == sum(bit << place for place, bit in enumerate(bits.bits[:10]))
    assert holding.registers == [812, 2100, 2200]
    assert (beyond.exception_code, unknown.exception_code) == (2, 1)


def mbpoll(port: str, *argv: str) -> tuple[int, dict[int, int], str]:
    """Exit code, values by address, and all it said."""
    if shutil.which("mbpoll") is None:
        pytest.skip("mbpoll is not installed: apt-get install mbpoll")
    common = ["-m", "rtu", "-b", str(BAUD), "-P", "none", "-a", "1", "-0", "-o", "5"]
    ended = subprocess.run(
        ["mbpoll", *common, *argv[: argv.index("--") if "--" in argv else None], port,
         *(argv[argv.index("--") :] if "--" in argv else ())],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )  # fmt: skip
    said = ended.stdout + ended.stderr
    found = re.findall(r"^\[(\d+)\]:\s+(-?\d+)", said, re.MULTILINE)
    return ended.returncode, {int(place): int(value) for place, value in found}, said


def test_mbpoll_reads_and_sets_our_unit(tmp_path: Path) -> None:
    with running(tmp_path):
        port = str(tmp_path / "b2")
        code, inputs, said = mbpoll(port, "-t", "3", "-r", "0", "-c", "17", "-1")
        assert code == 0, said
        assert sorted(inputs) == list(range(17))
        assert inputs[0] == 1
        code, bits, said = mbpoll(port, "-t", "1", "-r", "0", "-c", "10", "-1")
        assert code == 0, said
        assert inputs[1] == sum(bit << place for place, bit in bits.items())
        code, _, said = mbpoll(port, "-t", "4", "-r", "4", "--", "2100", "2200")
        assert code == 0, said
        code, _, said = mbpoll(port, "-t", "4", "-r", "3", "--", "815")
        assert code == 0, said
        code, holding, said = mbpoll(port, "-t", "4", "-r", "3", "-c", "3", "-1")
        assert (code, holding) == (0, {3: 815, 4: 2100, 5: 2200}), said
        code, beyond, said = mbpoll(port, "-t", "3", "-r", "16", "-c", "2", "-1")
        assert (beyond, "Illegal data address" in said) == ({}, True), said
