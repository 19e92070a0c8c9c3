"""One quantity from three protocols: the same object, and the same integer where they overlap."""

import pytest

from cext.framing import Scanner645
from protocol.dlt645.read import Read
from protocol.dlt645.table import items
from protocol.dlt698.read import ReadObjects
from protocol.dlt698.table import entries
from protocol.exchange import Done, Value
from protocol.modbus.table import blocks, kinds
from protocol.quantity import Quantity
from tests.edge.wire645 import answer
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
