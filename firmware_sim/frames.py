"""Whole frames as the bench itself sees them: for addressing and for the truth file.

Nothing here is shared with the firmware or the agent, so that neither can hide its mistakes.
"""

from dataclasses import dataclass

START = 0x68
END = 0x16
WILD = 0xA
"""The digit of a number that stands for any."""

FROM_SERVER = 0x80
FRAGMENT = 0x20
SCRAMBLED = 0x08
SHIFT = 0x33
UNSHIFT = bytes((byte - SHIFT) & 0xFF for byte in range(256))
SINGLE = 0
"""Address type of DL/T 698.45 that names one device."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of DL/T 645."""

    number: bytes
    """Address bytes, lowest first."""
    control: int
    data: bytes
    """Before +33H."""

    @property
    def meter(self) -> str:
        """The printed number."""
        return self.number[::-1].hex().upper()


@dataclass(frozen=True, slots=True)
class LinkFrame:
    """A frame of DL/T 698.45."""

    control: int
    kind: int
    """Address type: 0 single, 1 wildcard, 2 group, 3 broadcast."""
    number: bytes
    """Server address, lowest byte first."""
    data: bytes
    """User data, not scrambled any more: an APDU, or a fragment word and a part of one."""

    @property
    def meter(self) -> str:
        """The printed number."""
        return self.number[::-1].hex().upper()

    @property
    def names_one(self) -> bool:
        """Whether exactly the device of that number is meant."""
        digits = (half for byte in self.number for half in (byte >> 4, byte & 0xF))
        return self.kind == SINGLE and WILD not in digits


def single_frame(burst: bytes) -> Frame | None:
    """The frame of a burst that is FE bytes and then exactly one right frame of DL/T 645."""
    frame = whole_frame(burst)
    return Frame(frame[1:7], frame[8], frame[10:-2].translate(UNSHIFT)) if frame else None


def whole_frame(burst: bytes) -> bytes:
    """The same as its bytes without the FE; empty if it is not exactly one right frame."""
    frame = burst.lstrip(b"\xfe")
    size = len(frame)
    if size < 12 or size != 12 + frame[9] or frame[0] != START or frame[7] != START:
        return b""
    return frame if frame[-1] == END and sum(frame[:-2]) & 0xFF == frame[-2] else b""


def link_frame(burst: bytes) -> LinkFrame | None:
    """The frame of a burst that is FE bytes and then exactly one right frame of DL/T 698.45."""
    frame = burst.lstrip(b"\xfe")
    if len(frame) < 12 or frame[0] != START or frame[-1] != END:
        return None
    length = int.from_bytes(frame[1:3], "little")
    if length != len(frame) - 2:
        # lengths in KB (bit 14) and reserved bits are not of this bench's meters
        return None
    size = (frame[4] & 0x0F) + 1
    header = 6 + size
    if len(frame) < header + 5 or crc_x25(frame[1 : header + 2]) or crc_x25(frame[1:-1]):
        return None
    control, data = frame[3], frame[header + 2 : -3]
    if control & SCRAMBLED:
        data = data.translate(UNSHIFT)
    return LinkFrame(control, frame[4] >> 6, frame[5 : 5 + size], data)


def _table(polynomial: int) -> tuple[int, ...]:
    rows = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (polynomial if crc & 1 else 0)
        rows.append(crc)
    return tuple(rows)


_MODBUS = _table(0xA001)
_X25 = _table(0x8408)
GOOD_X25 = 0xF0B8
"""What is left when the check, low byte first, has been run through as well."""


def crc16(data: bytes) -> int:
    """CRC-16 of Modbus; 0 over a frame with its check."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _MODBUS[(crc ^ byte) & 0xFF]
    return crc


def crc_x25(data: bytes) -> int:
    """How far a run of bytes with its CRC-16/X.25 behind it is from right; 0 = right."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _X25[(crc ^ byte) & 0xFF]
    return crc ^ GOOD_X25
