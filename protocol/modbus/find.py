"""Modbus RTU frames in bytes that nobody asked for: found by shape and CRC alone.

An RTU frame says neither where it begins nor how long it is. A master knows what it asked and has
its scanner (cext.framing.ScannerModbus); whoever decodes a note or listens to a line knows nothing.
So a frame is believed only where its function allows its length, its contents are ones a unit or a
master could send (an odd byte count of registers is none), and its CRC fits. Unit addresses above
247 are reserved and in use all the same (254 as "whoever is there"). Application protocol V1.1b3
§6, §7; over serial line V1.02 §2.5.1.
"""

from collections.abc import Iterator

from cext.framing import build_modbus
from protocol.modbus.frame import EXCEPTION, asks_read_write, exception_known, function_form

SHORTEST, LONGEST = 4, 256
ASKED = 8
"""Bytes of a request to read, of a single write both ways, of the answer to a write of many."""
_EXCEPTION_BYTES = 5
_MOST_BITS, _MOST_REGISTERS = 2000, 125


def crc_of(raw: bytes) -> bytes:
    """The two CRC bytes a frame with these contents must end in, as on the line."""
    return build_modbus(raw[0], raw[1], raw[2:-2])[-2:]


def sizes(data: bytes, at: int) -> Iterator[int]:
    """The lengths a frame beginning at `at` can have, shortest first; what has come may be less."""
    if len(data) - at < 2:
        return
    function = data[at + 1]
    if function & EXCEPTION:
        if function_form(function & ~EXCEPTION) or function & ~EXCEPTION in (7, 8):
            yield _EXCEPTION_BYTES
        return
    match function_form(function):
        case "read":
            count = data[at + 2] if len(data) - at > 2 else 0
            yield from sorted({ASKED, 5 + count} if count else {ASKED})
        case "write":
            yield ASKED
        case "write many":
            yield ASKED
            if len(data) - at > 6 and data[at + 6]:
                yield 9 + data[at + 6]
        case "identity":
            yield SHORTEST
            if len(data) - at > 2 and data[at + 2]:
                yield 5 + data[at + 2]
        case "read write":
            answer = 5 + data[at + 2] if len(data) - at > 2 and data[at + 2] else 0
            asked = 13 + data[at + 10] if len(data) - at > 10 and data[at + 10] else 0
            yield from sorted({answer, asked} - {0})


def frame_at(data: bytes, at: int) -> int:
    """Length of the whole, checked frame that begins there; 0 = none does."""
    for size in sizes(data, at):
        raw = data[at : at + size]
        if len(raw) == size <= LONGEST and _possible(raw) and raw[-2:] == crc_of(raw):
            return size
    return 0


def find(data: bytes) -> list[tuple[int, int]]:
    """(start, length) of every frame, leftmost first, none within another; linear in the bytes.

    Bytes that are one frame from end to end are one whatever their function and contents.
    """
    if whole(data):
        return [(0, len(data))]
    found = []
    at = 0
    while at <= len(data) - SHORTEST:
        size = frame_at(data, at)
        if size:
            found.append((at, size))
        at += size or 1
    return found


def whole(raw: bytes) -> bool:
    """Whether the bytes are one frame from end to end, by their CRC, whatever they hold."""
    if not SHORTEST <= len(raw) <= LONGEST or not raw[1] & ~EXCEPTION:
        return False
    return raw[-2:] == crc_of(raw)


def meant(raw: bytes) -> bool:
    """Whether the bytes have the shape of one frame, right or not: their CRC is worth a word."""
    return SHORTEST <= len(raw) <= LONGEST and len(raw) in sizes(raw, 0)


def _possible(raw: bytes) -> bool:
    """Whether a unit or a master could send this, the CRC aside."""
    function, data = raw[1], raw[2:-2]
    if function & EXCEPTION:
        return len(data) != 1 or exception_known(data[0])
    most = _MOST_BITS if function <= 2 else _MOST_REGISTERS
    match function_form(function):
        case "read" if len(raw) != ASKED:
            return data[0] == len(data) - 1 and (function <= 2 or not data[0] & 1)
        case "read":
            bits = function <= 2 and data[0] == len(data) - 1
            return bits or 1 <= int.from_bytes(data[2:4], "big") <= most
        case "write":
            return function != 5 or data[2:4] in (b"\xff\x00", b"\x00\x00")
        case "write many":
            return 1 <= int.from_bytes(data[2:4], "big") <= _MOST_BITS
        case "identity":
            return not data or data[0] == len(data) - 1
        case "read write":
            return asks_read_write(data) or (data[0] == len(data) - 1 and not data[0] & 1)
    return True
