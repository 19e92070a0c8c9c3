"""What a DL/T 698.45 answer gave, object by object, as it went over the wire.

The bench's own few lines of A-XDR: enough to find where one datum ends, and to read integers. An
APDU that is not understood to its end gives nothing: the judge then misses the readings, loudly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from firmware_sim.frames import FRAGMENT, FROM_SERVER, LinkFrame

GET = 0x85
NORMAL, NORMAL_LIST, RECORD, RECORD_LIST, NEXT = 1, 2, 3, 4, 5
DEEPEST = 8
"""Deepest nesting of data a meter of the bench sends, doubled."""

ARRAY, STRUCTURE, BITS = 0x01, 0x02, 0x04
STRINGS = (0x09, 0x0A, 0x0C)
UNSIGNED = {0x06: 4, 0x11: 1, 0x12: 2, 0x15: 8, 0x16: 1}
SIGNED = {0x05: 4, 0x0F: 1, 0x10: 2, 0x14: 8}
FIXED = {
    **UNSIGNED,
    **SIGNED,
    **{0x00: 0, 0x03: 1, 0x17: 4, 0x18: 8, 0x19: 10, 0x1A: 5, 0x1B: 3, 0x1C: 7},
    **{0x50: 2, 0x51: 4, 0x53: 4, 0x54: 3, 0x59: 2},
}
"""Bytes behind a tag that has always as many."""

FIRST, LAST, ACKNOWLEDGED, MIDDLE = range(4)
LONGEST = 65536
"""Most bytes of an APDU put together from fragments."""


class NotUnderstood(ValueError):
    """These bytes are not what this bench can read."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one object."""

    item: str
    """"698:20000201"; of a record the object whose table it is."""
    raw: bytes
    """Its datum; of a record the rows, count first; empty when refused."""
    dar: int | None = None
    columns: str | None = None
    """Of a record: its RCSD in hex."""


class Reader:
    """Bytes, and how far they have been read; NotUnderstood at their end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        end = self.at + count
        if end > len(self.data):
            raise NotUnderstood(f"{count} bytes asked at {self.at} of {len(self.data)}")
        taken, self.at = self.data[self.at : end], end
        return taken

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def length(self) -> int:
        """A length or count: one byte, or 8n and n bytes."""
        first = self.byte()
        return first if first < 0x80 else int.from_bytes(self.take(first & 0x7F), "big")

    def datum(self, depth: int = 0) -> bytes:
        """One Data whole, tag first."""
        start, tag = self.at, self.byte()
        if tag in (ARRAY, STRUCTURE):
            if depth == DEEPEST:
                raise NotUnderstood("nested too deep")
            for _ in range(self.counted()):
                self.datum(depth + 1)
        elif tag in STRINGS:
            self.take(self.length())
        elif tag == BITS:
            self.take((self.length() + 7) // 8)
        elif tag in FIXED:
            self.take(FIXED[tag])
        else:
            raise NotUnderstood(f"tag {tag:02X}")
        return self.data[start : self.at]

    def counted(self) -> int:
        """A count of things that have a byte each at least."""
        count = self.length()
        if count > len(self.data) - self.at:
            raise NotUnderstood(f"a count of {count}")
        return count


def told(apdu: bytes) -> list[Told]:
    """Everything a GET answer tells; empty for what is none, or is not understood."""
    try:
        return _told(Reader(apdu))
    except NotUnderstood:
        return []


def elements(datum: bytes) -> list[int | None]:
    """The integers of a datum: of a simple one itself, of an array its elements; None = none."""
    try:
        reader = Reader(datum)
        if datum[:1] != bytes((ARRAY,)):
            return [_integer(reader.datum())]
        reader.byte()
        return [_integer(reader.datum()) for _ in range(reader.counted())]
    except NotUnderstood:
        return []


def _integer(datum: bytes) -> int | None:
    tag = datum[0]
    if tag not in UNSIGNED and tag not in SIGNED:
        return None
    return int.from_bytes(datum[1:], "big", signed=tag in SIGNED)


def _told(reader: Reader) -> list[Told]:
    tag, kind, _ = reader.take(3)
    if tag != GET:
        return []
    if kind == NEXT:
        reader.take(3)
        kind = {1: NORMAL_LIST, 2: RECORD_LIST}.get(reader.byte(), 0)
    one = {NORMAL: _normal, NORMAL_LIST: _normal, RECORD: _record, RECORD_LIST: _record}.get(kind)
    if one is None:
        return []
    count = reader.counted() if kind in (NORMAL_LIST, RECORD_LIST) else 1
    return [one(reader) for _ in range(count)]


def _item(oad: bytes) -> str:
    return f"698:{oad.hex().upper()}"


def _normal(reader: Reader) -> Told:
    item = _item(reader.take(4))
    if reader.byte() == 0:
        return Told(item, b"", dar=reader.byte())
    return Told(item, reader.datum())


def _record(reader: Reader) -> Told:
    item = _item(reader.take(4))
    start = reader.at
    width = reader.counted()
    for _ in range(width):
        way = reader.byte()
        reader.take(4)
        if way == 1:
            reader.take(4 * reader.counted())
    columns = reader.data[start : reader.at].hex().upper()
    if reader.byte() == 0:
        return Told(item, b"", dar=reader.byte(), columns=columns)
    start = reader.at
    for _ in range(reader.counted() * width):
        reader.datum()
    return Told(item, reader.data[start : reader.at], columns=columns)


class Fragments:
    """Long answers of the meters of a bench, put together; of each meter the one under way."""

    def __init__(self, most: int = 256) -> None:
        self._parts: dict[str, tuple[int, bytes]] = {}
        self._most = most

    def whole(self, line: str, frame: LinkFrame) -> bytes | None:
        """The APDU that ends with this frame of a meter; None = none does."""
        if not frame.control & FROM_SERVER:
            return None
        key = f"{line} {frame.meter}"
        if not frame.control & FRAGMENT:
            self._parts.pop(key, None)
            return frame.data
        if len(frame.data) < 2:
            return None
        word = int.from_bytes(frame.data[:2], "little")
        number, kind, part = word & 0xFFF, word >> 14, frame.data[2:]
        if kind == ACKNOWLEDGED:
            return None
        if kind == FIRST:
            self._parts.pop(key, None)
            for oldest in islice(list(self._parts), max(0, len(self._parts) - self._most + 1)):
                del self._parts[oldest]
            self._parts[key] = number, part
            return None
        last, before = self._parts.get(key, (-2, b""))
        if number != last + 1 or len(before) + len(part) > LONGEST:
            # said again, or one was not heard: what is under way stands as it was
            return None
        if kind == LAST:
            del self._parts[key]
            return before + part
        self._parts[key] = number, before + part
        return None


def records(found: list[Told]) -> Iterator[dict[str, object]]:
    """As the truth file keeps them: item, raw, and dar or columns where there are any."""
    for one in found:
        record: dict[str, object] = {"item": one.item, "raw": one.raw.hex().upper()}
        if one.dar is not None:
            record["dar"] = one.dar
        if one.columns is not None:
            record["columns"] = one.columns
        yield record
