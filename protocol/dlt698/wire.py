"""Codecs: how a thing is read, written and shown, and how small ones make up large ones.

Theory of operation
-------------------
Every thing of DL/T 698.45 (a number, a descriptor, a whole service) is one `Codec` of three
functions. Small ones are made by `number` and `octets`; larger ones by `listed`, `shape`, `tagged`
and `optional` out of small ones. So each layout stands once, as data, and reading, writing and
showing cannot disagree. A `Cursor` goes over the bytes and holds the bounds: no more elements than
bytes, no deeper than MOST_DEPTH. What cannot be right raises `Malformed`, which the doors of this
room (parse, decode_data, meaning) catch: to their callers any bytes are an answer, not an error.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

MOST_DEPTH = 16
"""Of data within data; the deepest thing of the standard is a structure in a record in a list."""

MOST_BYTES = 1 << 16
"""Of one APDU, reassembled or not."""

_LONG = 0x80
_MOST_LENGTH_BYTES = 4


class Malformed(ValueError):
    """Bytes that cannot be what they should be: why, and at which byte of the APDU."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(f"{why} at byte {at}")
        self.why = why
        self.at = at


class Cursor:
    """A place in the bytes of one APDU, and how deep data stand within data there."""

    __slots__ = ("at", "data", "depth", "flat", "roads")

    def __init__(self, data: bytes, *, flat: bool = False) -> None:
        self.data = data
        self.at = 0
        self.depth = 0
        self.flat = flat
        """Whether a row has a datum for each object of a ROAD column, not one for the column."""
        self.roads = False
        """Whether such a column was met: then both ways of reading rows are possible."""

    def left(self) -> int:
        """Bytes not read yet."""
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self.at + size
        if end > len(self.data):
            raise self.wrong("ends too early")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def byte(self) -> int:
        """The next byte."""
        at = self.at
        if at >= len(self.data):
            raise self.wrong("ends too early")
        self.at = at + 1
        return self.data[at]

    def length(self) -> int:
        """A length: one byte below 80, or 8n and n bytes, high byte first."""
        first = self.byte()
        if first < _LONG:
            return first
        size = first - _LONG
        if not 1 <= size <= _MOST_LENGTH_BYTES:
            raise self.wrong(f"length byte {first:02X}")
        return int.from_bytes(self.take(size), "big")

    def count(self) -> int:
        """How many elements follow; each takes a byte at least, so a count that lies is seen."""
        count = self.length()
        if count > self.left():
            raise self.wrong(f"{count} elements announced, {self.left()} bytes left")
        return count

    def down(self) -> None:
        """One level deeper into data."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise self.wrong(f"nested deeper than {MOST_DEPTH}")

    def wrong(self, why: str) -> Malformed:
        """What to raise here."""
        return Malformed(why, self.at)


@dataclass(frozen=True, slots=True)
class Codec:
    """How one thing is read, written and shown in JSON."""

    read: Callable[[Cursor], Any]
    write: Callable[[bytearray, Any], None]
    show: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One named thing of a larger one; `inline`: what it shows joins what the larger one shows."""

    name: str
    codec: Codec
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of a service: "" where there is but one."""

    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """One service by its tag; kind 0 = the service has no kind byte."""

    name: str
    kinds: dict[int, Kind]
    piid: str = "piid"
    """Under which name the byte behind the tag is shown; "" = there is none."""
    tail: tuple[Part, ...] = ()


def same(value: Any) -> Any:
    """Shown as it is."""
    return value


def hexed(value: bytes) -> str:
    """Bytes shown in hex."""
    return value.hex().upper()


def number(size: int, *, signed: bool = False, digits: int = 0) -> Codec:
    """An integer of `size` bytes, high byte first; with `digits` shown as so many hex digits."""

    def read(cursor: Cursor) -> int:
        return int.from_bytes(cursor.take(size), "big", signed=signed)

    def write(out: bytearray, value: int) -> None:
        out += value.to_bytes(size, "big", signed=signed)

    return Codec(read, write, (lambda value: f"{value:0{digits}X}") if digits else same)


def octets(size: int, show: Callable[[bytes], Any] = hexed) -> Codec:
    """So many bytes as they are."""

    def write(out: bytearray, value: bytes) -> None:
        if len(value) != size:
            raise ValueError(f"{size} bytes wanted, {len(value)} given")
        out += value

    return Codec(lambda cursor: cursor.take(size), write, show)


def write_length(out: bytearray, length: int) -> None:
    """A length in its shortest form."""
    if length < _LONG:
        out.append(length)
        return
    size = (length.bit_length() + 7) // 8
    out.append(_LONG + size)
    out += length.to_bytes(size, "big")


def octet_string(show: Callable[[bytes], Any] = hexed) -> Codec:
    """A length, then so many bytes."""

    def write(out: bytearray, value: bytes) -> None:
        write_length(out, len(value))
        out += value

    return Codec(lambda cursor: cursor.take(cursor.length()), write, show)


def listed(codec: Codec) -> Codec:
    """A count, then so many of one thing: a tuple."""

    def read(cursor: Cursor) -> tuple[Any, ...]:
        return tuple([codec.read(cursor) for _ in range(cursor.count())])

    def write(out: bytearray, value: tuple[Any, ...]) -> None:
        write_length(out, len(value))
        for one in value:
            codec.write(out, one)

    return Codec(read, write, lambda value: [codec.show(one) for one in value])


def single(codec: Codec) -> Codec:
    """One thing without a count where others are listed: a tuple of one."""

    def write(out: bytearray, value: tuple[Any, ...]) -> None:
        (one,) = value
        codec.write(out, one)

    return Codec(
        lambda cursor: (codec.read(cursor),),
        write,
        lambda value: [codec.show(one) for one in value],
    )


def optional(codec: Codec, absent: Any = None) -> Codec:
    """00, or 01 and the thing; None where it is absent, shown as `absent`."""

    def read(cursor: Cursor) -> Any:
        there = cursor.byte()
        if there > 1:
            raise cursor.wrong(f"optional part begins with {there:02X}")
        return codec.read(cursor) if there else None

    def write(out: bytearray, value: Any) -> None:
        out.append(value is not None)
        if value is not None:
            codec.write(out, value)

    return Codec(read, write, lambda value: absent if value is None else codec.show(value))


def tagged(choices: Mapping[int, tuple[type[Any], Codec]], what: str) -> Codec:
    """A byte that says which, then that one; written by the type of the value."""
    numbers = {kind: choice for choice, (kind, _) in choices.items()}

    def read(cursor: Cursor) -> Any:
        choice = cursor.byte()
        if choice not in choices:
            raise cursor.wrong(f"{what} {choice:02X}")
        return choices[choice][1].read(cursor)

    def write(out: bytearray, value: Any) -> None:
        choice = numbers.get(type(value))
        if choice is None:
            raise ValueError(f"no {what} holds a {type(value).__name__}")
        out.append(choice)
        choices[choice][1].write(out, value)

    return Codec(read, write, lambda value: choices[numbers[type(value)]][1].show(value))


def shape(kind: type[msgspec.Struct], *parts: Part) -> Codec:
    """The parts one after another, as the fields of a struct."""
    fields = kind.__struct_fields__

    def read(cursor: Cursor) -> Any:
        return kind(*[part.codec.read(cursor) for part in parts])

    def write(out: bytearray, value: Any) -> None:
        for part, field in zip(parts, fields, strict=True):
            part.codec.write(out, getattr(value, field))

    def show(value: Any) -> dict[str, Any]:
        return shown(parts, [getattr(value, field) for field in fields])

    return Codec(read, write, show)


def shown(parts: tuple[Part, ...], values: list[Any]) -> dict[str, Any]:
    """Named values as one JSON object."""
    said: dict[str, Any] = {}
    for part, value in zip(parts, values, strict=True):
        one = part.codec.show(value)
        if part.inline and isinstance(one, dict):
            said |= one
        else:
            said[part.name] = one
    return said
