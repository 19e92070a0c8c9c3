"""Requests of every function of DL/T 645-2007 §7, as bytes for the line.

Building is not sending: what writes, clears or switches needs its authorisation elsewhere.
Addresses and passwords are texts as printed, most significant digit first; times are
(YY, MM, DD, hh, mm, ss) or its first five numbers. ValueError for what does not fit its field.
"""

from collections.abc import Sequence

from cext.framing import build645
from protocol.dlt645.axis import rows
from protocol.dlt645.frame import (
    ANY_METER,
    BROADCAST,
    CLEAR_DEMAND,
    CLEAR_EVENTS,
    CLEAR_METER,
    FREEZE,
    PASSWORD,
    READ,
    READ_ADDRESS,
    READ_ON,
    RELAY,
    SECURITY,
    SPEED,
    TERMINAL,
    TIME,
    WRITE,
    WRITE_ADDRESS,
    address_number,
    identifier_bytes,
)

EVERY = 0x99
"""In place of a number of a freeze: every one."""


def read(address: str, identifier: int, extra: bytes = b"", wake: int = 4) -> bytes:
    """Read an item (11); `extra` stands behind the identifier (see load_extra)."""
    return _build(address, READ, identifier_bytes(identifier) + extra, wake)


def read_on(address: str, identifier: int, sequence: int, wake: int = 4) -> bytes:
    """Read the part with that number (12), 1..255."""
    if not 1 <= sequence <= 255:
        raise ValueError("sequence must be 1..255")
    return _build(address, READ_ON, identifier_bytes(identifier) + bytes([sequence]), wake)


def load_extra(count: int, since: Sequence[int] | None = None) -> bytes:
    """What a read of load records asks besides: how many blocks (1..255), from when.

    `since` is (YY, MM, DD, hh, mm), for an identifier that ends in 01 only.
    """
    if not 1 <= count <= 255:
        raise ValueError("count must be 1..255")
    return bytes([count]) + (_time(since, 5) if since is not None else b"")


def read_address(wake: int = 4) -> bytes:
    """Ask the one meter on the line for its address (13)."""
    return build645(ANY_METER, READ_ADDRESS, b"", wake)


def broadcast_time(time: Sequence[int], wake: int = 4) -> bytes:
    """Tell all meters the time (08); none answers."""
    return build645(BROADCAST, TIME, _time(time, 6), wake)


def freeze(address: str, period: Sequence[int], wake: int = 4) -> bytes:
    """Freeze (16) at (MM, DD, hh, mm), EVERY from the left; address 999999999999 = all, no answer.

    (EVERY,) * 4 freezes at once.
    """
    if len(period) != 4:
        raise ValueError("a freeze has MM DD hh mm")
    data = bytes(number if number == EVERY else _bcd(number) for number in reversed(period))
    return _build(address, FREEZE, data, wake)


def write(
    address: str, identifier: int, data: bytes, password: str, operator: str, wake: int = 4
) -> bytes:
    """Write an item (14); `password` is level and password ("02123456"), `operator` 8 digits."""
    head = identifier_bytes(identifier) + _right(password) + _digits(operator, 4)
    return _build(address, WRITE, head + data, wake)


def write_address(new: str, wake: int = 4) -> bytes:
    """Give the one meter on the line an address (15); it needs its programming key pressed."""
    return build645(ANY_METER, WRITE_ADDRESS, _digits(new, 6), wake)


def change_speed(address: str, speed: int, wake: int = 4) -> bytes:
    """Change the communication speed (17): 600, 1200, 2400, 4800, 9600, 19200 bit/s."""
    masks = {int(row["en"]): int(row["code"], 16) for row in rows("codes.csv")
             if row["list"] == "speed"}  # fmt: skip
    if speed not in masks:
        raise ValueError(f"no such speed: {speed}")
    return _build(address, SPEED, bytes([masks[speed]]), wake)


def change_password(address: str, identifier: int, old: str, new: str, wake: int = 4) -> bytes:
    """Change a password (18); `identifier` 04000C01..0A, both with level in front."""
    return _build(address, PASSWORD, identifier_bytes(identifier) + _right(old) + _right(new), wake)


def clear_demand(address: str, password: str, operator: str, wake: int = 4) -> bytes:
    """Clear the maximum demand (19)."""
    return _build(address, CLEAR_DEMAND, _right(password) + _digits(operator, 4), wake)


def clear_meter(address: str, password: str, operator: str, wake: int = 4) -> bytes:
    """Clear the meter (1A)."""
    return _build(address, CLEAR_METER, _right(password) + _digits(operator, 4), wake)


def clear_events(
    address: str, identifier: int, password: str, operator: str, wake: int = 4
) -> bytes:
    """Clear events (1B); FFFFFFFF = all of them."""
    data = _right(password) + _digits(operator, 4) + identifier_bytes(identifier)
    return _build(address, CLEAR_EVENTS, data, wake)


def relay(
    address: str, command: int, until: Sequence[int], password: str, operator: str, wake: int = 4
) -> bytes:
    """Relay, alarm, keep power (1C): `command` is N1, e.g. 1A open, 1B close allowed.

    `until` is (YY, MM, DD, hh, mm, ss); a meter refuses a time that has passed.
    """
    data = _right(password) + _digits(operator, 4) + bytes([command, 0]) + _time(until, 6)
    return _build(address, RELAY, data, wake)


def terminal(address: str, output: int, wake: int = 4) -> bytes:
    """What the multi-function terminal gives (1D): 0 second pulse, 1 demand period, 2 tariffs."""
    return _build(address, TERMINAL, bytes([output]), wake)


def security(address: str, identifier: int, operator: str, data: bytes, wake: int = 4) -> bytes:
    """Security authentication (03), an extension."""
    head = identifier_bytes(identifier) + _digits(operator, 4)
    return _build(address, SECURITY, head + data, wake)


def _build(address: str, control: int, data: bytes, wake: int) -> bytes:
    return build645(address_number(address), control, data, wake)


def _bcd(number: int) -> int:
    if not 0 <= number <= 99:
        raise ValueError(f"not two digits: {number}")
    return number // 10 * 16 + number % 10


def _time(numbers: Sequence[int], size: int) -> bytes:
    if len(numbers) != size:
        raise ValueError(f"a time has {size} numbers here")
    return bytes(_bcd(number) for number in reversed(numbers))


def _digits(text: str, size: int) -> bytes:
    """Digits low byte first; ASCII digits only."""
    if len(text) != 2 * size or not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{2 * size} digits are needed")
    return bytes.fromhex(text)[::-1]


def _right(text: str) -> bytes:
    """Level and password "02123456" as PA P0 P1 P2."""
    if len(text) != 8:
        raise ValueError("a password has its level and six digits: 02123456")
    return _digits(text[:2], 1) + _digits(text[2:], 3)
