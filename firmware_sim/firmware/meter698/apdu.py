"""The services: from a request's APDU to the answer's (DL/T 698.45-2017 7.2, sheet §2).

The answer is put into a buffer of fixed size: what of a list does not fit is refused by DAR 2; a
long record of freezes goes block by block. A request that is cut off or has bytes left over is
answered with ERROR 1, a service this meter has not with ERROR 2; what answers nothing (a client's
answer to a report or a login) meets silence.
"""

from meter698 import axdr as a
from meter698 import objects, orders, records
from meter698.connect import connect, offer_end

SILENCE = 0
MALFORMED = -1

CONNECT = 0x02
RELEASE = 0x03
GET = 0x05
SET = 0x06
ACTION = 0x07
ORDERS = (SET, ACTION)
REPORT_ANSWER = 0x08
SECURITY = 0x10
LINK_ANSWER = 0x81
ANSWER = 0x80
ERROR = 0xEE
# what an ERROR says [?]
UNREADABLE = 1
UNKNOWN = 2

NORMAL = 1
LIST = 2
RECORD = 3
RECORDS = 4
NEXT = 5
THEN_GET = 3

TEMPORARY = 2
ESAM = 22

PIID = 0xBF
TAG_TIME = 10
# what an answer to one of a list takes when it is refused, and what stands behind the list
REFUSAL = 18
TAIL = 2
# of a block: last, number, choice 02, one record
BLOCK_HEAD = 5
RECORDS_FOLLOW = 2


class Services:
    """The services of one meter, answers put into `body`."""

    def __init__(self, meter, body):
        self._meter = meter
        self._body = body

    def answer(self, data, start: int, end: int) -> int:
        """The answer to the APDU data[start:end]: its length in the body, or SILENCE."""
        tag = a.get_u8(data, start, end)
        if tag in (MALFORMED, REPORT_ANSWER, LINK_ANSWER, ERROR, ERROR & 0x7F):
            return SILENCE
        body = self._body
        if tag == SECURITY:
            # there is no chip to prove anything: an answer without one
            body[0] = SECURITY | ANSWER
            return a.put_u8(body, a.put_u8(body, a.put_u8(body, 1, 2), ESAM), 0)
        place = start + 1 if tag in (CONNECT, RELEASE) else start + 2
        if place >= end:
            return self._error(0, UNREADABLE)
        piid = data[place] & PIID
        if tag not in (CONNECT, RELEASE, GET, SET, ACTION):
            return self._error(piid, UNKNOWN)
        body[0] = tag | ANSWER
        at = 1
        if place == start + 2:
            at = a.put_u8(body, at, data[start + 1])
        at = self._serve(tag, data[start + 1], a.put_u8(body, at, piid), data, place + 1, end)
        if at < 0:
            return self._error(piid, UNREADABLE)
        # no report follows, no time tag
        return a.put_u8(body, a.put_u8(body, at, 0), 0)

    def _error(self, piid: int, what: int) -> int:
        body = self._body
        at = a.put_u8(body, a.put_u8(body, a.put_u8(body, 0, ERROR), piid), what)
        return a.put_u8(body, a.put_u8(body, at, 0), 0)

    def _serve(self, tag: int, kind: int, at: int, data, start: int, end: int) -> int:
        """The request's body data[start:end]; the place behind the answer's, or MALFORMED."""
        if tag != GET or kind != NEXT:
            self._meter.cut.forget(self._meter.time())
        if tag == CONNECT:
            if not _ends(data, offer_end(data, start, end), end):
                return MALFORMED
            return connect(self._body, at, data, start, end, self._meter)
        if tag == RELEASE:
            if not _ends(data, start, end):
                return MALFORMED
            self._meter.link.release()
            return a.put_u8(self._body, at, 0)
        last = NEXT if tag == GET else THEN_GET
        if not NORMAL <= kind <= last:
            return MALFORMED
        if tag == GET and kind == NEXT:
            return self._next(at, data, start, end)
        self._meter.registers.now()
        count = 1
        if kind not in (NORMAL, RECORD) or tag != GET and kind == THEN_GET:
            count = a.get_length(data, start, end)
            if count < 0:
                return MALFORMED
            start += a.length_size(data, start)
        # before anything is done or answered, the whole request must be sound
        behind = start
        for _ in range(count):
            behind = _skip(data, behind, end, tag, kind)
            if behind < 0:
                return MALFORMED
        if not _ends(data, behind, end):
            return MALFORMED
        if kind not in (NORMAL, RECORD) or tag != GET and kind == THEN_GET:
            at = a.put_length(self._body, at, count)
        for left in range(count - 1, -1, -1):
            behind = _skip(data, start, end, tag, kind)
            # what the others need at least stays free
            at = self._one(tag, kind, at, data, start, behind, left * REFUSAL + TAIL)
            start = behind
        return at

    def _one(self, tag: int, kind: int, at: int, data, start: int, end: int, free: int) -> int:
        """One object of the request, data[start:end]."""
        body = self._body
        if tag == GET and kind <= LIST:
            return self._get(at, data, start, free)
        if tag == GET and kind == RECORD:
            return self._first(at, data, start, end)
        if tag == GET:
            return self._record(at, data, start, end, free)
        at = a.put_copy(body, at, data, start, start + 4)
        value = start + 4
        done = a.skip(data, value, end)
        if tag == SET:
            at = a.put_u8(body, at, self._meter.settings.set(data, start, done, value, self._meter))
        else:
            dar = orders.act(data, start, value, done, self._meter)
            at = a.put_u8(body, a.put_u8(body, at, dar), 0)
        return self._get(at, data, done, free) if kind == THEN_GET else at

    def _get(self, at: int, data, start: int, free: int) -> int:
        """OAD and Get-Result."""
        body = self._body
        at = a.put_copy(body, at, data, start, start + 4)
        dar = TEMPORARY
        if at + objects.ROOM + 2 + free <= len(body):
            oi = data[start] << 8 | data[start + 1]
            new = objects.put(body, at + 1, oi, data[start + 2], data[start + 3], self._meter)
            if new > 0:
                body[at] = 1
                return new
            dar = -new
        return a.put_u8(body, a.put_u8(body, at, 0), dar)

    def _first(self, at: int, data, start: int, end: int) -> int:
        """A record that goes alone: whole, or as the first of its blocks."""
        cut = self._meter.cut
        new = self._record(at, data, start, end, TAIL, cut)
        if not cut.more:
            return new
        cut.keep(data, start, end)
        body = self._body
        for i in range(new - 1, at - 1, -1):
            body[i + BLOCK_HEAD] = body[i]
        body[1] = NEXT
        self._block_head(at)
        return new + BLOCK_HEAD

    def _block_head(self, at: int) -> int:
        """Whether it is the last, which one, that one record follows."""
        cut = self._meter.cut
        at = a.put_u16(self._body, a.put_u8(self._body, at, 0 if cut.more else 1), cut.block)
        return a.put_u8(self._body, a.put_u8(self._body, at, RECORDS_FOLLOW), 1)

    def _record(self, at: int, data, start: int, end: int, free: int, cut=None) -> int:
        """One A-ResultRecord, or its refusal where there is no room for it."""
        body = self._body
        new = MALFORMED
        # rows leave room for one object behind them
        if at + end - start + 2 * objects.ROOM + free <= len(body):
            new = records.put(body, at, data, start, end, self._meter, cut)
            self._meter.registers.now()
        if new > 0 and new + free <= len(body):
            return new
        at = a.put_copy(body, at, data, start, start + 4)
        return a.put_u8(body, a.put_u8(body, a.put_u8(body, at, 0), 0), TEMPORARY)

    def _next(self, at: int, data, start: int, end: int) -> int:
        """The block behind the one the client has got."""
        block = a.get_u16(data, start, end)
        if block < 0 or not _ends(data, start + 2, end):
            return MALFORMED
        body = self._body
        cut = self._meter.cut
        dar = cut.begin(block)
        if not dar:
            new = self._record(at + BLOCK_HEAD, cut.request, 0, cut.size, TAIL, cut)
            self._block_head(at)
            return new
        at = a.put_u16(body, a.put_u8(body, at, 1), block)
        return a.put_u8(body, a.put_u8(body, at, 0), dar)


def _skip(data, at: int, end: int, tag: int, kind: int) -> int:
    """The place behind one object of a request, or MALFORMED."""
    if tag == GET and kind >= RECORD:
        return records.size(data, at, end)
    at += 4
    if tag != GET:
        at = a.skip(data, at, end)
        if at >= 0 and kind == THEN_GET:
            # what is to be read afterwards, and how many seconds later at the latest
            at += 5
    return at if at <= end else MALFORMED


def _ends(data, at: int, end: int) -> bool:
    """Whether only a time tag follows: 00, or 01 with a time and how long it holds."""
    if at < 0:
        return False
    tag = a.get_u8(data, at, end)
    return tag == 0 and at + 1 == end or tag == 1 and at + 1 + TAG_TIME == end
