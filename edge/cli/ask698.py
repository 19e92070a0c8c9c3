"""`boxgate read` by DL/T 698.45: all attributes in one GET, each record in one of its own."""

import argparse
import functools

from edge.bus.work import Outcome
from edge.cli.asked import Answer, came, milliseconds, nothing
from edge.cli.collect import Objects
from edge.cli.objects import columns_of, is_record, oad_of, rows_of, rows_wanted, times_fit
from edge.words.messages import BoxgateError
from protocol.decoded import Fault
from protocol.dlt698.apdu import Apdu
from protocol.dlt698.meaning import apdu_fields
from protocol.dlt698.parts import Dar, Record, Result
from protocol.dlt698.requests import encode_get, encode_get_list, encode_get_record
from protocol.dlt698.table import oad_name
from protocol.dlt698.words import dar_name

MOST = 127
"""Attributes in one question: their count is one byte."""
_ANSWER, _LIST, _RECORD_LIST = 0x85, 2, 4
_NO_ROWS = {"en": "no rows", "zh": "没有行"}


class Asked698:
    """Attributes, or one record, of one meter: one GET."""

    def __init__(self, exchange: Objects, items: list[str], oads: list[int]) -> None:
        self.exchange = exchange
        self._items = items
        self._oads = oads

    def answers(self, outcome: Outcome, lang: str) -> list[Answer]:
        """One for each item: its values, or why the meter gives none."""
        found = self.exchange.came if came(outcome) else None
        things: list[Result | Record] = [*found.results, *found.records] if found else []
        if things:
            return [
                self._answer(item, thing, milliseconds(outcome), lang)
                for item, thing in zip(self._items, things, strict=True)
            ]
        refused = self.exchange.refused
        answers = [
            nothing(self.exchange.meter, item, f"{oad:08X}", oad_name(oad, lang), outcome)
            for item, oad in zip(self._items, self._oads, strict=True)
        ]
        if came(outcome) and refused is not None:
            # the whole question: a block's DAR, or an ERROR-Response, which only its text tells
            text = refused.text
            if text == dar_name(refused.code, "en"):
                text = dar_name(refused.code, lang)
            for one in answers:
                one.error, one.reason = Fault(f"{refused.code:02X}", text), None
        return answers

    def refusal(self, answer: Answer, outcome: Outcome) -> BoxgateError:
        """What this DAR means to whoever asked, and what to do."""
        facts = {"address": answer.address, "item": answer.item}
        if answer.error is None:
            return BoxgateError("read_refused", cause=outcome.refusal, **facts)
        code, text = int(answer.error.code, 16), answer.error.text
        if text not in (dar_name(code, "en"), dar_name(code, "zh")):
            return BoxgateError("read_refused", cause=text, **facts)
        facts["cause"] = f"DAR {code} {text}"
        match code:
            case 4 | 5 | 6 | 9:
                return BoxgateError("read_dar_absent", **facts)
            case 3 | 15 | 20 | 22 | 23 | 28 | 29 | 30:
                return BoxgateError("read_dar_denied", **facts)
            case 7 | 8:
                return BoxgateError("read_dar_range", **facts)
        return BoxgateError("read_dar_later", **facts)

    def _answer(self, item: str, thing: Result | Record, elapsed: int, lang: str) -> Answer:
        if isinstance(thing, Record):
            apdu = Apdu(_ANSWER, _RECORD_LIST, 0, {"records": (thing,)})
        else:
            apdu = Apdu(_ANSWER, _LIST, 0, {"results": (thing,)})
        identifier, name = f"{thing.oad:08X}", oad_name(thing.oad, lang)
        meter = self.exchange.meter
        if isinstance(thing.outcome, Dar):
            code = thing.outcome.code
            error = Fault(f"{code:02X}", dar_name(code, lang))
            return Answer(meter, item, identifier, name, [], error, "", None, elapsed)
        values, notes = apdu_fields(apdu, lang)
        if isinstance(thing, Record) and not thing.outcome:
            notes = [*notes, _NO_ROWS["zh" if lang == "zh" else "en"]]
        note = "; ".join(notes)
        return Answer(meter, item, identifier, name, values, None, note, None, elapsed)


def asked(address: str, args: argparse.Namespace) -> list[Asked698]:
    """The questions of a command line: one for all attributes, one for each record."""
    rows = [("--last", args.last), ("--since", args.since), ("--until", args.until)]
    option = rows_wanted([*rows, ("--columns", args.columns)])
    if not times_fit(args.last, args.since, args.until):
        raise BoxgateError("read_rows")
    those = [(item, oad_of(item, args.block)) for item in args.item]
    records = [one for one in those if is_record(one[1])]
    plain = [one for one in those if not is_record(one[1])]
    if option and not records:
        raise BoxgateError("read_no_record", option=option)
    found: list[Asked698] = []
    for at in range(0, len(plain), MOST):
        found.append(_attributes(address, plain[at : at + MOST], args.wake))
    for item, oad in records:
        rsd = rows_of(oad, args.last, args.since, args.until)
        columns = columns_of(oad, args.columns) if args.columns else ()
        build = functools.partial(encode_get_record, oad, rsd, columns)
        found.append(Asked698(Objects(address, build, args.wake), [item], [oad]))
    return found


def _attributes(address: str, those: list[tuple[str, int]], wake: int) -> Asked698:
    oads = [oad for _, oad in those]

    def build(piid: int) -> bytes:
        return encode_get(oads[0], piid) if len(oads) == 1 else encode_get_list(oads, piid)

    return Asked698(Objects(address, build, wake), [item for item, _ in those], oads)
