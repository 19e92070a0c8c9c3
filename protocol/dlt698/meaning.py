"""What DL/T 698.45 frames say, both directions, as `boxgate decode` shows it.

Everything an APDU holds stands in `Decoded.apdu`; `values` are what people and programs look for:
attributes, rows, refusals under the names and quantities of objects.csv. Whatever the bytes: no
exception, and a value only where object, element and type are those of the table. What a PROXY or a
SECURITY envelope carries is shown and said to be unverified. Sheet §1–§5.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cext.framing698 import Frame698
from protocol.decoded import Decoded, Fault, Field
from protocol.dlt698.apdu import ACD, Apdu, Unread, parse, to_json
from protocol.dlt698.axdr import STRUCTURE, Data, Road
from protocol.dlt698.fragments import NAMES, Fragments, Waste, Whole, fragment
from protocol.dlt698.parts import (
    Call,
    Called,
    CalledThenGot,
    CallThenGet,
    Dar,
    Done,
    DoneThenGot,
    Plain,
    Record,
    RecordAsk,
    Records,
    Result,
    Results,
    SetItem,
    SetThenGet,
    Target,
    TargetAnswer,
)
from protocol.dlt698.selection import selection_text, selectors
from protocol.dlt698.table import Cell, cells, entry, oad_name, text
from protocol.dlt698.words import connect_name, dar_name, service_name, word

PROTOCOL = "dlt698.45"

SINGLE, WILDCARD, GROUP, BROADCAST = range(4)
_PRM, _FUNCTION, _LINK = 0x40, 0x07, 1
_ANY = b"\xaa"
_TYPES = {WILDCARD: "any", GROUP: "group", BROADCAST: "broadcast"}
_MOST_NAMES = 8
"""Most objects named in one `name`."""
_OPAQUE = frozenset({0x01, 0x81, 0x02, 0x82, 0x83, 0x84, 0x09, 0x89, 0x10, 0x90, 0x6E, 0xEE})
"""Services whose parts are shown one by one as they are."""
_CONNECTED = 0x82
_THIN = frozenset({0x84, 0x6E, 0xEE})
_UNVERIFIED = frozenset({0x09, 0x89, 0x10, 0x90})
_SERVER = frozenset({0x01, *range(0x82, 0x8A)})
"""Tags whose PIID is a PIID-ACD."""
_TIMES = frozenset({0x201E, 0x2020, 0x2021})
"""Objects that say which moment the other columns of a row are about."""
_ENVELOPE = frozenset({"service", "kind", "piid", "piid_acd", "follow_report", "time_tag"})


@dataclass(slots=True)
class _Said:
    """What has been found out about an APDU so far."""

    lang: str
    values: list[Field] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    oads: dict[int, None] = field(default_factory=dict)
    refusals: list[Fault] = field(default_factory=list)
    outcomes: int = 0

    def note(self, key: str, **said: object) -> None:
        one = word(key, self.lang, **said)
        if one not in self.notes:
            self.notes.append(one)

    def about(self, *oads: int) -> None:
        self.oads.update(dict.fromkeys(oads))

    def dar(self, code: int, name: str) -> None:
        """A refusal: of one thing the frame's error, of one among several its note."""
        self.outcomes += 1
        self.refusals.append(Fault(f"{code:02X}", dar_name(code, self.lang)))
        self.notes.append(f"{name}: DAR {code} {dar_name(code, self.lang)}")


def meaning(frame: Frame698, lang: str = "en") -> Decoded:
    """What one frame says; `lang` is "en" or "zh". A fragment is shown as one. Never raises."""
    return _decoded(frame, frame.data if not frame.fragment else None, lang, [])


def meanings(frames: Iterable[Frame698], lang: str = "en") -> Iterator[Decoded]:
    """What frames in the order of the line say: fragments' APDUs with their last fragment."""
    halves: dict[tuple[object, ...], Fragments] = {}
    for frame in frames:
        if not frame.fragment:
            yield meaning(frame, lang)
            continue
        # both ways and every pair of addresses are conversations of their own
        key = (frame.address, frame.logical, frame.client, frame.answer)
        taken = halves.setdefault(key, Fragments()).take(frame.data)
        notes = []
        apdu = None
        if isinstance(taken, Whole):
            apdu = taken.apdu
            notes.append(word("fragments", _lang(lang)))
        elif isinstance(taken, Waste):
            notes.append(word("waste", _lang(lang), why=taken.why))
        yield _decoded(frame, apdu, lang, notes)


def apdu_fields(apdu: Apdu, lang: str = "en") -> tuple[list[Field], list[str]]:
    """The values of an APDU that was read already, and what is to be noted of them."""
    said = _Said(_lang(lang))
    _body(apdu, said)
    return said.values, said.notes


def direction(control: int) -> str:
    """request, response or report, by DIR, PRM and function of a control byte (sheet §1)."""
    server, started = bool(control & 0x80), bool(control & _PRM)
    if started:
        return "response" if server else "request"
    if not server:
        return "response"
    return "request" if control & _FUNCTION == _LINK else "report"


def _lang(lang: str) -> str:
    return "zh" if lang == "zh" else "en"


def _decoded(frame: Frame698, apdu: bytes | None, lang: str, notes: list[str]) -> Decoded:
    said = _Said(_lang(lang))
    function, shown = "", None
    if frame.fragment:
        function, shown = _fragment(frame.data, said)
    said.notes += notes
    if apdu is not None:
        function, shown = _apdu(apdu, said)
    error = said.refusals[0] if said.outcomes == len(said.refusals) == 1 else None
    if error is not None:
        said.notes = [note for note in said.notes if not note.endswith(f" {error.text}")]
    names = dict.fromkeys(filter(None, (oad_name(oad, said.lang) for oad in said.oads)))
    name = ", ".join(list(names)[:_MOST_NAMES])
    return Decoded(
        protocol=PROTOCOL,
        start=frame.start,
        length=len(frame.raw),
        direction=direction(frame.control),
        address=frame.address.hex().upper(),
        control=f"{frame.control:02X}",
        function=function,
        identifier=" ".join(f"{oad:08X}" for oad in said.oads),
        name=f"{name}, …" if len(names) > _MOST_NAMES else name,
        values=said.values,
        error=error,
        note="; ".join(_address_notes(frame, said.lang) + said.notes),
        apdu=shown,
    )


def _address_notes(frame: Frame698, lang: str) -> list[str]:
    keys = [_TYPES[frame.address_type]] if frame.address_type in _TYPES else []
    if not keys and frame.address.strip(_ANY) == b"":
        # so field tools send it, the type single all the same (sheet §1)
        keys = [_TYPES[WILDCARD]]
    if frame.logical == 1:
        keys.append("ac")
    return [word(key, lang) for key in keys]


def _fragment(data: bytes, said: _Said) -> tuple[str, dict[str, Any]]:
    got = fragment(data)
    if got is None:
        return "", {"service": "fragment", "data": data.hex(" ").upper()}
    kind = NAMES[got.kind]
    said.note("fragment", number=got.number, kind=kind)
    return "", {
        "service": "fragment",
        "kind": kind,
        "number": got.number,
        "data": got.data.hex(" ").upper(),
    }


def _apdu(data: bytes, said: _Said) -> tuple[str, dict[str, Any] | None]:
    """The service's name and its JSON; the rest goes to `said`."""
    apdu = parse(data)
    if isinstance(apdu, Unread):
        if data:
            said.note("broken", why=apdu.why, at=apdu.at)
            said.values.append(Field(word("data", said.lang), None, data.hex(" ").upper(), ""))
        else:
            said.note("no apdu")
        return "", None
    shown = to_json(apdu)
    function = service_name(apdu.service, shown.get("kind", ""), said.lang)
    if apdu.tag in _UNVERIFIED:
        said.note("unverified")
    if apdu.tag in _THIN:
        said.note("thin")
    if apdu.tag in _SERVER and apdu.piid & ACD:
        said.note("report waiting")
    envelope = apdu.body.get("envelope")
    if isinstance(envelope, Plain):
        inner = parse(envelope.apdu)
        # an envelope within an envelope is not opened: nothing sends one
        if isinstance(inner, Apdu) and "envelope" not in inner.body:
            shown["apdu"] = to_json(inner)
            function = f"{function} ({inner.service})"
            _body(inner, said)
    _body(apdu, said)
    if apdu.tag == _CONNECTED and (code := apdu.body["result"]):
        said.outcomes += 1
        said.refusals.append(Fault(f"{code:02X}", connect_name(code, said.lang)))
    if apdu.tag in _OPAQUE:
        said.values += _opaque(shown)
    return function, shown


def _body(apdu: Apdu, said: _Said) -> None:
    for name, value in apdu.body.items():
        if value is None:
            continue
        if name == "time_tag":
            said.note("time tag")
        elif name == "follow_report":
            said.note("follow")
            _thing(value, said)
        elif name in ("oad", "port"):
            said.about(value)
        elif name == "oads":
            said.about(*value)
        elif isinstance(value, tuple):
            for one in value:
                _thing(one, said)
        else:
            _thing(value, said)


def _thing(thing: Any, said: _Said) -> None:
    """One part of a service: what it is about, and its values."""
    match thing:
        case Results(results=many) | Records(records=many):
            for one in many:
                _thing(one, said)
        case Target(items=many) | TargetAnswer(items=many):
            for one in many:
                if isinstance(one, int):
                    said.about(one)
                else:
                    _thing(one, said)
        case Result():
            _result(thing, said)
        case Record():
            _record(thing, said)
        case RecordAsk():
            _asked(thing, said)
        case SetItem() | SetThenGet():
            said.about(thing.oad)
            _datum(thing.oad, thing.data, "", said)
            if isinstance(thing, SetThenGet):
                said.about(thing.read)
        case Call() | CallThenGet():
            said.values.append(Field(f"{thing.omd:08X}", None, text(thing.data), ""))
            if isinstance(thing, CallThenGet):
                said.about(thing.read)
        case Done() | DoneThenGot():
            said.about(thing.oad)
            _outcome(thing.dar, _name(thing.oad, said), said)
            if isinstance(thing, DoneThenGot):
                _result(thing.result, said)
        case Called() | CalledThenGot():
            _outcome(thing.dar, f"{thing.omd:08X}", said)
            if thing.data is not None:
                said.values.append(Field(f"{thing.omd:08X}", None, text(thing.data), ""))
            if isinstance(thing, CalledThenGot):
                _result(thing.result, said)
        case Dar():
            said.dar(thing.code, word("data", said.lang))


def _outcome(code: int, name: str, said: _Said) -> None:
    if code:
        said.dar(code, name)
    else:
        said.outcomes += 1
        said.values.append(Field(name, None, dar_name(0, said.lang), ""))


def _result(result: Result, said: _Said) -> None:
    said.about(result.oad)
    if isinstance(result.outcome, Data):
        said.outcomes += 1
        _datum(result.oad, result.outcome, "", said)
        return
    said.values.append(Field(_name(result.oad, said), None, None, ""))
    said.dar(result.outcome.code, _name(result.oad, said))


def _record(record: Record, said: _Said) -> None:
    said.about(record.oad)
    columns = record.cells()
    said.about(*_all(record.columns))
    if isinstance(record.outcome, Dar):
        said.dar(record.outcome.code, _name(record.oad, said))
        return
    said.outcomes += 1
    many = len(record.outcome) > 1
    timed = any(oad >> 16 in _TIMES for oad in _all(record.columns))
    for number, row in enumerate(record.outcome, 1):
        head = f"{word('row', said.lang)} {number}: " if many else ""
        for oad, data in _unfolded(record, columns, row):
            _datum(oad, data, head, said, timed)


def _unfolded(
    record: Record, columns: tuple[int, ...], row: tuple[Data, ...]
) -> Iterator[tuple[int, Data]]:
    """A row's attributes and data; of a structure under a ROAD column one for each object."""
    flat = len(columns) != len(record.columns)
    for at, (oad, data) in enumerate(zip(columns, row, strict=True)):
        column = None if flat else record.columns[at]
        folded = isinstance(column, Road) and data.tag == STRUCTURE and len(column.columns) > 1
        if isinstance(column, Road) and folded and len(column.columns) == len(data.value):
            yield from zip(column.columns, data.value, strict=True)
        else:
            yield oad, data


def _asked(ask: RecordAsk, said: _Said) -> None:
    said.about(ask.oad)
    said.about(*selectors(ask.rsd), *_all(ask.rcsd))
    if ask.rsd.kind:
        said.values.append(Field(word("selection", said.lang), None, selection_text(ask.rsd), ""))


def _all(columns: tuple[int | Road, ...]) -> Iterator[int]:
    for column in columns:
        if isinstance(column, Road):
            yield column.oad
            yield from column.columns
        else:
            yield column


def _datum(oad: int, data: Data, head: str, said: _Said, timed: bool = True) -> None:
    """The values of one datum under their names; where no row of the table fits, as it is.

    What stands in a row without its time is no quantity: nothing says of when it is.
    """
    found = entry(oad)
    those = cells(oad, data)
    if those is None:
        if found is None:
            said.note("unknown")
        elif found.type not in ("any", "record"):
            said.note("type")
        said.values.append(Field(head + _name(oad, said), None, text(data), ""))
        return
    if found is not None and found.mark:
        said.note("doubtful")
    for cell in those:
        said.values.append(_field(oad, cell, head, said, timed))


def _field(oad: int, cell: Cell, head: str, said: _Said, timed: bool) -> Field:
    found = entry(oad)
    name = found.name(said.lang, cell.place) if found is not None else ""
    if cell.part:
        name += ("" if said.lang == "zh" else " ") + word(cell.part, said.lang)
    value: int | float | str | None = cell.value
    if isinstance(value, int) and cell.exponent < 0:
        value = value / 10**-cell.exponent
    quantity = cell.quantity.name if cell.quantity is not None and timed else None
    return Field(head + name, quantity, value, cell.unit)


def _name(oad: int, said: _Said) -> str:
    return oad_name(oad, said.lang) or f"{oad:08X}"


def _opaque(shown: dict[str, Any]) -> list[Field]:
    """The parts of a service as they are shown, one by one."""
    return [
        Field(key, None, _plain(value), "")
        for key, value in shown.items()
        if key not in _ENVELOPE and key != "apdu"
    ]


def _plain(value: Any) -> int | str | bool | None:
    if value is None or isinstance(value, int | str):
        return value
    return msgspec.json.encode(value).decode()
