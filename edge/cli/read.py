"""`boxgate read PORT --address A ITEM…`: ask one meter a few things, now."""

import argparse
import queue
import re
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from edge.bus.master import BYTE_GAP_NS, LONGEST_FRAME, LineMaster
from edge.bus.timing import MARGIN_NS, SECOND, line_timing
from edge.bus.work import End, Outcome
from edge.cli.annotate import value_text
from edge.cli.collect import Collect
from edge.cli.device import add_device, line_of, opened, port_of
from edge.cli.naming import identifier_of
from edge.cli.oneshot import TRIES, Ended, OneShot
from edge.shells.line import LineThread
from edge.site.model import Line
from edge.words.messages import BoxgateError, language, padded, say, width
from edge.words.verbs import tell
from protocol.decoded import Fault, Field
from protocol.dlt645.meaning import item_name, item_values, meaning

_ADDRESS = re.compile(r"[0-9A-Fa-f]{1,12}", re.ASCII)
_ROOM = 1000
_SPARE_NS = 5 * SECOND
_END_S = 3.0


class Answer(msgspec.Struct):
    """One line of --json: what one item gave."""

    address: str
    item: str
    identifier: str
    name: str
    values: list[Field]
    error: Fault | None
    note: str
    reason: str | None
    """Why there is nothing: silent, garbled."""
    elapsed_ms: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's own arguments."""
    add_device(parser)
    parser.add_argument(
        "item", nargs="+", metavar="ITEM", help="identifier (0201FF00) or quantity (voltage_a)"
    )
    parser.add_argument(
        "--address",
        required=True,
        metavar="A",
        help="12 digits as printed on the meter; AAAAAAAAAAAA = the only meter on the line",
    )
    parser.add_argument(
        "--block", action="store_true", help="read the whole block a quantity stands in"
    )
    parser.add_argument(
        "--wake", type=int, choices=range(33), default=4, metavar="N", help="FE bytes sent (4)"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=1.0,
        metavar="S",
        help="seconds until an answer begins (1)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each item")


def run(args: argparse.Namespace) -> int:
    """Ask and print; 1 when an item gave nothing, 3 when there is no port."""
    address = _address(args.address)
    identifiers = [identifier_of(text, args.block) for text in args.item]
    line = line_of(args, wake=args.wake, answer_ms=round(args.timeout * 1000))
    exchanges = [Collect(address, identifier, args.wake) for identifier in identifiers]
    port = port_of(args, line)
    device = opened(line, port)
    if address[:2] == "AA":
        tell("boxgate", say("read_any", address=address))
    master = LineMaster(line, [OneShot(exchanges)], trace=True)
    inbox: queue.Queue[Any] = queue.Queue(_ROOM)
    thread = LineThread(
        line,
        port,
        master,
        lambda item, wait: inbox.put(item, timeout=wait),
        opened=device,
    )
    thread.start()
    failure: BoxgateError | None = None
    # JSON is for programs: English whatever LANG
    lang = "en" if args.json else language()
    shown = _Shown(args.json)
    try:
        for ended in _ends(inbox, args.port, line, len(exchanges)):
            exchange = exchanges[ended.key]
            answer = _answer(args.item[ended.key], exchange, ended.outcome, lang)
            wrong = _failure(answer, ended.outcome, args, line)
            if wrong is None or args.json or answer.error is not None:
                shown.show(answer)
            failure = failure or wrong
    finally:
        thread.end(_END_S)
    if failure is not None:
        raise failure
    return 0


def _address(text: str) -> str:
    """12 digits, zeros put in front as on a short nameplate; BoxgateError otherwise."""
    if not _ADDRESS.fullmatch(text):
        raise BoxgateError("read_address", address=text)
    return text.upper().zfill(12)


def _ends(inbox: "queue.Queue[Any]", port: str, line: Line, count: int) -> Iterator[Ended]:
    """How each question ended; every wait is bounded by what one exchange can take."""
    timing = line_timing(line)
    longest = timing.answer_ns + MARGIN_NS + BYTE_GAP_NS + 2 * LONGEST_FRAME * timing.char_ns
    while count:
        try:
            item = inbox.get(timeout=(longest * TRIES + _SPARE_NS) / SECOND)
        except queue.Empty:
            raise RuntimeError("the line gave no outcome") from None
        if isinstance(item, Ended):
            count -= 1
            yield item
        elif getattr(item, "state", "") == "down":
            # the outcomes of what was asked stand behind it, but none comes of what was not
            raise BoxgateError("tool_port_lost", port=port, reason=item.reason)


def _answer(item: str, exchange: Collect, outcome: Outcome, lang: str) -> Answer:
    """What an item gave, in the words of its decoded answer."""
    elapsed = round(outcome.elapsed / 1e6)
    last = exchange.last
    if last is None or outcome.end not in (End.DONE, End.REFUSED):
        name, reason = item_name(exchange.identifier, lang), outcome.end.value
        return Answer(exchange.address, item, exchange.item, name, [], None, "", reason, elapsed)
    said = meaning(last, lang)
    values, note = said.values, said.note
    if exchange.frames > 1:
        # no frame of several holds all of it
        values, notes = item_values(exchange.identifier, exchange.data or b"", lang)
        note = "; ".join(notes)
    return Answer(
        said.address,
        item,
        exchange.item,
        said.name or item_name(exchange.identifier, lang),
        values,
        said.error,
        note,
        None,
        elapsed,
    )


def _failure(
    answer: Answer, outcome: Outcome, args: argparse.Namespace, line: Line
) -> BoxgateError | None:
    facts = {
        "address": answer.address,
        "port": args.port,
        "baud": line.baud,
        "parity": line.parity,
    }
    match outcome.end:
        case End.SILENT:
            return BoxgateError("read_silent", tries=TRIES, timeout=f"{args.timeout:g}", **facts)
        case End.GARBLED:
            return BoxgateError("read_garbled", **facts)
        case End.LINE_DOWN:
            return BoxgateError("tool_port_lost", port=args.port, reason="")
        case End.REFUSED:
            cause = answer.error.text if answer.error else outcome.refusal
            return BoxgateError(
                "read_refused", address=answer.address, item=answer.item, cause=cause
            )
    return None


class _Shown:
    """Prints answers: JSON lines, or a table with the meter's address over its values."""

    def __init__(self, as_json: bool) -> None:
        self._json = msgspec.json.Encoder() if as_json else None
        self._address = ""

    def show(self, answer: Answer) -> None:
        """One answer, at once."""
        if self._json is not None:
            print(self._json.encode(answer).decode(), flush=True)
            return
        lang = language()
        if answer.address != self._address:
            self._address = answer.address
            print(answer.address)
        print(f"  {answer.identifier} {answer.name}  ({answer.elapsed_ms} ms)")
        if answer.error is not None:
            print(f"    {answer.error.code} {answer.error.text}")
        column = max((width(field.name) for field in answer.values), default=0)
        for field in answer.values:
            print(f"    {padded(field.name, column)}  {value_text(field, lang)}")
        if answer.note:
            print(f"    ({answer.note})")
        sys.stdout.flush()


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 60:
        raise argparse.ArgumentTypeError(f"{text} is not within 0.05..60")
    return value
