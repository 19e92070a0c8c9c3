"""What is set in the meter: class 8 and its like, by OI, as rows of a table.

Each row: OI, tag, bytes it may have, as it leaves the factory, whether it may be set without
authorisation. Sources: DL/T 698.45-2017 annex A. Everybody may set the customer number, the asset
code and the period of the curve; orders.py has what a programmer may set; all else takes a security
chip.
"""

from meter698 import axdr as a
from meter698 import orders, tables

VALUE = 2
DENIED = 3
UNDEFINED = 4
NO_OBJECT = 6
MISMATCH = 7
OUT_OF_RANGE = 8

CLOCK = orders.CLOCK
ADDRESS = orders.ADDRESS
PASSWORD = orders.PASSWORD
PORT = orders.PORT
NUMBER = 0x4002
COUNTS = 0x400C
VERSION = 0x4300
CURVE = 0x5002
PROGRAMMED = 0x3012

OPEN = True
SHUT = False
ROWS = (
    (0x4003, a.OCTETS, 6, b"\x00\x00\x00\x00\x00\x00", OPEN),
    (0x4100, a.U8, 1, b"\x0f", SHUT),
    (0x4101, a.U8, 1, b"\x01", SHUT),
    (0x4103, a.VISIBLE, 32, b"BOXGATE-SIM", OPEN),
    (0x4104, a.VISIBLE, 6, b"220V", SHUT),
    (0x4105, a.VISIBLE, 6, b"5A", SHUT),
    (0x4106, a.VISIBLE, 6, b"60A", SHUT),
    (0x4107, a.VISIBLE, 4, b"1.0", SHUT),
    (0x4108, a.VISIBLE, 4, b"2.0", SHUT),
    (0x4109, a.U32, 4, b"\x00\x00\x06\x40", SHUT),
    (0x410A, a.U32, 4, b"\x00\x00\x06\x40", SHUT),
    (0x4112, a.BITS, 1, b"\x05", SHUT),
    (0x4113, a.BITS, 1, b"\x05", SHUT),
    (0x4114, a.BITS, 1, b"\x50", SHUT),
    # security mode: off, so reading needs no connection
    (0xF101, a.ENUM, 1, b"\x00", SHUT),
)
# zones of the year, day tables, segments of a day, tariffs, holidays
ZONES = (2, 2, 4, 4, 2)
# manufacturer, software, its date, hardware, its date, extension (7.3.19)
MAKE = (b"BXGT", b"0001", b"261101", b"0001", b"261101", b"        ")
# the combination words: active, reactive 1, 2
COMBINATIONS = (b"\x05", b"\x05", b"\x50")


class Settings:
    """The settings of one meter."""

    def __init__(self):
        self.values = [row[3] for row in ROWS]

    def combination(self, n: int) -> int:
        """The combination word of active (0), reactive 1 and 2."""
        return COMBINATIONS[n][0]

    def put(self, body, at: int, oi: int, attribute: int, index: int, meter) -> int:
        """An object's Data; the place behind it, or -DAR."""
        if tables.has(oi):
            return meter.tables.put(body, at, oi, attribute, index, meter)
        if oi == VERSION and attribute == 3 and not index:
            at = a.put_structure(body, at, len(MAKE))
            for text in MAKE:
                at = a.put_tag_octets(body, at, text, a.VISIBLE)
            return at
        if oi == CLOCK and attribute == 3 and not index:
            return a.put_tag_enum(body, at, 0)
        if not self.has(oi):
            return -UNDEFINED
        if oi == PORT and attribute == VALUE and index <= 1:
            return orders.put_port(body, at, index, meter)
        if attribute != VALUE or index or oi == VERSION:
            return -NO_OBJECT
        if oi == CLOCK:
            return a.put_tag_date_time_s(body, at, meter.time())
        if oi == PASSWORD:
            # passwords are written, never read
            return -DENIED
        if oi == ADDRESS or oi == NUMBER:
            number = meter.plate if oi == NUMBER else meter.new_number or meter.number
            at = a.put_u8(body, a.put_u8(body, at, a.OCTETS), 6)
            for i in range(5, -1, -1):
                at = a.put_u8(body, at, number[i])
            return at
        if oi == COUNTS:
            at = a.put_structure(body, at, len(ZONES))
            for count in ZONES:
                at = a.put_tag_u8(body, at, count)
            return at
        return self._put_row(body, at, oi)

    def set(self, data, start: int, end: int, value: int, meter) -> int:
        """SET of the OAD data[start:start + 4] to the Data data[value:end]; 0 or a DAR."""
        oi = a.get_u16(data, start, end)
        attribute = data[start + 2]
        if tables.has(oi):
            return meter.tables.set(data, oi, attribute, data[start + 3], value, end, meter)
        if oi == CURVE and attribute == 3 and not data[start + 3]:
            dar = meter.freezes.set_curve(data, value, end, meter.time())
        elif orders.settable(oi) and attribute == VALUE and not data[start + 3]:
            # recorded there
            return orders.set_value(oi, data, value, end, meter)
        else:
            dar = self._set_row(data, oi, attribute, data[start + 3], value, end)
            # what is there and no row of this table is nobody's to set
            if dar == UNDEFINED and meter.has(oi):
                dar = DENIED
        if not dar:
            now = meter.time()
            meter.events.note(PROGRAMMED, now, now)
        return dar

    def has(self, oi: int) -> bool:
        """Whether there is such an object."""
        if tables.has(oi):
            return True
        if oi in (CLOCK, ADDRESS, NUMBER, COUNTS, VERSION, PASSWORD, PORT):
            return True
        for row in ROWS:
            if row[0] == oi:
                return True
        return False

    def _put_row(self, body, at: int, oi: int) -> int:
        for i in range(len(ROWS)):
            tag = ROWS[i][1]
            value = self.values[i]
            if ROWS[i][0] != oi:
                continue
            if tag == a.OCTETS or tag == a.VISIBLE:
                return a.put_tag_octets(body, at, value, tag)
            at = a.put_u8(body, at, tag)
            if tag == a.BITS:
                at = a.put_u8(body, at, 8)
            return a.put_copy(body, at, value, 0, len(value))
        return -UNDEFINED

    def _set_row(self, data, oi: int, attribute: int, index: int, value: int, end: int) -> int:
        for i in range(len(ROWS)):
            row = ROWS[i]
            if row[0] != oi:
                continue
            if attribute != VALUE or index:
                return NO_OBJECT
            if not row[4]:
                return DENIED
            if data[value] != row[1]:
                return MISMATCH
            first = value + 1 + a.length_size(data, value + 1)
            if end - first > row[2]:
                return OUT_OF_RANGE
            self.values[i] = bytes(data[first:end])
            return 0
        return UNDEFINED
