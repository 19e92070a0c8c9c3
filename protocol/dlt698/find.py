"""All DL/T 698.45 frames of an input, and why something that looks like one is none."""

from collections.abc import Iterator

from cext.framing698 import Frame698, Scanner698
from protocol.dlt698.words import word

_WAKE = bytes((0xFE,))
_START, _END = 0x68, 0x16
_LENGTH, _KILO = 0x3FFF, 0x4000
_AROUND = 2
"""Bytes the length does not count: the 68 and the 16."""
_LEAST = 14
_CRC = 2
_LONGEST = 0x3FFF
"""What the length field can say; a line's scanner believes less, for there a wrong one costs."""


def find(data: bytes) -> list[Frame698]:
    """The whole, checked frames in order, none within another. Never raises."""
    scanner = Scanner698(_LONGEST + _AROUND)
    frames: list[Frame698] = []
    frame = scanner.feed(data)
    while frame is not None:
        frames.append(frame)
        frame = scanner.feed(b"")
    return frames


def wrong(data: bytes, lang: str = "en") -> str:
    """What keeps one frame from being whole and right: "hcs: expected …"; "" if it is not one.

    Bytes are taken for a frame where everything but one check fits.
    """
    raw = data.lstrip(_WAKE)
    if len(raw) < _LEAST or raw[0] != _START or raw[2] & _KILO >> 8:
        return ""
    size = (int.from_bytes(raw[1:3], "little") & _LENGTH) + _AROUND
    header = 7 + (raw[4] & 0x0F)
    if not header + 2 * _CRC < size:
        return ""
    hcs = _checks(raw[1:header])
    if size > len(raw):
        right = raw[header : header + _CRC] == hcs
        return word("truncated", lang, want=size, got=len(raw)) if right else ""
    if size != len(raw) or raw[-1] != _END:
        return ""
    got = raw[header : header + _CRC], raw[-3:-1]
    # behind a right HCS the FCS rests on what follows alone: it still proves a frame whose header
    # or HCS is hurt; with both wrong any 68 … 16 of the right length would do
    want = hcs, _checks(raw[1:header] + hcs + raw[header + _CRC : -3])
    faults = [
        word(name, lang, want=_hex(right), got=_hex(is_))
        for name, right, is_ in zip(("hcs", "fcs"), want, got, strict=True)
        if right != is_
    ]
    return faults[0] if len(faults) == 1 else ""


def _checks(covered: bytes) -> bytes:
    """CRC-16/X.25 of the bytes, low byte first, as HCS and FCS have it."""
    return _crc(covered).to_bytes(_CRC, "little")


def _crc(covered: bytes) -> int:
    crc = 0xFFFF
    for value in covered:
        crc = crc >> 8 ^ _TABLE[(crc ^ value) & 0xFF]
    return crc ^ 0xFFFF


def _table() -> Iterator[int]:
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
        yield crc


_TABLE = tuple(_table())


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()
