"""CONNECT and RELEASE: what client and meter agree on (DL/T 698.45-2017 7.4.2, sheet §2).

Reading needs no connection. A public one (mechanism 00) settles the length of frames that go out,
until it is released or nothing has been asked for as long as was agreed (0 = for ever [?]). One by
password (01) lets the client that has it do besides what only a programmer may (orders.py). There
is no security chip, so every other mechanism is refused by its own result. Whatever comes of it, a
CONNECT ends what a password before it has opened.
"""

from meter698 import axdr as a
from meter698 import link
from meter698.receiver import LONGEST
from meter698.settings import MAKE

PROTOCOL = 8
FUNCTIONS = 16
# of a request before its mechanism: version, conformance, send, receive, window, APDU, timeout
OFFER = 2 + PROTOCOL + FUNCTIONS + 2 + 2 + 1 + 2 + 4
VERSION = 0x0010
# GET of all kinds, SET, ACTION; bits as PyPI dlt698 and captured answers have them [?]
SERVICES = b"\xff\xff\xff\xff\x00\x00\x00\x00"
ALLOWED = 0
VERSION_MISMATCH = 5
# mechanism -> result of who is not let in: password, symmetric, signature
REFUSED = (ALLOWED, 1, 2, 4)
PASSWORD = 1
# mechanism -> octet-strings it carries: none; password; cipher and signature
STRINGS = (0, 1, 2, 2)
MALFORMED = -1


def connect(body, at: int, data, start: int, end: int, meter) -> int:
    """What stands behind tag and PIID of the response to the offer data[start:end]; MALFORMED."""
    behind = offer_end(data, start, end)
    if behind < 0:
        return MALFORMED
    version = a.get_u16(data, start, end)
    mechanism = data[start + OFFER]
    result = REFUSED[mechanism]
    if version > VERSION:
        result = VERSION_MISMATCH
    elif mechanism == PASSWORD and _opens(data, start + OFFER + 1, behind, meter):
        result = ALLOWED
    place = start + 2 + PROTOCOL + FUNCTIONS
    receive = a.get_u16(data, place + 2, end)
    timeout = start + OFFER - 4
    meter.link.distrust()
    if result == ALLOWED:
        most = min(max(receive, link.SHORTEST), link.LONGEST)
        meter.link.agree(most, a.get_u32(data, timeout, end), mechanism == PASSWORD)
    for text in MAKE:
        at = a.put_copy(body, at, text, 0, len(text))
    at = a.put_u16(body, at, VERSION)
    at = a.put_copy(body, at, SERVICES, 0, PROTOCOL)
    # functions are agreed to as offered
    place = start + 2 + PROTOCOL
    at = a.put_copy(body, at, data, place, place + FUNCTIONS)
    at = a.put_u16(body, at, meter.link.most)
    at = a.put_u16(body, at, LONGEST)
    at = a.put_u8(body, at, 1)
    at = a.put_u16(body, at, link.REQUEST)
    at = a.put_copy(body, at, data, timeout, timeout + 4)
    # no security data
    return a.put_u8(body, a.put_u8(body, at, result), 0)


def _opens(data, start: int, end: int, meter) -> bool:
    """Whether the visible-string data[start:end], its length first, is the password."""
    access = meter.access
    before = (access.wrong, access.day)
    opened = access.opens(data, start + a.length_size(data, start), end, meter.time())
    if before != (access.wrong, access.day):
        meter.told()
    return opened


def offer_end(data, start: int, end: int) -> int:
    """The place behind version to mechanism and what it carries, or MALFORMED."""
    at = start + OFFER
    mechanism = a.get_u8(data, at, end)
    if not 0 <= mechanism < len(STRINGS):
        return MALFORMED
    at += 1
    for _ in range(STRINGS[mechanism]):
        n = a.get_length(data, at, end)
        if n < 0:
            return MALFORMED
        at += a.length_size(data, at) + n
    return at if at <= end else MALFORMED
