"""Every request a gateway sends, and its answer to a report, as bytes of an APDU (§7.2, sheet §2).

`piid` is the number 0..63 that the answer repeats, with PRIORITY where it is urgent. All raise
ValueError where an argument does not fit its place.
"""

from collections.abc import Iterable
from typing import Any

from protocol.dlt698.apdu import Apdu, encode
from protocol.dlt698.axdr import DATE_TIME_S, NULL, Chosen, Data, Road, Ti
from protocol.dlt698.parts import Call, Password, Public, RecordAsk, SetItem, Signature, Symmetric

VERSION = 0x0010
ALL_CONFORMANCE = b"\xff" * 8
ALL_FUNCTIONS = b"\xff" * 16
_NULL = Data(NULL, None)
_TI = 0x54


def everything() -> Chosen:
    """No selection: all rows (RSD 0)."""
    return Chosen(0, ())


def where(oad: int, value: Data) -> Chosen:
    """The rows in which this column is just that (RSD 1)."""
    return Chosen(1, (oad, value))


def between(oad: int, start: Data, end: Data, every: Ti | None = None) -> Chosen:
    """The rows in which start <= column < end, one each interval if one is given (RSD 2)."""
    return Chosen(2, (oad, start, end, _NULL if every is None else Data(_TI, every)))


def newest(count: int) -> Chosen:
    """The last rows, 1 the newest (RSD 9)."""
    return Chosen(9, (count,))


def moment(raw: bytes) -> Data:
    """A date_time_s as data; its bytes from moment.date_time_s."""
    return Data(DATE_TIME_S, raw)


def encode_get(oad: int, piid: int = 0) -> bytes:
    """GET-Request Normal: one attribute."""
    return _encode(0x05, 1, piid, oad=oad)


def encode_get_list(oads: Iterable[int], piid: int = 0) -> bytes:
    """GET-Request NormalList: several attributes at once."""
    return _encode(0x05, 2, piid, oads=tuple(oads))


def encode_get_record(oad: int, rsd: Chosen, rcsd: Iterable[int | Road], piid: int = 0) -> bytes:
    """GET-Request Record: rows of a record; no columns = all that are stored."""
    return _encode(0x05, 3, piid, record=RecordAsk(oad, rsd, tuple(rcsd)))


def encode_get_record_list(asks: Iterable[RecordAsk], piid: int = 0) -> bytes:
    """GET-Request RecordList: rows of several records."""
    return _encode(0x05, 4, piid, records=tuple(asks))


def encode_get_next(block: int, piid: int = 0) -> bytes:
    """GET-Request Next: the block that follows the one of this number."""
    return _encode(0x05, 5, piid, block=block)


def encode_set(oad: int, data: Data, piid: int = 0) -> bytes:
    """SET-Request Normal."""
    return _encode(0x06, 1, piid, items=(SetItem(oad, data),))


def encode_set_list(items: Iterable[SetItem], piid: int = 0) -> bytes:
    """SET-Request NormalList."""
    return _encode(0x06, 2, piid, items=tuple(items))


def encode_action(omd: int, data: Data = _NULL, piid: int = 0) -> bytes:
    """ACTION-Request Normal: a method with its argument."""
    return _encode(0x07, 1, piid, items=(Call(omd, data),))


def encode_action_list(calls: Iterable[Call], piid: int = 0) -> bytes:
    """ACTION-Request NormalList."""
    return _encode(0x07, 2, piid, items=tuple(calls))


def encode_connect(
    mechanism: Public | Password | Symmetric | Signature | None = None,
    *,
    send_bytes: int = 1024,
    receive_bytes: int = 1024,
    window: int = 1,
    apdu_bytes: int = 2048,
    timeout_s: int = 7200,
    piid: int = 0,
) -> bytes:
    """CONNECT-Request; without a mechanism as Public, which needs no key."""
    return _encode(
        0x02,
        0,
        piid,
        version=VERSION,
        protocol=ALL_CONFORMANCE,
        functions=ALL_FUNCTIONS,
        send_bytes=send_bytes,
        receive_bytes=receive_bytes,
        window=window,
        apdu_bytes=apdu_bytes,
        timeout_s=timeout_s,
        mechanism=Public() if mechanism is None else mechanism,
    )


def encode_release(piid: int = 0) -> bytes:
    """RELEASE-Request."""
    return _encode(0x03, 0, piid)


def encode_report_answer(report: Apdu) -> bytes:
    """REPORT-Response: every attribute or record of the report, under its number and kind."""
    things: Iterable[Any] = report.results or report.records
    oads = tuple(thing.oad for thing in things)
    return _encode(0x08, report.kind, report.number, oads=oads)


def _encode(tag: int, kind: int, piid: int, **body: Any) -> bytes:
    return encode(Apdu(tag, kind, piid, body))
