"""One quantity from three protocols: the same object, and the same integer where they overlap."""

import pytest

from cext.framing import Scanner645, ScannerModbus
from protocol.dlt645.read import Read
from protocol.dlt645.table import items
from protocol.dlt698.read import ReadObjects
from protocol.dlt698.table import entries
from protocol.exchange import Done, Value
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks, kinds
from protocol.quantity import Quantity
from tests.edge.wire645 import answer
from tests.edge.wire_modbus import frame as rtu
from tests.protocol.dlt698.wire import METER, frame


def by_645(item: str, bcd: str) -> tuple[Value, ...]:
    given = Scanner645().feed(answer(METER, item, bytes.fromhex(bcd)))
    assert given is not None
    verdict = Read(METER, item).on_frame(given)
    assert isinstance(verdict, Done)
    return verdict.values


def by_698(oad: str, datum: str) -> tuple[Value, ...]:
    exchange = ReadObjects(METER, [oad])
    exchange.start()
    verdict = exchange.on_frame(frame(f"85 01 00 {oad} 01 {datum} 00 00"))
    assert isinstance(verdict, Done)
    return verdict.values


def by_modbus(register: int, f32: str) -> Value:
    """One value of the SDM630's map out of its whole block, all else 0."""
    (block,) = (b for b in blocks("sdm630") if b.start <= register < b.start + b.count)
    content = bytearray(2 * block.count)
    at = 2 * (register - block.start)
    content[at : at + 4] = bytes.fromhex(f32)
    scanner, ask = ScannerModbus(), ReadRegisters("m1", 7, block)
    expect = ask.start().expect
    assert expect is not None
    scanner.expect(*expect)
    given = scanner.feed(rtu(7, 4, bytes((len(content),)) + content))
    assert given is not None
    verdict = ask.on_frame(given)
    assert isinstance(verdict, Done)
    (place,) = (n for n, field in enumerate(block.fields) if field.register == register)
    return verdict.values[place]


@pytest.mark.parametrize(
    ("item", "bcd", "oad", "datum", "register", "f32", "scaled"),
    [
        ("02010100", "0122", "20000201", "12 0899", 0, "435C199A", 2201),
        # 600.0 W: 0.6000 kW, 6000 tenths of a watt, a float
        ("02030000", "006000", "20040201", "05 00001770", 52, "44160000", 6000),
        ("02030000", "006080", "20040201", "05 FFFFE890", 52, "C4160000", -6000),
        ("02800002", "9849", "200F0200", "12 1386", 70, "4247EB85", 4998),
        ("00010000", "56341200", "00100201", "06 0001E240", 72, "449A51EC", 123456),
    ],
)
def test_a_reading_is_the_same_integer_from_645_698_and_modbus(
    item: str, bcd: str, oad: str, datum: str, register: int, f32: str, scaled: int
) -> None:
    (old,), (new,) = by_645(item, bcd), by_698(oad, datum)
    assert old == new == by_modbus(register, f32)
    assert old.scaled == scaled
    assert old.quantity is new.quantity is by_modbus(register, f32).quantity


@pytest.mark.parametrize(
    ("item", "bcd", "oad", "datum", "scaled"),
    [
        ("02010100", "0122", "20000201", "12 0899", [2201]),
        ("0201FF00", "0122 0222 FFFF", "20000200", "01 03 12 0899 12 089A 00", [2201, 2202, None]),
        ("02020100", "005080", "20010201", "05 FFFFEC78", [-5000]),
        # 0.6 kW with four decimals is 600.0 W
        ("02030000", "006000", "20040201", "05 00001770", [6000]),
        ("02030000", "006080", "20040201", "05 FFFFE890", [-6000]),
        ("02060000", "9488", "200A0201", "10 FC82", [-894]),
        ("02800002", "9849", "200F0200", "12 1386", [4998]),
        ("00010000", "56341200", "00100201", "06 0001E240", [123456]),
        ("00020000", "01000000", "00200201", "06 00000001", [1]),
    ],
)
def test_a_reading_is_the_same_from_645_and_698(
    item: str, bcd: str, oad: str, datum: str, scaled: list[int | None]
) -> None:
    ours, theirs = by_698(oad, datum), by_645(item, bcd)
    assert ours == theirs
    assert [value.scaled for value in ours] == scaled
    for one, other in zip(ours, theirs, strict=True):
        assert one.quantity is other.quantity


def test_every_protocol_names_a_quantity_by_the_one_object() -> None:
    seen: dict[str, Quantity] = {}
    by_protocol = (
        [one for item in items().values() for one in item.quantities],
        [one for row in entries().values() for one in row.quantities],
        [one for name in kinds() for block in blocks(name) for one in block.quantities],
    )
    for those in by_protocol:
        for one in those:
            assert seen.setdefault(one.name, one) is one
    names = [{one.name for one in those} for those in by_protocol]
    assert names[0] == names[1], "what a household meter holds is read by both"
    assert {"voltage_a", "active_power", "energy_forward"} <= names[0] & names[2]
