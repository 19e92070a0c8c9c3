"""The services of DL/T 698.45 as data: what each APDU holds, part after part (§7.2, sheet §2).

PROXY, RELEASE-Notification and ERROR rest on few sources; they are read and shown, and whoever
shows them says that nothing vouches for them (meaning.py).
"""

from typing import Any

from protocol.dlt698 import moment
from protocol.dlt698.axdr import (
    BOOL,
    BYTES,
    COMDCB,
    DATA,
    MOMENT,
    OAD,
    OMD,
    RCSD,
    RSD,
    SID,
    SID_MAC,
    TI,
    TSA,
    U8,
    U16,
    U32,
    Data,
    Road,
    Row,
    Sid,
    SidMac,
)
from protocol.dlt698.parts import (
    Call,
    Called,
    CalledThenGot,
    CallThenGet,
    Cipher,
    Dar,
    Done,
    DoneThenGot,
    Mac,
    Password,
    Plain,
    Public,
    Record,
    RecordAsk,
    Records,
    Result,
    Results,
    Rn,
    RnMac,
    Security,
    SetItem,
    SetThenGet,
    Signature,
    Symmetric,
    Target,
    TargetAnswer,
    TimeTag,
    cells,
)
from protocol.dlt698.secret import SECRET, covered
from protocol.dlt698.wire import (
    Codec,
    Cursor,
    Kind,
    Part,
    Service,
    listed,
    octets,
    optional,
    shape,
    single,
    tagged,
    write_length,
)


def _under(key: str, codec: Codec) -> Codec:
    """The same, shown under a name of its own."""
    return Codec(codec.read, codec.write, lambda value: {key: codec.show(value)})


def _worded(*words: str) -> Codec:
    """A byte shown by its word; by its number where there is none."""
    return Codec(
        U8.read, U8.write, lambda value: words[value] if value < len(words) else f"{value}"
    )


_DAR_READ = shape(Dar, Part("dar", U8))


def _read_rows(cursor: Cursor) -> tuple[int, tuple[int | Road, ...], Dar | tuple[Row, ...]]:
    oad, columns = OAD.read(cursor), RCSD.read(cursor)
    choice = cursor.byte()
    if choice == 0:
        return oad, columns, _DAR_READ.read(cursor)
    if choice != 1:
        raise cursor.wrong(f"record choice {choice:02X}")
    cursor.roads |= any(isinstance(column, Road) for column in columns)
    count, width = cursor.count(), len(cells(columns, flat=cursor.flat))
    if count and not width:
        # rows of no column take no byte: any number of them could be announced
        raise cursor.wrong(f"{count} rows of no column")
    rows = [tuple([DATA.read(cursor) for _ in range(width)]) for _ in range(count)]
    return oad, columns, tuple(rows)


def _write_record(out: bytearray, record: Record) -> None:
    OAD.write(out, record.oad)
    RCSD.write(out, record.columns)
    if isinstance(record.outcome, Dar):
        out.append(0)
        _DAR_READ.write(out, record.outcome)
        return
    out.append(1)
    write_length(out, len(record.outcome))
    widths = {len(cells(record.columns, flat=flat)) for flat in (False, True)} - {0}
    for row in record.outcome:
        if len(row) not in widths or len(row) != len(record.outcome[0]):
            raise ValueError(f"a row of {len(row)} where {len(record.columns)} columns are stored")
        for data in row:
            DATA.write(out, data)


def _show_record(record: Record) -> dict[str, Any]:
    said = {"oad": OAD.show(record.oad), "columns": RCSD.show(record.columns)}
    if isinstance(record.outcome, Dar):
        return {**said, "dar": record.outcome.code}
    return {**said, "rows": [[DATA.show(data) for data in row] for row in record.outcome]}


RECORD = Codec(lambda cursor: Record(*_read_rows(cursor)), _write_record, _show_record)
RESULT = covered(
    shape(
        Result,
        Part("oad", OAD),
        Part(
            "outcome",
            tagged({0: (Dar, _DAR_READ), 1: (Data, _under("data", DATA))}, "result choice"),
            inline=True,
        ),
    )
)
_ASK = shape(RecordAsk, Part("oad", OAD), Part("rsd", RSD), Part("rcsd", RCSD))
_RESULTS = shape(Results, Part("results", listed(RESULT)))
_RECORDS = shape(Records, Part("records", listed(RECORD)))
_DATE_TIME = octets(10, moment.date_time_text)
_OADS = (Part("oads", listed(OAD)),)
_ONE_OR_DAR = {0: (Dar, _DAR_READ), 1: (Results, _RESULTS), 2: (Records, _RECORDS)}

_SET_GET = (Part("oad", OAD), Part("data", DATA), Part("read", OAD), Part("delay_s", U8))
_ACT_GET = (Part("omd", OMD), Part("data", DATA), Part("read", OAD), Part("delay_s", U8))
_SET = covered(shape(SetItem, Part("oad", OAD), Part("data", DATA)))
_SET_THEN = covered(shape(SetThenGet, *_SET_GET))
_DONE = shape(Done, Part("oad", OAD), Part("dar", U8))
_DONE_THEN = shape(DoneThenGot, Part("oad", OAD), Part("dar", U8), Part("result", RESULT))
_CALL = shape(Call, Part("omd", OMD), Part("data", DATA))
_CALL_THEN = shape(CallThenGet, *_ACT_GET)
_CALLED_PARTS = (Part("omd", OMD), Part("dar", U8), Part("data", optional(DATA)))
_CALLED = shape(Called, *_CALLED_PARTS)
_CALLED_THEN = shape(CalledThenGot, *_CALLED_PARTS, Part("result", RESULT))


def _items(one: Codec, then: Codec) -> dict[int, Kind]:
    """The three kinds of SET and ACTION."""
    return {
        1: Kind("Normal", (Part("items", single(one)),)),
        2: Kind("NormalList", (Part("items", listed(one)),)),
        3: Kind("ThenGetNormalList", (Part("items", listed(then)),)),
    }


def _targets(item: Codec) -> tuple[Part, ...]:
    target = shape(Target, Part("meter", TSA), Part("timeout_s", U16), Part("items", listed(item)))
    return (Part("timeout_s", U16), Part("meters", listed(target)))


def _answers(item: Codec) -> tuple[Part, ...]:
    answer = shape(TargetAnswer, Part("meter", TSA), Part("items", listed(item)))
    return (Part("meters", listed(answer)),)


def _only(*parts: Part) -> dict[int, Kind]:
    return {0: Kind("", parts)}


_TIME_TAG = Part(
    "time_tag", optional(shape(TimeTag, Part("sent", MOMENT), Part("allowed", TI)), absent=0)
)
_FOLLOW = Part(
    "follow_report",
    optional(tagged({1: (Results, _RESULTS), 2: (Records, _RECORDS)}, "report kind"), absent=0),
)
_CLIENT, _SERVER = (_TIME_TAG,), (_FOLLOW, _TIME_TAG)

_SIZES = (
    Part("version", U16),
    Part("protocol", octets(8)),
    Part("functions", octets(16)),
    Part("send_bytes", U16),
    Part("receive_bytes", U16),
    Part("window", U8),
    Part("apdu_bytes", U16),
    Part("timeout_s", U32),
)
_KEYED = (Part("cipher", BYTES), Part("signature", BYTES))
_PUBLIC = Codec(
    lambda cursor: Public(), lambda out, value: None, lambda value: {"mechanism": "public"}
)
_MECHANISM = tagged(
    {
        0: (Public, _PUBLIC),
        1: (Password, shape(Password, Part("password", SECRET))),
        2: (Symmetric, shape(Symmetric, *_KEYED)),
        3: (Signature, shape(Signature, *_KEYED)),
    },
    "connect mechanism",
)
_PROOF = tagged(
    {
        0: (SidMac, SID_MAC),
        1: (Rn, shape(Rn, Part("rn", BYTES))),
        2: (RnMac, shape(RnMac, Part("rn", BYTES), Part("mac", BYTES))),
        3: (Sid, SID),
    },
    "verification",
)
_ENVELOPE = {
    0: (Plain, shape(Plain, Part("plain", BYTES))),
    1: (Cipher, shape(Cipher, Part("cipher", BYTES))),
}
_MAC = tagged({0: (Mac, shape(Mac, Part("mac", BYTES)))}, "verification")


SERVICES = {
    0x01: Service(
        "LINK-Request",
        _only(
            Part("type", _worded("login", "heartbeat", "logout")),
            Part("heartbeat_s", U16),
            Part("request_time", _DATE_TIME),
        ),
        "piid_acd",
    ),
    0x81: Service(
        "LINK-Response",
        _only(
            Part("result", U8),
            Part("request_time", _DATE_TIME),
            Part("received_time", _DATE_TIME),
            Part("answer_time", _DATE_TIME),
        ),
    ),
    0x02: Service(
        "CONNECT-Request", _only(*_SIZES, Part("mechanism", _MECHANISM, inline=True)), tail=_CLIENT
    ),
    0x82: Service(
        "CONNECT-Response",
        _only(
            Part("factory", octets(32)),
            *_SIZES,
            Part("result", U8),
            Part(
                "security",
                optional(shape(Security, Part("rn", BYTES), Part("signature", BYTES))),
            ),
        ),
        tail=_SERVER,
    ),
    0x03: Service("RELEASE-Request", _only(), tail=_CLIENT),
    0x83: Service("RELEASE-Response", _only(Part("result", U8)), tail=_SERVER),
    0x84: Service(
        "RELEASE-Notification",
        _only(Part("connected", MOMENT), Part("server_time", MOMENT)),
        tail=_SERVER,
    ),
    0x05: Service(
        "GET-Request",
        {
            1: Kind("Normal", (Part("oad", OAD),)),
            2: Kind("NormalList", _OADS),
            3: Kind("Record", (Part("record", _ASK, inline=True),)),
            4: Kind("RecordList", (Part("records", listed(_ASK)),)),
            5: Kind("Next", (Part("block", U16),)),
        },
        tail=_CLIENT,
    ),
    0x85: Service(
        "GET-Response",
        {
            1: Kind("Normal", (Part("results", single(RESULT)),)),
            2: Kind("NormalList", (Part("results", listed(RESULT)),)),
            3: Kind("Record", (Part("record", RECORD, inline=True),)),
            4: Kind("RecordList", (Part("records", listed(RECORD)),)),
            5: Kind(
                "Next",
                (
                    Part("last", BOOL),
                    Part("block", U16),
                    Part("outcome", tagged(_ONE_OR_DAR, "block choice"), inline=True),
                ),
            ),
        },
        tail=_SERVER,
    ),
    0x06: Service("SET-Request", _items(_SET, _SET_THEN), tail=_CLIENT),
    0x86: Service("SET-Response", _items(_DONE, _DONE_THEN), tail=_SERVER),
    0x07: Service("ACTION-Request", _items(_CALL, _CALL_THEN), tail=_CLIENT),
    0x87: Service("ACTION-Response", _items(_CALLED, _CALLED_THEN), tail=_SERVER),
    0x88: Service(
        "REPORT-Notification",
        {
            1: Kind("List", (Part("results", listed(RESULT)),)),
            2: Kind("RecordList", (Part("records", listed(RECORD)),)),
        },
        tail=_SERVER,
    ),
    0x08: Service(
        "REPORT-Response", {1: Kind("List", _OADS), 2: Kind("RecordList", _OADS)}, tail=_CLIENT
    ),
    0x09: Service(
        "PROXY-Request",
        {
            1: Kind("GetList", _targets(OAD)),
            2: Kind(
                "GetRecord",
                (Part("timeout_s", U16), Part("meter", TSA), Part("record", _ASK, inline=True)),
            ),
            3: Kind("SetList", _targets(_SET)),
            4: Kind("SetThenGetList", _targets(_SET_THEN)),
            5: Kind("ActionList", _targets(_CALL)),
            6: Kind("ActionThenGetList", _targets(_CALL_THEN)),
            7: Kind(
                "TransCommand",
                (
                    Part("port", OAD),
                    Part("comdcb", COMDCB),
                    Part("wait_s", U16),
                    Part("gap_ms", U16),
                    Part("command", BYTES),
                ),
            ),
        },
        tail=_CLIENT,
    ),
    0x89: Service(
        "PROXY-Response",
        {
            1: Kind("GetList", _answers(RESULT)),
            2: Kind("GetRecord", (Part("meter", TSA), Part("record", RECORD, inline=True))),
            3: Kind("SetList", _answers(_DONE)),
            4: Kind("SetThenGetList", _answers(_DONE_THEN)),
            5: Kind("ActionList", _answers(_CALLED)),
            6: Kind("ActionThenGetList", _answers(_CALLED_THEN)),
            7: Kind(
                "TransCommand",
                (
                    Part("port", OAD),
                    Part(
                        "outcome",
                        tagged(
                            {0: (Dar, _DAR_READ), 1: (bytes, _under("answer", BYTES))},
                            "command choice",
                        ),
                        inline=True,
                    ),
                ),
            ),
        },
        tail=_SERVER,
    ),
    0x10: Service(
        "SECURITY-Request",
        _only(
            Part("envelope", tagged(_ENVELOPE, "envelope"), inline=True),
            Part("verification", _PROOF),
        ),
        "",
    ),
    0x90: Service(
        "SECURITY-Response",
        _only(
            Part("envelope", tagged({**_ENVELOPE, 2: (Dar, _DAR_READ)}, "envelope"), inline=True),
            Part("verification", optional(_MAC)),
        ),
        "",
    ),
    0x6E: Service("ERROR-Request", _only(Part("type", U8)), tail=_CLIENT),
    0xEE: Service("ERROR-Response", _only(Part("type", U8)), tail=_SERVER),
}
