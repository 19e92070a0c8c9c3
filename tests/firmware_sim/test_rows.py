"""Every row of the decoder's tables, asked of the firmware, decodes to what the meter holds.

The two share no code and no table. Each identifier is either answered, and equal, or it stands in
not_in_this_meter.csv with a reason, and is refused.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from cext.framing import Scanner645
from protocol.dlt645.fields import fields, recorded
from protocol.dlt645.load import blocks
from protocol.dlt645.meaning import meaning
from protocol.dlt645.rows import Row, entry, table
from tests.firmware_sim.firmware.bench645 import Bench
from tests.firmware_sim.frames import NUMBER, answer, request
from tests.firmware_sim.held import (
    EVENTS_OF_ENERGY,
    NOW,
    RAW_EVENTS,
    Held,
    Value,
    bcd,
    minute,
    moment,
    r10,
    second,
    settlement,
    stamp,
)

OPERATOR = bytes.fromhex("12345678")
FROZEN = [NOW - timedelta(minutes=n, seconds=0) for n in (5, 7, 9)]
SWITCHED = {kind: datetime(2026, 8, kind + 1, 3, kind) for kind in (2, 3, 5, 7)}
DONE = NOW - timedelta(minutes=30)
"""When the meter was programmed, cleared, tripped."""
DEMANDS_CLEARED = NOW - timedelta(days=3)


def excluded(identifier: str, elements: int) -> str:
    """Why this meter does not have the identifier; "" if it has."""
    for meters, pattern, reason in _exclusions():
        if str(elements) in meters and pattern.fullmatch(identifier):
            return reason
    return ""


def not_yet(item: str) -> bool:
    """A record of more times than that was done to the meter."""
    d3, d2, d1, d0 = bytes.fromhex(item)
    if d3 in (0x1D, 0x1E):
        return d1 == 1 and d0 > 1
    if (d3, d2) != (3, 0x30) or d1 > 0x0C or not d0:
        return False
    return d0 > (len(PROGRAMMED) + len(SWITCHED) if d1 == 0 else 0 if d1 == 1 else 1)


@cache
def _exclusions() -> list[tuple[str, re.Pattern[str], str]]:
    path = Path(__file__).with_name("not_in_this_meter.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (
                row["meter"],
                re.compile(one.replace("?", ".") if "(" not in one else one),
                row["reason"],
            )
            for row in csv.DictReader(file)
            for one in row["identifier"].split()
        ]


def identifiers(row: Row) -> Iterator[str]:
    """The row's identifiers: on long axes the first three and the last."""
    found = [b""]
    for token in row.tokens:
        bytes_ = sorted(token.numbers)
        few = bytes_ if len(bytes_) <= 13 else [*bytes_[:3], bytes_[4], bytes_[-1]]
        found = [one + bytes([byte]) for one in found for byte in few]
    return (one.hex().upper() for one in found)


def at(bench: Bench, when: datetime) -> None:
    """Set the board's clock."""
    bench.rtc = (*when.timetuple()[:3], when.weekday(), when.hour, when.minute, when.second, 0)


def do(bench: Bench, control: int, data: bytes) -> None:
    """An order that must succeed."""
    got = answer(bench.ask(request(NUMBER, control, data)) or b"")
    assert got.control == control | 0x80, (hex(control), got)


def write(bench: Bench, item: str, data: bytes) -> None:
    """A parameter, at level 02 with the password as it left the factory."""
    do(bench, 0x14, bytes.fromhex(item)[::-1] + b"\x02\x00\x00\x00" + OPERATOR + data)


@cache
def meter(elements: int) -> Bench:
    """A meter with a past: frozen, switched, programmed, cleared, tripped, its clock set."""
    bench = Bench(elements, memory=Held(elements).store)
    held = Held(elements)
    bench.meter.registers._snapshot = lambda buf: held.store(buf, 0, -1, 0)  # type: ignore[attr-defined]
    at(bench, DEMANDS_CLEARED)
    do(bench, 0x19, b"\x02\x00\x00\x00" + OPERATOR)
    at(bench, DONE)
    for item, data in PROGRAMMED.items():
        write(bench, item, data)
    for low, kind in ((6, 2), (7, 3), (8, 5), (9, 7)):
        write(bench, f"040001{low:02X}", stamp(SWITCHED[kind])[1:])
    do(bench, 0x1B, b"\x02\x00\x00\x00" + OPERATOR + bytes.fromhex("FF000F03"))
    until = stamp(NOW + timedelta(days=9))
    for what in (b"\x1a\x00", b"\x1c\x00"):
        do(bench, 0x1C, b"\x02\x00\x00\x00" + OPERATOR + what + until)
    write(bench, "0400010C", b"\x45\x31\x20\x00\x16\x08\x26")
    bench.meter.shift = 0  # type: ignore[attr-defined]
    for when in reversed(FROZEN):
        at(bench, when)
        do(bench, 0x16, b"\x99" * 4)
    at(bench, NOW)
    return bench


# the day table has other rows and sorts as the metering chip does
PROGRAMMED = {
    "04010001": bytes.fromhex("040000020008020012040022"),
    "04010000": bytes.fromhex("020101010107"),
    "04000801": b"\x3e",
    "04030001": bytes.fromhex("02011026"),
    "04000601": b"\x05",
    "04000602": b"\x05",
    "04000603": b"\x50",
    "04000B01": b"\x00\x01",
}
LOGGED = {5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 0x0A: 1, 0x0B: 1, 0x0C: 1}


def read(bench: Bench, item: str) -> tuple[int, bytes, list[bytes]]:
    """(error or 0, the data joined, the frames)."""
    bench_data = bytes.fromhex(item)[::-1]
    burst = bench.ask(request(NUMBER, 0x11, bench_data)) or b""
    got = answer(burst)
    if got.control == 0xD1:
        return got.data[0], b"", [burst]
    data, frames, seq = got.raw, [burst], 0
    while got.control & 0x20:
        seq += 1
        burst = bench.ask(request(NUMBER, 0x12, bench_data + bytes([seq]))) or b""
        got = answer(burst)
        assert got.raw[-1] == seq
        data += got.raw[:-1]
        frames.append(burst)
    assert got.item == item
    return 0, data, frames


def decoded(item: str, data: bytes, frames: list[bytes]) -> list[Value]:
    """What the decoder makes of an answer."""
    if len(frames) == 1:
        frame = Scanner645().feed(frames[0])
        assert frame is not None
        said = meaning(frame)
        assert (said.address, said.identifier, said.error) == (NUMBER, item, None)
        return [field.value for field in said.values]
    known = entry(int(item, 16))
    assert known is not None
    found = known.read(data)
    assert found is not None
    return [field.value for field in fields(found, "en")]


@pytest.mark.parametrize("elements", [1, 3], ids=["single-phase", "three-phase"])
@pytest.mark.parametrize("row", table(), ids=lambda row: row.pattern.replace(" ", ""))
def test_a_row_reads_as_the_meter_holds_or_is_not_in_this_meter(row: Row, elements: int) -> None:
    bench = meter(elements)
    for item in identifiers(row):
        error, data, frames = read(bench, item)
        if excluded(item, elements) or not_yet(item):
            assert error in (2, 4), f"{item} is answered"
            continue
        assert error == 0, f"{item} is refused"
        assert decoded(item, data, frames) == expected(item, elements), item


BLOCKS = {
    "0001FF00": [f"0001{t:02X}00" for t in range(5)],
    "0007FF01": [f"0007{t:02X}01" for t in range(5)],
    "000100FF": [f"000100{n:02X}" for n in range(13)],
    "0105FF02": [f"0105{t:02X}02" for t in range(5)],
    "010100FF": [f"010100{n:02X}" for n in range(13)],
    "0201FF00": [f"0201{p:02X}00" for p in (1, 2, 3)],
    "0206FF00": [f"0206{p:02X}00" for p in (0, 1, 2, 3)],
    "0207FF00": [f"0207{p:02X}00" for p in (1, 2, 3)],
    "040005FF": [f"040005{n:02X}" for n in range(1, 8)],
    "031100FF": [f"031100{n:02X}" for n in range(11)],
    "030700FF": [f"030700{n:02X}" for n in range(11)],
    "0506FF03": [f"0506{part:02X}03" for part in (*range(11), 16)],
    "0504FF07": [f"0504{part:02X}07" for part in range(3)],
}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_its_items_one_after_the_other(block: str) -> None:
    error, data, frames = read(meter(3), block)
    assert error == 0
    single = [value for item in BLOCKS[block] for value in expected(item, 3)]
    assert decoded(block, data, frames) == single


@pytest.mark.parametrize("split", [20, 60, 195])
def test_a_block_is_the_same_however_it_is_split(split: int) -> None:
    bench = Bench(3, memory=Held(3).store)
    at(bench, NOW)
    bench.meter.parts.split = split  # type: ignore[attr-defined]
    error, data, frames = read(bench, "050601FF")
    assert (error, len(data)) == (0, 62 * 20)
    assert len(frames) == -(-62 * 20 // split)
    assert data == b"".join(read(bench, f"050601{n:02X}")[1] for n in range(1, 63))


def record(when: datetime, only: int) -> list[Value]:
    """The values of one load record."""
    held = Held(3)
    p = held.powers(when)
    active = r10(p["pa"] + p["pb"] + p["pc"]) / 10_000
    reactive = r10(p["qa"] - 7) / 10_000
    classes: list[list[Value]] = [
        [220.1, 221.2, 219.9, 8.123, 5.556, 0.001, 49.99],
        held.flow(when),
        [0.958, 0.958, -1.0, 0.0],
        [hundredth(held.energy(d2, 0, when)) for d2 in (1, 2, 3, 4)],
        [hundredth(held.energy(d2, 0, when)) for d2 in (5, 6, 7, 8)],
        [active, reactive],
    ]
    kept = classes[only - 1 : only] if only else classes
    return [minute(when), *(value for one in kept for value in one)]


@pytest.mark.parametrize("only", range(7))
@pytest.mark.parametrize("order", [0, 1, 2])
def test_load_records_hold_the_registers_of_their_quarter_hours(only: int, order: int) -> None:
    quarter = timedelta(minutes=15)
    newest = NOW.replace(minute=30, second=0)
    first = {
        0: newest - 5759 * quarter,
        1: datetime(2026, 8, 10, 7, 15),
        2: newest - quarter,
    }[order]
    data = bytes([order, 0, only, 6, 0x02])
    if order == 1:
        data += stamp(first - timedelta(minutes=4))[1:]
    bench = meter(3)
    got = bench.ask(request(NUMBER, 0x11, data)) or b""
    joined, frames, seq = answer(got).raw, [got], 0
    while answer(frames[-1]).control & 0x20:
        seq += 1
        frames.append(bench.ask(request(NUMBER, 0x12, data[:4] + bytes([seq]))) or b"")
        joined += answer(frames[-1]).raw[:-1]
    assert answer(frames[-1]).control in (0x91, 0x92)
    found = blocks(joined, only)
    assert found is not None
    values = [field.value for block in found for field in recorded(block.values, "en")]
    assert values == [*record(first, only), *record(first + quarter, only)]


def test_no_exclusion_is_idle() -> None:
    every = [item for row in table() for item in identifiers(row)]
    for meters, pattern, _ in _exclusions():
        assert any(pattern.fullmatch(item) for item in every), (meters, pattern.pattern)


def expected(item: str, elements: int) -> list[Value]:
    """The values of an identifier, by what the meter holds."""
    d3, d2, d1, d0 = bytes.fromhex(item)
    return BY_CLASS[d3](Held(elements), d3, d2, d1, d0)


def hundredth(value: int | None) -> Value:
    """0.01 of a unit."""
    return None if value is None else value / 100


def _energy(held: Held, d3: int, d2: int, d1: int, d0: int) -> list[Value]:
    return [hundredth(held.energy(d2, d1, settlement(d0)))]


def _demand(held: Held, d3: int, d2: int, d1: int, d0: int) -> list[Value]:
    since = settlement(d0 + 1)
    if since < DEMANDS_CLEARED <= settlement(d0):
        since = DEMANDS_CLEARED
    return list(held.demand(d2 - 1, d1, since))


def _variable(held: Held, d3: int, d2: int, d1: int, d0: int) -> list[Value]:
    p = held.powers(NOW)
    rows: dict[int, tuple[list[int | None], int]] = {
        1: ([None, 22014, 22123, 21987], 10),
        2: ([None, 81234, 55555, 12], 1000),
        3: ([None, p["pa"], p["pb"], p["pc"]], 10_000),
        4: ([None, p["qa"], -7, 0], 10_000),
        5: ([None, 178800, 98765, 44], 10_000),
        6: ([9578, 9578, -10000, 0], 1000),
        7: ([None, 1415, 12345, 35996], 10),
    }
    if d2 == 0x80:
        raws = {
            1: r10(-80006) / 1000, 2: r10(49987) / 100, 3: 1.2345, 4: -2.3456, 5: 0.0345,
            6: 4.5678, 7: r10(3456) / 10, 8: r10(3605) / 100, 9: r10(2494) / 100, 10: 70001,
        }  # fmt: skip
        return [raws[d0]]
    column, scale = rows[d2]
    # an angle of 359.96 degrees is shown as none at all
    shown = [None if raw is None else r10(raw) % 3600 if d2 == 7 else r10(raw) for raw in column]
    raw = shown[d1] if d1 <= held.elements else None
    if d1 == 0 and d2 in (3, 4, 5):
        raw = r10(sum(one for one in column[1 : held.elements + 1] if one is not None))
    return [None if raw is None else raw / scale]


def _totals(kind: int, phases: int, minutes: bool) -> list[Value]:
    found: list[Value] = []
    for phase in range(1, phases + 1) if phases else (0,):
        found.append(10 + kind + phase)
        if minutes:
            found.append(3 * kind + phase)
    return found


def _event(held: Held, d3: int, d2: int, d1: int, d0: int) -> list[Value]:
    if d2 == 0x30:
        return _operation(held, d1, d0)
    if d2 == 0x10:
        return _quality(d1, d0)
    phases = 3 if d2 <= 4 or 0x0B <= d2 <= 0x0F else 6 if d2 == 0x12 else 0
    if not d1 and not d0:
        return _totals(d2, phases, d2 not in (0x11, 0x12))
    start, end = held.event(d2, d1, d0)
    both: list[Value] = [moment(start), moment(end)]
    grown = [hundredth(value) for value in held.increments(start, end)]
    if d2 in RAW_EVENTS:
        return [*both, held.phases(start, end, d2 <= 4).hex(" ").upper()]
    if d2 in EVENTS_OF_ENERGY:
        return [*both, *grown]
    if d2 in (0x09, 0x0A):
        return [*both, (1234 + d2) / 100, *grown]
    if d2 == 0x0F:
        data = b"".join(bcd(value, 4) for value in held.increments(start, end))
        return [*both, data.hex(" ").upper()]
    if d2 == 0x05:
        return [both[0], (1234 + d2) / 1000, both[1]]
    if d2 == 0x12:
        return [*both, (1234 + d2) / 10_000, minute(start + timedelta(seconds=60))]
    return both


def _quality(d1: int, d0: int) -> list[Value]:
    when = NOW
    if d0:
        first = NOW.replace(day=1, hour=0, minute=0, second=0)
        for _ in range(d0 - 1):
            first = (first - timedelta(days=1)).replace(day=1)
        when = first - timedelta(seconds=1)
    watched, over, under, high, high_at, low, low_at = Held.quality_words(d1, when)
    out = (over + under) * 10_000 // watched
    times = [
        (datetime(2000, 1, 1) + timedelta(seconds=one)).strftime("%m-%d %H:%M")
        for one in (high_at, low_at)
    ]
    return [
        watched, (10_000 - out) / 100, out / 100, over, under,
        high / 10, times[0], low / 10, times[1],
    ]  # fmt: skip


def _operation(held: Held, d1: int, d0: int) -> list[Value]:
    writes = [*PROGRAMMED, *(f"040001{low:02X}" for low in (6, 7, 8, 9))]
    operator = OPERATOR[::-1].hex().upper()
    if d1 in (0x0D, 0x0E):
        kind = 0x20 + d1
        if not d0:
            return _totals(kind, 0, False)
        start, end = held.event(kind, 0, d0)
        energies = [hundredth(value) for when in (start, end) for value in held.six(when)]
        return [moment(start), moment(end), *energies]
    if not d0:
        return [{0: len(writes), 1: 0, 2: 1, 3: 1, 4: 1}.get(d1, LOGGED.get(d1, 0))]
    if d1 == 0:
        return [moment(DONE), operator, writes[-d0], *[None] * 9]
    if d1 == 2:
        if held.elements == 3:
            data = b"".join(_cleared(held, bank) for bank in (0, 1, 4, 5, 6, 7)) + b"\xff" * 144
        else:
            data = b"\xff" * 192
        return [moment(DEMANDS_CLEARED), operator, data.hex(" ").upper()]
    if d1 == 3:
        return [moment(DONE), operator, "030F00FF"]
    if d1 == 4:
        return [operator, moment(DONE), "2026-08-16 20:31:45"]
    return [moment(DONE), operator, ""]


def _cleared(held: Held, bank: int) -> bytes:
    value, when = held.peak_words(bank, 0, second(settlement(1)))
    return bcd(value, 3) + stamp(datetime(2000, 1, 1) + timedelta(seconds=when))[1:]


def _relay(held: Held, d3: int, d2: int, d1: int, d0: int) -> list[Value]:
    if not d1:
        return [1]
    data = stamp(DONE) + OPERATOR + b"".join(bcd(value, 4) for value in held.six(DONE))
    return [data.hex(" ").upper()]


def frozen(kind: int, n: int) -> datetime:
    """The nth last freeze of a kind."""
    if kind == 1:
        return FROZEN[n - 1]
    if kind == 4:
        return NOW.replace(minute=0, second=0) - timedelta(hours=n - 1)
    if kind in SWITCHED:
        return SWITCHED[kind]
    # timed, as it leaves the factory, and daily: at midnight
    return NOW.replace(hour=0, minute=0, second=0) - timedelta(days=n - 1)


def _freeze(held: Held, d3: int, d2: int, d1: int, d0: int) -> list[Value]:
    when = frozen(d2, d0)
    if d1 == 0:
        return [minute(when)]
    if d1 <= 8:
        tariffs = (0,) if d2 == 4 else (0, 1, 2, 3, 4)
        return [hundredth(held.energy(d1, tariff, when)) for tariff in tariffs]
    if d1 <= 0x0A:
        since = when.replace(day=1, hour=0, minute=0, second=0)
        if since < DEMANDS_CLEARED <= when:
            since = DEMANDS_CLEARED
        return [value for tariff in range(5) for value in held.demand(d1 - 9, tariff, since)]
    flow = held.flow(when)
    if held.elements == 3:
        return flow
    p = held.powers(when)
    one = [r10(p[key]) / 10_000 for key in ("pa", "qa")]
    return [one[0], one[0], None, None, one[1], one[1], None, None]


def _parameter(held: Held, d3: int, d2: int, d1: int, d0: int) -> list[Value]:
    return _parameters()[held.elements, f"04{d2:02X}{d1:02X}{d0:02X}"]


@cache
def _parameters() -> dict[tuple[int, str], list[Value]]:
    """What is set, and what the status words must say of the registers above."""
    path = Path(__file__).with_name("parameters_held.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (int(elements), row["identifier"]): json.loads(row["values"])
            for row in csv.DictReader(file)
            for elements in row["meter"].split()
        }


BY_CLASS: dict[int, Callable[[Held, int, int, int, int], list[Value]]] = {
    0: _energy, 1: _demand, 2: _variable, 3: _event, 4: _parameter, 5: _freeze,
    0x1D: _relay, 0x1E: _relay,
}  # fmt: skip
