"""APDUs of DL/T 698.45: bytes to a service and what it says, and back (§7.2, sheet §2).

`parse` reads one from end to end or says why not; `encode` is its inverse. What a service holds
stands in services.py; here is only what surrounds it: tag, kind, PIID, and behind the body the
report that follows and the time tag.
"""

import struct
from typing import Any

import msgspec

from protocol.dlt698.parts import Record, Records, Result, Results
from protocol.dlt698.services import SERVICES
from protocol.dlt698.wire import MOST_BYTES, Cursor, Malformed, shown

PRIORITY = 0x80
"""Of PIID: the service is urgent."""
ACD = 0x40
"""Of PIID-ACD, in an answer: the server has a report waiting."""
NUMBER = 0x3F


class Apdu(msgspec.Struct, frozen=True):
    """One service with what it says."""

    tag: int
    """Key of SERVICES."""
    kind: int
    """Key of that service's kinds; 0 = it has one only."""
    piid: int
    """PIID or PIID-ACD as sent; 0 where the service has none."""
    body: dict[str, Any]
    """The parts of services.py by name."""

    @property
    def service(self) -> str:
        """Its name: "GET-Request"."""
        return SERVICES[self.tag].name

    @property
    def number(self) -> int:
        """The service number an answer repeats."""
        return self.piid & NUMBER

    @property
    def results(self) -> tuple[Result, ...]:
        """The attributes it brings; () where it brings none."""
        for value in (self.body.get("results"), self.body.get("outcome")):
            if isinstance(value, Results):
                return value.results
            if isinstance(value, tuple):
                return value
        return ()

    @property
    def records(self) -> tuple[Record, ...]:
        """The records it brings; () where it brings none, as a request for some does."""
        one, outcome = self.body.get("record"), self.body.get("outcome")
        if isinstance(one, Record):
            return (one,)
        if isinstance(outcome, Records):
            return outcome.records
        many = self.body.get("records", ())
        return tuple(record for record in many if isinstance(record, Record))


class Unread(msgspec.Struct, frozen=True):
    """Why bytes are no APDU, and at which byte that shows."""

    why: str
    at: int
    tag: int | None
    """The first byte; None = there is none."""


def parse(data: bytes) -> Apdu | Unread:
    """The one APDU these bytes are from end to end, or why they are not. Never raises."""
    tag = data[0] if data else None
    if len(data) > MOST_BYTES:
        return Unread(f"longer than {MOST_BYTES} bytes", MOST_BYTES, tag)
    cursor = Cursor(data)
    try:
        return _read(cursor)
    except Malformed as wrong:
        refusal = Unread(wrong.why, wrong.at, tag)
    if not cursor.roads:
        return refusal
    try:
        return _read(Cursor(data, flat=True))
    except Malformed:
        return refusal


def encode(apdu: Apdu) -> bytes:
    """The bytes of an APDU; ValueError where a part cannot be what it is given as."""
    service = SERVICES.get(apdu.tag)
    if service is None or apdu.kind not in service.kinds:
        raise ValueError(f"no service {apdu.tag:02X} of kind {apdu.kind}")
    out = bytearray((apdu.tag,))
    try:
        if 0 not in service.kinds:
            out.append(apdu.kind)
        if service.piid:
            out.append(apdu.piid)
        for part in (*service.kinds[apdu.kind].parts, *service.tail):
            # an absent report or time tag need not be named
            value = apdu.body.get(part.name) if part in service.tail else apdu.body[part.name]
            part.codec.write(out, value)
    except KeyError as missing:
        raise ValueError(f"{service.name} has no {missing}") from missing
    except (OverflowError, struct.error, TypeError, AttributeError) as wrong:
        raise ValueError(f"{service.name} does not hold this: {wrong}") from wrong
    return bytes(out)


def to_json(apdu: Apdu) -> dict[str, Any]:
    """What an APDU says: {"service", "kind", "piid", …}; times that are none are null."""
    service = SERVICES[apdu.tag]
    kind = service.kinds[apdu.kind]
    said: dict[str, Any] = {"service": service.name}
    if kind.name:
        said["kind"] = kind.name
    if service.piid:
        said[service.piid] = apdu.piid
    parts = kind.parts + service.tail
    return said | shown(parts, [apdu.body.get(part.name) for part in parts])


def _read(cursor: Cursor) -> Apdu:
    tag = cursor.byte()
    service = SERVICES.get(tag)
    if service is None:
        raise Malformed(f"unknown service {tag:02X}", 0)
    kind = 0 if 0 in service.kinds else cursor.byte()
    if kind not in service.kinds:
        raise Malformed(f"unknown kind {kind:02X} of {service.name}", cursor.at - 1)
    piid = cursor.byte() if service.piid else 0
    parts = service.kinds[kind].parts + service.tail
    body = {part.name: part.codec.read(cursor) for part in parts}
    if cursor.left():
        raise cursor.wrong(f"{cursor.left()} bytes too many")
    return Apdu(tag, kind, piid, body)
