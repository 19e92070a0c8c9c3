"""What only a programmer may have done: clock, address, password, port, a freeze.

A programmer is a client in a connection by password (access.py, connect.py); to everybody else all
of it is DAR 3. DL/T 698.45-2017 annex A, sheet §5; the password's object 4401 is an extension [E],
the port's method and its argument rest on one source [?].
"""

from meter698 import axdr as a

DENIED = 3
UNDEFINED = 4
MISMATCH = 7
OUT_OF_RANGE = 8
BAUD = 16

CLOCK = 0x4000
ADDRESS = 0x4001
PASSWORD = 0x4401
PORT = 0xF201
PROGRAMMED = 0x3012
CLOCK_SET = 0x3016
# OI << 16 | method << 8 | mode: time, freeze once, port
SET_TIME = 0x40007F00
FREEZE = 0x50000300
SET_PORT = 0xF2017F00

DIGITS = 6
# a character's 11 bits, in microseconds at 1 bit/s
CHARACTER = 11000000
# speed codes of COMDCB, bit/s; then even parity, 8 data bits, 1 stop bit, no flow control
SPEEDS = (
    (2, 1200), (3, 2400), (4, 4800), (6, 9600), (7, 19200), (8, 38400), (9, 57600), (10, 115200),
)  # fmt: skip
UNKNOWN_SPEED = 255
REST = b"\x02\x08\x01\x00"
# the port's name and its function: asked from above
NAME = b"RS485"
UPWARD = 0
FIRST_PORT = 0xF2010201
# structure of three: OAD, COMDCB, enum
ARGUMENT = 2 + 5 + 6 + 2


def settable(oi: int) -> bool:
    """Whether attribute 2 of the object is a programmer's to set."""
    return oi in (CLOCK, ADDRESS, PASSWORD)


def set_value(oi: int, data, value: int, end: int, meter) -> int:
    """SET of attribute 2 to the Data data[value:end]; 0 or a DAR."""
    if not meter.link.trusted():
        return DENIED
    if oi == CLOCK:
        return _set_clock(data, value, meter)
    if data[value] != (a.OCTETS if oi == ADDRESS else a.VISIBLE):
        return MISMATCH
    first = value + 1 + a.length_size(data, value + 1)
    if oi == PASSWORD:
        done = meter.access.change(data, first, end)
    else:
        done = _set_address(data, first, end, meter)
    return _programmed(meter) if done else OUT_OF_RANGE


def act(data, start: int, value: int, end: int, meter) -> int:
    """ACTION of the OMD data[start:start + 4] with the Data data[value:end]; 0 or a DAR."""
    if not meter.has(a.get_u16(data, start, end)):
        return UNDEFINED
    if not meter.link.trusted():
        return DENIED
    method = a.get_u32(data, start, end)
    if method == SET_TIME:
        return _set_clock(data, value, meter)
    if method == SET_PORT:
        return _set_port(data, value, end, meter)
    if method == FREEZE:
        meter.freezes.freeze_now(meter.time(), meter.shift)
        return 0
    return DENIED


def put_port(body, at: int, index: int, meter) -> int:
    """Attribute 2 of the ports: this meter has one; name, COMDCB, function."""
    if not index:
        at = a.put_array(body, at, 1)
    at = a.put_structure(body, at, 3)
    at = a.put_tag_octets(body, at, NAME, a.VISIBLE)
    at = a.put_u8(body, a.put_u8(body, at, a.COMDCB), _speed_code(meter))
    at = a.put_copy(body, at, REST, 0, len(REST))
    return a.put_tag_enum(body, at, UPWARD)


def _set_clock(data, value: int, meter) -> int:
    if data[value] != a.DATE_TIME_S:
        return MISMATCH
    before = meter.time()
    told = a.get_date_time_s(data, value + 1, value + 8)
    if told < 0:
        return OUT_OF_RANGE
    meter.clock.set(told)
    meter.events.note(CLOCK_SET, before, told)
    return 0


def _set_address(data, first: int, end: int, meter) -> bool:
    """A number of decimal digits, the highest first; taken behind the answer."""
    if end - first != DIGITS:
        return False
    for i in range(first, end):
        if data[i] >> 4 > 9 or data[i] & 15 > 9:
            return False
    number = bytearray(DIGITS)
    for i in range(DIGITS):
        number[DIGITS - 1 - i] = data[first + i]
    meter.new_number = number
    return True


def _set_port(data, value: int, end: int, meter) -> int:
    """The line's speed; taken behind the answer, which still goes out at the old one."""
    if (
        end - value != ARGUMENT
        or a.get_u16(data, value, end) != a.STRUCTURE << 8 | 3
        or data[value + 2] != a.OAD
        or data[value + 7] != a.COMDCB
        or data[value + 13] != a.ENUM
    ):
        return MISMATCH
    if a.get_u32(data, value + 3, end) != FIRST_PORT or data[value + 14] != UPWARD:
        return OUT_OF_RANGE
    for i in range(len(REST)):
        if data[value + 9 + i] != REST[i]:
            return OUT_OF_RANGE
    for code, speed in SPEEDS:
        if code == data[value + 8]:
            meter.new_speed = speed
            return _programmed(meter)
    return BAUD


def _speed_code(meter) -> int:
    for code, speed in SPEEDS:
        if meter.new_speed == speed or not meter.new_speed and CHARACTER // speed == meter.char_us:
            return code
    return UNKNOWN_SPEED


def _programmed(meter) -> int:
    now = meter.time()
    meter.events.note(PROGRAMMED, now, now)
    return 0
