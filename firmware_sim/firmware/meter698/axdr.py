"""A-XDR of DL/T 698.45 in fixed buffers: writers that give the place behind, readers with bounds.

A writer puts a value at buf[at] and returns the place behind it; `put_tag_*` puts the type's tag
before it. A reader looks at buf[at:end]; a negative result means that what stands there is cut off
or malformed. Integers are big-endian. Times are seconds since 2000-01-01 00:00.
"""

from lib import calendar

NULL = 0x00
ARRAY = 0x01
STRUCTURE = 0x02
BOOL = 0x03
BITS = 0x04
S32 = 0x05
U32 = 0x06
OCTETS = 0x09
VISIBLE = 0x0A
UTF8 = 0x0C
S8 = 0x0F
S16 = 0x10
U8 = 0x11
U16 = 0x12
S64 = 0x14
U64 = 0x15
ENUM = 0x16
DATE_TIME_S = 0x1C
OAD = 0x51
TI = 0x54
SCALER_UNIT = 0x59
RSD = 0x5A
CSD = 0x5B
MS = 0x5C
COMDCB = 0x5F
RCSD = 0x60

MALFORMED = -1
UNSET = -2
"""An instant whose fields are all FF: well formed, names no time."""
DEEPEST = 8

# bytes behind the tag of every type of one length; the others are looked at in skip()
FIXED = (
    (NULL, 0), (BOOL, 1), (S32, 4), (U32, 4), (S8, 1), (S16, 2), (U8, 1), (U16, 2), (S64, 8),
    (U64, 8), (ENUM, 1), (0x17, 4), (0x18, 8), (0x19, 10), (0x1A, 5), (0x1B, 3), (DATE_TIME_S, 7),
    (0x50, 2), (OAD, 4), (0x53, 4), (TI, 3), (SCALER_UNIT, 2), (COMDCB, 5),
)  # fmt: skip


def put_u8(buf, at: int, value: int) -> int:
    """One byte."""
    buf[at] = value & 0xFF
    return at + 1


def put_u16(buf, at: int, value: int) -> int:
    """Two bytes; a negative value as two's complement, so this is put_s16 too."""
    buf[at] = value >> 8 & 0xFF
    buf[at + 1] = value & 0xFF
    return at + 2


def put_u32(buf, at: int, value: int) -> int:
    """Four bytes; put_s32 too."""
    return put_u16(buf, put_u16(buf, at, value >> 16), value)


def put_u64(buf, at: int, value: int) -> int:
    """Eight bytes; put_s64 too."""
    return put_u32(buf, put_u32(buf, at, value >> 32), value)


put_s8 = put_u8
put_s16 = put_u16
put_s32 = put_u32
put_s64 = put_u64


def put_oad(buf, at: int, oi: int, attribute: int, index: int) -> int:
    """OI, attribute, index."""
    return put_u8(buf, put_u8(buf, put_u16(buf, at, oi), attribute), index)


def put_copy(buf, at: int, source, start: int, end: int) -> int:
    """source[start:end]."""
    for i in range(start, end):
        buf[at] = source[i]
        at += 1
    return at


def put_length(buf, at: int, n: int) -> int:
    """A length or count, 0..65535: below 80H one byte, else 81 or 82 and so many bytes."""
    if n < 0x80:
        return put_u8(buf, at, n)
    if n < 0x100:
        return put_u8(buf, put_u8(buf, at, 0x81), n)
    return put_u16(buf, put_u8(buf, at, 0x82), n)


def put_null(buf, at: int) -> int:
    """No value."""
    return put_u8(buf, at, NULL)


def put_array(buf, at: int, n: int) -> int:
    """The head of an array of n elements."""
    return put_length(buf, put_u8(buf, at, ARRAY), n)


def put_structure(buf, at: int, n: int) -> int:
    """The head of a structure of n elements."""
    return put_length(buf, put_u8(buf, at, STRUCTURE), n)


def put_tag_u8(buf, at: int, value: int) -> int:
    """unsigned."""
    return put_u8(buf, put_u8(buf, at, U8), value)


def put_tag_enum(buf, at: int, value: int) -> int:
    """enum."""
    return put_u8(buf, put_u8(buf, at, ENUM), value)


def put_tag_u16(buf, at: int, value: int) -> int:
    """long-unsigned."""
    return put_u16(buf, put_u8(buf, at, U16), value)


def put_tag_u32(buf, at: int, value: int) -> int:
    """double-long-unsigned."""
    return put_u32(buf, put_u8(buf, at, U32), value)


def put_tag_s32(buf, at: int, value: int) -> int:
    """double-long."""
    return put_u32(buf, put_u8(buf, at, S32), value)


def put_tag_oad(buf, at: int, oi: int, attribute: int, index: int) -> int:
    """OAD."""
    return put_oad(buf, put_u8(buf, at, OAD), oi, attribute, index)


def put_tag_date_time_s(buf, at: int, seconds: int) -> int:
    """date_time_s."""
    return date_time_s(buf, put_u8(buf, at, DATE_TIME_S), seconds)


def put_tag_bits(buf, at: int, value: int, bits: int) -> int:
    """bit-string of a multiple of 8 bits; the value's top bit goes first."""
    at = put_length(buf, put_u8(buf, at, BITS), bits)
    for shift in range(bits - 8, -1, -8):
        at = put_u8(buf, at, value >> shift)
    return at


def put_tag_octets(buf, at: int, source, tag: int = OCTETS) -> int:
    """octet-string; with another tag visible-string or UTF8."""
    at = put_length(buf, put_u8(buf, at, tag), len(source))
    return put_copy(buf, at, source, 0, len(source))


def date_time_s(buf, at: int, seconds: int) -> int:
    """Year (2 bytes), month, day, hour, minute, second; all FF for a negative time."""
    if seconds < 0:
        for i in range(7):
            buf[at + i] = 0xFF
        return at + 7
    year, month, day, _, hour, minute, second = calendar.date(seconds)
    at = put_u16(buf, at, 2000 + year)
    buf[at] = month
    buf[at + 1] = day
    buf[at + 2] = hour
    buf[at + 3] = minute
    buf[at + 4] = second
    return at + 5


def get_u8(buf, at: int, end: int) -> int:
    """One byte or MALFORMED."""
    return buf[at] if 0 <= at < end else MALFORMED


def get_u16(buf, at: int, end: int) -> int:
    """Two bytes, unsigned, or MALFORMED."""
    return buf[at] << 8 | buf[at + 1] if 0 <= at and at + 2 <= end else MALFORMED


def get_u32(buf, at: int, end: int) -> int:
    """Four bytes, unsigned, or MALFORMED."""
    if at < 0 or at + 4 > end:
        return MALFORMED
    return (buf[at] << 8 | buf[at + 1]) << 16 | buf[at + 2] << 8 | buf[at + 3]


def get_length(buf, at: int, end: int) -> int:
    """A length or count, 0..65535, or MALFORMED; it stands in length_size() bytes."""
    first = get_u8(buf, at, end)
    if first < 0x80:
        return first
    if first == 0x81:
        return get_u8(buf, at + 1, end)
    return get_u16(buf, at + 1, end) if first == 0x82 else MALFORMED


def length_size(buf, at: int) -> int:
    """How many bytes the length at buf[at] takes that get_length() has read."""
    return 1 + (buf[at] & 0x7F) if buf[at] & 0x80 else 1


def get_date_time_s(buf, at: int, end: int) -> int:
    """Seconds since 2000; UNSET when all fields are FF, MALFORMED when there is no such instant."""
    year = get_u16(buf, at, end)
    if year < 0 or at + 7 > end:
        return MALFORMED
    month = buf[at + 2]
    day = buf[at + 3]
    hour = buf[at + 4]
    minute = buf[at + 5]
    second = buf[at + 6]
    if year == 0xFFFF and month & day & hour & minute & second == 0xFF:
        return UNSET
    if not calendar.valid(year - 2000, month, day, hour, minute, second):
        return MALFORMED
    return calendar.seconds(year - 2000, month, day, hour, minute, second)


def skip(buf, at: int, end: int, deep: int = 0) -> int:
    """The place behind the Data (tag and value) at buf[at], or MALFORMED.

    Descriptors of more than one length (TSA, RSD, MS, …) are MALFORMED as data: nothing that is
    set here holds one.
    """
    tag = get_u8(buf, at, end)
    if tag < 0 or deep > DEEPEST:
        return MALFORMED
    at += 1
    for one, size in FIXED:
        if one == tag:
            return at + size if at + size <= end else MALFORMED
    if tag not in (ARRAY, STRUCTURE, BITS, OCTETS, VISIBLE, UTF8):
        return MALFORMED
    n = get_length(buf, at, end)
    if n < 0:
        return MALFORMED
    at += length_size(buf, at)
    if tag == BITS:
        n = (n + 7) // 8
    elif tag in (ARRAY, STRUCTURE):
        for _ in range(n):
            at = skip(buf, at, end, deep + 1)
            if at < 0:
                return MALFORMED
        return at
    return at + n if at + n <= end else MALFORMED
