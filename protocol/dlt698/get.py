"""Any GET to one meter: attributes of any type, rows of records, freezes and events (§7.2).

A Get is not bound to the quantities of the sweep: what came stands in `decoded` once on_frame() has
said Done. A meter that refuses all that was asked is Refused; what it refuses of several stands in
the notes of `fields`.
"""

from collections.abc import Callable, Iterable

from protocol.decoded import Field
from protocol.dlt698.apdu import Apdu, parse
from protocol.dlt698.axdr import Chosen, Road
from protocol.dlt698.meaning import apdu_fields
from protocol.dlt698.parts import Dar, Record, RecordAsk, Result
from protocol.dlt698.question import IDENTIFIER, Outcome, Question
from protocol.dlt698.read import plain
from protocol.dlt698.requests import encode_get_record
from protocol.dlt698.words import dar_name
from protocol.exchange import Done, Refused, Request, Verdict
from protocol.quantity import Quantity

_TYPICAL = 200
"""Bytes of an answer whose length only the meter knows."""
_GET, _NEXT = 0x05, 5
_ANSWER = 0x85
_LIST, _RECORD_LIST = 2, 4

Build = Callable[[int], bytes]
"""A request's APDU with this service number: `lambda piid: encode_get_list(oads, piid)`."""


class Get(Question):
    """One GET, whatever it is about; an Exchange.

    ValueError if the address has not 12 digits, or what is built is no GET-Request (Next aside,
    which the exchange itself asks).
    """

    __slots__ = ("_asked", "_outcome")

    KINDS = frozenset({1, 2, 3, 4})

    def __init__(self, address: str, build: Build, wake: int = 4) -> None:
        data = build(0)
        apdu = parse(data)
        if not isinstance(apdu, Apdu) or apdu.tag != _GET or apdu.kind == _NEXT:
            raise ValueError("what is to be asked is no GET-Request")
        self._asked = _subjects(apdu)
        self._outcome: Outcome | None = None
        item = ",".join(f"{one if isinstance(one, int) else one.oad:08X}" for one in self._asked)
        super().__init__(address, data, item, _expected(self._asked), wake)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """None: what was read stands in `decoded`."""
        return ()

    @property
    def results(self) -> tuple[Result, ...]:
        """The attributes that came; () before Done."""
        return () if self._outcome is None else self._outcome.results

    @property
    def records(self) -> tuple[Record, ...]:
        """The records that came, rows of all blocks together; () before Done."""
        return () if self._outcome is None else self._outcome.records

    def decoded(self, lang: str = "en") -> list[Field]:
        """The values in words; nothing before Done."""
        return self.fields(lang)[0]

    def fields(self, lang: str = "en") -> tuple[list[Field], list[str]]:
        """The values, and what is to be noted of them; nothing before Done."""
        outcome = self._outcome
        if outcome is None:
            return [], []
        if outcome.records:
            return apdu_fields(Apdu(_ANSWER, _RECORD_LIST, 0, {"records": outcome.records}), lang)
        return apdu_fields(Apdu(_ANSWER, _LIST, 0, {"results": outcome.results}), lang)

    def start(self) -> Request:
        """The request, with a new service number; begins anew."""
        self._outcome = None
        return super().start()

    def _end(self, outcome: Outcome) -> Verdict:
        came: tuple[Result | Record, ...] = (*outcome.results, *outcome.records)
        if not _fits(self._asked, came):
            return IDENTIFIER
        dars = [one.outcome for one in came if isinstance(one.outcome, Dar)]
        if len(dars) == len(came):
            text = "; ".join(
                f"{one.oad:08X} {dar_name(dar.code, 'en')}"
                for one, dar in zip(came, dars, strict=True)
            )
            return Refused(dars[0].code, text if len(dars) > 1 else dar_name(dars[0].code, "en"))
        self._outcome = outcome
        return Done(())


class GetRecord(Get):
    """Rows of one record: `rsd` says which (requests.newest, between …), `columns` what of them.

    No columns = all that are stored. No rows is a valid answer: Done, and no values.
    """

    __slots__ = ()

    def __init__(
        self,
        address: str,
        oad: int,
        rsd: Chosen,
        columns: Iterable[int | Road],
        wake: int = 4,
    ) -> None:
        those = tuple(columns)
        super().__init__(address, lambda piid: encode_get_record(oad, rsd, those, piid), wake)


def _subjects(apdu: Apdu) -> tuple[int | RecordAsk, ...]:
    """What a GET-Request asks for, one by one."""
    body = apdu.body
    if "oad" in body:
        return (body["oad"],)
    if "oads" in body:
        return tuple(body["oads"])
    return (body["record"],) if "record" in body else tuple(body["records"])


def _fits(asked: tuple[int | RecordAsk, ...], came: tuple[Result | Record, ...]) -> bool:
    """Whether what came is of just what was asked, in its order."""
    return len(asked) == len(came) > 0 and all(
        _one(ask, got) for ask, got in zip(asked, came, strict=True)
    )


def _one(ask: int | RecordAsk, got: Result | Record) -> bool:
    if isinstance(ask, int):
        return isinstance(got, Result) and got.oad == ask
    if not isinstance(got, Record) or got.oad != ask.oad:
        return False
    # a meter that refuses a record need not repeat its columns
    return not ask.rcsd or got.columns == ask.rcsd or isinstance(got.outcome, Dar)


def _expected(asked: tuple[int | RecordAsk, ...]) -> int:
    """Bytes of the answer's APDU, as far as the table says."""
    try:
        return plain(tuple(one for one in asked if isinstance(one, int))).size
    except (KeyError, ValueError):
        return _TYPICAL
