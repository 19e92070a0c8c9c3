"""A tiny Modbus RTU master of the tests' own: requests out, answers taken apart, nothing shared."""


def crc(data: bytes) -> bytes:
    """The CRC of these bytes, low byte first, by the polynomial's definition."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def frame(unit: int, function: int, data: bytes) -> bytes:
    """Unit, function, data, CRC."""
    body = bytes([unit, function]) + data
    return body + crc(body)


def read(start: int = 0, count: int = 17, unit: int = 1, function: int = 4) -> bytes:
    """A read of `count` registers or inputs from `start` on."""
    return frame(unit, function, start.to_bytes(2, "big") + count.to_bytes(2, "big"))


def write(register: int, value: int, unit: int = 1, function: int = 6) -> bytes:
    """A write of one register (6) or coil (5)."""
    return frame(unit, function, register.to_bytes(2, "big") + value.to_bytes(2, "big"))


def write_many(start: int, *values: int, unit: int = 1) -> bytes:
    """A write of several registers (10H)."""
    words = b"".join(value.to_bytes(2, "big") for value in values)
    head = start.to_bytes(2, "big") + len(values).to_bytes(2, "big") + bytes([len(words)])
    return frame(unit, 0x10, head + words)


def answer(burst: bytes, unit: int = 1) -> tuple[int, bytes]:
    """Function and data of an answer; AssertionError if it is not a right frame of this unit."""
    assert crc(burst[:-2]) == burst[-2:], burst.hex(" ")
    assert burst[0] == unit, burst.hex(" ")
    return burst[1], burst[2:-2]


def words(burst: bytes, unit: int = 1) -> list[int]:
    """The registers of an answer to a read."""
    function, data = answer(burst, unit)
    assert function in (3, 4), burst.hex(" ")
    assert data[0] == len(data) - 1
    return [int.from_bytes(data[i : i + 2], "big") for i in range(1, len(data), 2)]
