"""Data of DL/T 698.45: every A-XDR type of the serial subset, read, written and shown (§7.3).

A `Data` is a type's tag and a value that only that type gives a meaning: integers are int, strings
and times the bytes sent, arrays and structures tuples of Data, descriptors the structs below.
Nothing is normalised, so what was read is written again as it stood. Sheet §3, §4.
"""

import struct
from dataclasses import dataclass
from typing import Any

import msgspec

from protocol.dlt698 import moment
from protocol.dlt698.wire import (
    Codec,
    Cursor,
    Malformed,
    Part,
    hexed,
    listed,
    number,
    octet_string,
    octets,
    same,
    shape,
    shown,
    tagged,
    write_length,
)

NULL, ARRAY, STRUCTURE = 0x00, 0x01, 0x02
BIT_STRING, OCTETS, VISIBLE, UTF8 = 0x04, 0x09, 0x0A, 0x0C
DATE_TIME, DATE, TIME, DATE_TIME_S = 0x19, 0x1A, 0x1B, 0x1C
SCALER_UNIT = 0x59


class Data(msgspec.Struct, frozen=True):
    """One value with its type."""

    tag: int
    value: Any


class Bits(msgspec.Struct, frozen=True):
    """A bit-string: how many bits, and the bytes they stand in, first bit highest."""

    count: int
    data: bytes


class Road(msgspec.Struct, frozen=True):
    """A record's object and the objects stored with it (ROAD)."""

    oad: int
    columns: tuple[int, ...]


class Ti(msgspec.Struct, frozen=True):
    """A time interval: unit 0 s, 1 min, 2 h, 3 d, 4 month, 5 year."""

    unit: int
    count: int


class Region(msgspec.Struct, frozen=True):
    """From one value to another; kind 0 [from,to), 1 (from,to], 2 [from,to], 3 (from,to)."""

    kind: int
    start: Data
    end: Data


class ScalerUnit(msgspec.Struct, frozen=True):
    """Decimal exponent and unit code of an object's values."""

    exponent: int
    unit: int


class Sid(msgspec.Struct, frozen=True):
    """A security identifier."""

    number: int
    more: bytes


class SidMac(msgspec.Struct, frozen=True):
    """A security identifier and the MAC over what it protects."""

    number: int
    more: bytes
    mac: bytes


class Chosen(msgspec.Struct, frozen=True):
    """A row selection (RSD) or a choice of meters (MS): which kind, and what that kind holds."""

    kind: int
    parts: tuple[Any, ...]


_TI_UNITS = ("s", "min", "h", "d", "month", "year")


def _read_data(cursor: Cursor) -> Data:
    tag = cursor.byte()
    known = TYPES.get(tag)
    if known is None:
        raise Malformed(f"unknown type {tag:02X}", cursor.at - 1)
    cursor.down()
    value = known.codec.read(cursor)
    cursor.depth -= 1
    return Data(tag, value)


def _write_data(out: bytearray, data: Data) -> None:
    known = TYPES.get(data.tag)
    if known is None:
        raise ValueError(f"unknown type {data.tag:02X}")
    out.append(data.tag)
    known.codec.write(out, data.value)


def _show_data(data: Data) -> Any:
    known = TYPES[data.tag]
    said = known.codec.show(data.value)
    if data.tag == NULL:
        return None
    if data.tag == BIT_STRING:
        return {known.name: said, "bits": data.value.count}
    return {known.name: said}


DATA = Codec(_read_data, _write_data, _show_data)


def _read_bits(cursor: Cursor) -> Bits:
    count = cursor.length()
    return Bits(count, cursor.take((count + 7) // 8))


def _write_bits(out: bytearray, value: Bits) -> None:
    if len(value.data) != (value.count + 7) // 8:
        raise ValueError(f"{value.count} bits do not stand in {len(value.data)} bytes")
    write_length(out, value.count)
    out += value.data


def _float(form: str) -> Codec:
    layout = struct.Struct(form)

    def write(out: bytearray, value: float) -> None:
        out += layout.pack(value)

    return Codec(lambda cursor: layout.unpack(cursor.take(layout.size))[0], write, same)


def _text(raw: bytes) -> str:
    """ASCII as it is; what is none of it as \\xNN."""
    return raw.decode("ascii", "backslashreplace")


def _utf8(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _bool_read(cursor: Cursor) -> bool:
    return cursor.byte() != 0


def _bool_write(out: bytearray, value: bool) -> None:
    out.append(1 if value else 0)


def ti_text(value: Ti) -> str:
    """'15 min'."""
    unit = _TI_UNITS[value.unit] if value.unit < len(_TI_UNITS) else f"unit {value.unit}"
    return f"{value.count} {unit}"


U8, U16, U32 = number(1), number(2), number(4)
OI, OAD, OMD = number(2, digits=4), number(4, digits=8), number(4, digits=8)
BYTES = octet_string()
BOOL = Codec(_bool_read, _bool_write, same)
MOMENT = octets(7, moment.date_time_s_text)
TSA = octet_string()
ROAD = shape(Road, Part("oad", OAD), Part("columns", listed(OAD)))
_TI = shape(Ti, Part("unit", U8), Part("count", U16))
TI = Codec(_TI.read, _TI.write, ti_text)
REGION = shape(Region, Part("kind", U8), Part("from", DATA), Part("to", DATA))
SID = shape(Sid, Part("sid", OAD), Part("more", BYTES))
SID_MAC = shape(SidMac, Part("sid", OAD), Part("more", BYTES), Part("mac", BYTES))
COMDCB = octets(5)
CSD = tagged({0: (int, OAD), 1: (Road, ROAD)}, "column kind")
RCSD = listed(CSD)


def _chosen(kinds: dict[int, tuple[Part, ...]], what: str, key: str) -> Codec:
    def read(cursor: Cursor) -> Chosen:
        kind = cursor.byte()
        if kind not in kinds:
            raise Malformed(f"unknown {what} {kind:02X}", cursor.at - 1)
        return Chosen(kind, tuple([part.codec.read(cursor) for part in kinds[kind]]))

    def write(out: bytearray, value: Chosen) -> None:
        parts = kinds.get(value.kind)
        if parts is None or len(parts) != len(value.parts):
            raise ValueError(f"no {what} {value.kind} of {len(value.parts)} parts")
        out.append(value.kind)
        for part, one in zip(parts, value.parts, strict=True):
            part.codec.write(out, one)

    def show(value: Chosen) -> dict[str, Any]:
        return {key: value.kind, **shown(kinds[value.kind], list(value.parts))}

    return Codec(read, write, show)


MS = _chosen(
    {
        0: (),
        1: (),
        2: (Part("types", listed(U8)),),
        3: (Part("addresses", listed(TSA)),),
        4: (Part("numbers", listed(U16)),),
        5: (Part("type_ranges", listed(REGION)),),
        6: (Part("address_ranges", listed(REGION)),),
        7: (Part("number_ranges", listed(REGION)),),
    },
    "choice of meters",
    "kind",
)

_RANGE = (Part("oad", OAD), Part("from", DATA), Part("to", DATA), Part("interval", DATA))
_AT = (Part("at", MOMENT), Part("meters", MS))
_SPAN = (Part("from", MOMENT), Part("to", MOMENT), Part("interval", TI), Part("meters", MS))


class Range(msgspec.Struct, frozen=True):
    """One of several ranges of a selection 3: start <= column < end, one each interval."""

    oad: int
    start: Data
    end: Data
    interval: Data


RSD = _chosen(
    {
        0: (),
        1: (Part("oad", OAD), Part("value", DATA)),
        2: _RANGE,
        3: (Part("ranges", listed(shape(Range, *_RANGE))),),
        4: _AT,
        5: _AT,
        6: _SPAN,
        7: _SPAN,
        8: _SPAN,
        9: (Part("last", U8),),
        10: (Part("last", U8), Part("meters", MS)),
    },
    "selection",
    "sel",
)


@dataclass(frozen=True, slots=True)
class Type:
    """One type: its name in the standard, and how it is read, written and shown."""

    name: str
    codec: Codec


TYPES = {
    NULL: Type("null", Codec(lambda cursor: None, lambda out, value: None, same)),
    ARRAY: Type("array", listed(DATA)),
    STRUCTURE: Type("structure", listed(DATA)),
    0x03: Type("bool", BOOL),
    BIT_STRING: Type("bit-string", Codec(_read_bits, _write_bits, lambda bits: hexed(bits.data))),
    0x05: Type("double-long", number(4, signed=True)),
    0x06: Type("double-long-unsigned", U32),
    OCTETS: Type("octet-string", BYTES),
    VISIBLE: Type("visible-string", octet_string(_text)),
    UTF8: Type("UTF8-string", octet_string(_utf8)),
    0x0F: Type("integer", number(1, signed=True)),
    0x10: Type("long", number(2, signed=True)),
    0x11: Type("unsigned", U8),
    0x12: Type("long-unsigned", U16),
    0x14: Type("long64", number(8, signed=True)),
    0x15: Type("long64-unsigned", number(8)),
    0x16: Type("enum", U8),
    0x17: Type("float32", _float(">f")),
    0x18: Type("float64", _float(">d")),
    DATE_TIME: Type("date_time", octets(10, moment.date_time_text)),
    DATE: Type("date", octets(5, moment.date_text)),
    TIME: Type("time", octets(3, moment.time_text)),
    DATE_TIME_S: Type("date_time_s", MOMENT),
    0x50: Type("OI", OI),
    0x51: Type("OAD", OAD),
    0x52: Type("ROAD", ROAD),
    0x53: Type("OMD", OMD),
    0x54: Type("TI", TI),
    0x55: Type("TSA", TSA),
    0x56: Type("MAC", BYTES),
    0x57: Type("RN", BYTES),
    0x58: Type("Region", REGION),
    SCALER_UNIT: Type(
        "Scaler_Unit",
        shape(ScalerUnit, Part("exponent", number(1, signed=True)), Part("unit", U8)),
    ),
    0x5A: Type("RSD", RSD),
    0x5B: Type("CSD", CSD),
    0x5C: Type("MS", MS),
    0x5D: Type("SID", SID),
    0x5E: Type("SID_MAC", SID_MAC),
    0x5F: Type("COMDCB", COMDCB),
    0x60: Type("RCSD", RCSD),
}
INTEGERS = frozenset({0x05, 0x06, 0x0F, 0x10, 0x11, 0x12, 0x14, 0x15, 0x16})
"""Tags whose value is a plain int."""

Row = tuple[Data, ...]


def decode_data(data: bytes) -> Data | None:
    """The one value these bytes are from end to end; None if they are not. Never raises."""
    cursor = Cursor(data)
    try:
        value = _read_data(cursor)
    except Malformed:
        return None
    return None if cursor.left() else value


def encode_data(data: Data) -> bytes:
    """The bytes of a value; ValueError where its type does not hold it."""
    out = bytearray()
    try:
        _write_data(out, data)
    except (OverflowError, struct.error, TypeError, AttributeError) as wrong:
        raise ValueError(f"type {data.tag:02X} does not hold this: {wrong}") from wrong
    return bytes(out)


def show_data(data: Data) -> Any:
    """The value as JSON: {"long-unsigned": 2413}, null, {"array": [...]}."""
    return _show_data(data)
