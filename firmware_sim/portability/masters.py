"""What the scripted masters ask: requests of DL/T 645 and Modbus RTU, made here and nowhere else.

Neither the agent's codec nor the firmware's is used: a wrong reading of the standard in either is
not this proof's business, and it must not depend on them.
"""

import random

METER = bytes.fromhex("010010123700")
UNIT = 1

_WILD = (b"\xaa" * 6, METER[:2] + b"\xaa" * 4, b"\x99" * 6, bytes.fromhex("020010123700"))
_PASSWORD = bytes.fromhex("02000000")
_OPERATOR = bytes.fromhex("78563412")

# identifiers as printed, DI3 first: what is read often, blocks, and what comes in several parts
_ITEMS = tuple(
    bytes.fromhex(item)[::-1]
    for item in [
        "02010100",
        "0201FF00",
        "02020100",
        "0202FF00",
        "0203FF00",
        "0204FF00",
        "0205FF00",
        "0206FF00",
        "0207FF00",
        "02800001",
        "02800002",
        "02800003",
        "02800007",
        "02800008",
        "0280000A",
        "00000000",
        "0000FF00",
        "00010000",
        "0001FF00",
        "00010001",
        "0002FF00",
        "00FF0000",
        "00FFFF00",
        "01010000",
        "0101FF00",
        "03110000",
        "03110001",
        "03300000",
        "03300001",
        "03300100",
        "03300D01",
        "03300E01",
        "04000101",
        "04000102",
        "0400010C",
        "04000201",
        "04000302",
        "04000401",
        "04000402",
        "04000501",
        "040005FF",
        "04000701",
        "04000B01",
        "04000C01",
        "04000D01",
        "04010000",
        "04010001",
        "04020001",
        "04030001",
        "05000001",
        "05000101",
        "0500FF01",
        "05040001",
        "0504FF01",
        "05060001",
        "05060101",
        "0506FF01",
        "06000000",
        "06010001",
        "06060000",
        "1D000001",
        "1E000001",
        "FFFFFFFF",
    ]
)


def frame645(address: bytes, control: int, data: bytes = b"", wake: int = 4) -> bytes:
    """Wake-up bytes and one frame; `data` before +33H, the address low byte first."""
    body = b"\x68" + address + b"\x68" + bytes([control, len(data)])
    body += bytes((byte + 0x33) & 0xFF for byte in data)
    return b"\xfe" * wake + body + bytes([sum(body) & 0xFF, 0x16])


def dlt645(chance: random.Random) -> bytes:
    """A request of any function, mostly reads of this meter."""
    address = METER if chance.random() < 0.85 else chance.choice(_WILD)
    control, data = _order(chance)
    if control in (0x08, 0x13):
        address = _WILD[2] if control == 0x08 else _WILD[0]
    return frame645(address, control, data, chance.randrange(6))


def _order(chance: random.Random) -> tuple[int, bytes]:
    """Control and data."""
    item = chance.choice(_ITEMS)
    what = chance.random()
    if what < 0.62:
        more = b""
        if item[3] == 0x06:
            more = bytes([chance.randrange(1, 10)]) + chance.choice((b"", b"\x00\x10\x16\x08\x26"))
        return 0x11, item + more
    if what < 0.70:
        return 0x12, item + bytes([chance.randrange(1, 4)])
    if what < 0.73:
        return 0x13, b""
    if what < 0.78:
        return 0x14, item + _PASSWORD + _OPERATOR + chance.randbytes(chance.randrange(1, 9))
    if what < 0.81:
        # the time, near the board's own
        return 0x08, bytes([_bcd(chance.randrange(60)), _bcd(chance.randrange(8)), 3, 1, 1, 0x26])
    if what < 0.85:
        return 0x16, chance.choice((b"\x99\x99\x99\x99", bytes([_bcd(chance.randrange(60))] * 4)))
    if what < 0.87:
        return 0x17, bytes([chance.choice((0x08, 0x10, 0x20, 0x20, 0x20, 0x55))])
    if what < 0.96:
        control = chance.choice((0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D))
        return control, _PASSWORD + _OPERATOR + chance.randbytes(chance.randrange(0, 9))
    return chance.randrange(256), chance.randbytes(chance.randrange(12))


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def frame_modbus(unit: int, function: int, data: bytes) -> bytes:
    """Unit, function, data and CRC, low byte first."""
    body = bytes([unit, function]) + data
    crc = 0xFFFF
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return body + crc.to_bytes(2, "little")


def modbus(chance: random.Random) -> bytes:
    """A request of any function, mostly reads of this unit."""
    unit = UNIT if chance.random() < 0.85 else chance.choice((0, 2, 200))
    what = chance.random()
    if what < 0.6:
        function = chance.choice((2, 3, 4, 4, 4))
        words = (chance.randrange(9), chance.randrange(1, 18))
    elif what < 0.75:
        function = 6
        words = (chance.randrange(3, 9), chance.choice((0, 300, 650, 850, 1200, 65535)))
    elif what < 0.82:
        function = 5
        words = (chance.randrange(3), chance.choice((0, 0xFF00, 1)))
    elif what < 0.90:
        values = [chance.choice((300, 650, 850, 950)) for _ in range(chance.randrange(1, 4))]
        head = bytes([0, chance.randrange(3, 6), 0, len(values), 2 * len(values)])
        packed = b"".join(value.to_bytes(2, "big") for value in values)
        return frame_modbus(unit, 16, head + packed)
    elif what < 0.905:
        # speed and parity: what is asked at the old ones meets silence until the next power cut
        function = 6
        words = chance.choice(((1, 96), (1, 192), (1, 384), (2, 0), (2, 2), (0, 1), (0, 7)))
    else:
        return frame_modbus(unit, chance.randrange(256), chance.randbytes(chance.randrange(9)))
    return frame_modbus(unit, function, b"".join(word.to_bytes(2, "big") for word in words))


def sdm630(chance: random.Random) -> bytes:
    """A request to the Modbus meter: values, and what it must refuse."""
    unit = UNIT if chance.random() < 0.9 else chance.choice((0, 2, 200))
    what = chance.random()
    if what < 0.75:
        function = chance.choice((3, 4, 4, 4))
        start = chance.choice((0, 0, 2, 6, 12, 18, 28, 46, 52, 70, 72, 74, 76, 342, 344))
        words = (start, chance.choice((2, 2, 4, 6, 20, 30, 76, 80)))
    elif what < 0.9:
        function = chance.choice((3, 4))
        words = (chance.randrange(350), chance.randrange(90))
    else:
        return frame_modbus(unit, chance.randrange(256), chance.randbytes(chance.randrange(9)))
    return frame_modbus(unit, function, b"".join(word.to_bytes(2, "big") for word in words))
