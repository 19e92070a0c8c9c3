"""`boxgate read PORT ITEM…`: ask one meter or unit a few things, now, in one of three protocols."""

import argparse
import contextlib
import queue
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from edge.bus.master import BYTE_GAP_NS, LONGEST_FRAME, LineMaster
from edge.bus.step import Heard, Spoke
from edge.bus.timing import MARGIN_NS, SECOND, line_timing
from edge.bus.work import End, Outcome
from edge.cli.annotate import value_text
from edge.cli.asked import Answer, Asked
from edge.cli.device import BAUD, add_device, line_of, opened, port_of
from edge.cli.naming import address_of
from edge.cli.oneshot import TRIES, Ended, OneShot
from edge.cli.overheard import Others
from edge.shells.clock import monotonic_ns
from edge.shells.line import LineThread
from edge.site.model import Line
from edge.words.messages import BoxgateError, language, padded, say, width
from edge.words.verbs import tell
from protocol.exchange import DLT645, DLT698, MODBUS

_BAUD = {DLT645: BAUD, DLT698: 9600, MODBUS: 9600}
"""What a meter or unit of that protocol usually leaves the works with."""
_ROOM = 1000
_SPARE_NS = 5 * SECOND
_END_S = 3.0
_LINGER_NS = SECOND // 2
"""How long more answers to a wildcard are waited for."""
_ROWS = ("last", "since", "until", "columns")
_MISFITS = {
    DLT645: ("unit", "map", "until", "columns"),
    DLT698: ("unit", "map"),
    MODBUS: ("address", "block", *_ROWS),
}
"""Options that say nothing in a protocol."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's own arguments."""
    add_device(parser, "speed of the line (2400; dlt698 and modbus 9600)", None)
    parser.add_argument(
        "item",
        nargs="+",
        metavar="ITEM",
        help="identifier (0201FF00), OAD (20000200), registers (04:0000:0011) or quantity "
        "(voltage_a)",
    )
    parser.add_argument(
        "--protocol",
        choices=(DLT645, DLT698, MODBUS),
        default=DLT645,
        metavar="NAME",
        help="dlt645, dlt698 or modbus (dlt645)",
    )
    parser.add_argument(
        "--address",
        metavar="A",
        help="12 digits as printed on the meter; AAAAAAAAAAAA = the only meter on the line",
    )
    parser.add_argument(
        "--unit", type=_unit, metavar="N", help="modbus: address of the unit, 1..247"
    )
    parser.add_argument(
        "--map",
        metavar="MAP",
        help="modbus: register map of the quantities; its name as ITEM = all of it",
    )
    parser.add_argument(
        "--last",
        type=_count,
        metavar="N",
        help="a record's newest N rows; dlt645: so many load records (1)",
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="a record's rows, dlt645: load records, from this time of the meter on",
    )
    parser.add_argument(
        "--until", metavar="TIME", help="dlt698, a record: with --since: rows before this time"
    )
    parser.add_argument(
        "--columns",
        metavar="OADS",
        help="dlt698, a record: these columns of it, commas between (all that are stored)",
    )
    # None = not given: not every protocol has it
    parser.add_argument(
        "--block",
        action="store_true",
        default=None,
        help="read the whole block a quantity stands in",
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
    questions = _questions(args)
    args.baud = args.baud or _BAUD[args.protocol]
    line = line_of(args, wake=args.wake, answer_ms=round(args.timeout * 1000))
    port = port_of(args, line)
    device = opened(line, port)
    others = Others(args.address or "")
    if others.wildcard:
        tell("boxgate", say("read_any", address=args.address.upper()))
    master = LineMaster(line, [OneShot(one.exchange for one in questions)], trace=True)
    inbox: queue.Queue[Any] = queue.Queue(_ROOM)
    thread = LineThread(
        line,
        port,
        master,
        lambda item, wait: inbox.put(item, timeout=wait),
        tap=lambda _, item: _offer(inbox, item),
        opened=device,
    )
    thread.start()
    failure: BoxgateError | None = None
    # JSON is for programs: English whatever LANG
    lang = "en" if args.json else language()
    shown = _Shown(args.json)
    try:
        for ended in _ends(inbox, others, args.port, line, len(questions)):
            asked = questions[ended.key]
            lost = _lost(ended.outcome, asked, others, args, line)
            for answer in asked.answers(ended.outcome, lang):
                if lost is None or args.json:
                    shown.show(answer)
                if lost is None and answer.error is not None:
                    failure = failure or asked.refusal(answer, ended.outcome)
            failure = failure or lost
        if others.wildcard:
            _linger(inbox, others)
    finally:
        thread.end(_END_S)
    if len(others.meters) > 1:
        # what was shown may be of any of them: nothing else is as important
        meters = ", ".join(sorted(others.meters))
        raise BoxgateError("read_several", address=args.address.upper(), meters=meters)
    if failure is not None:
        raise failure
    return 0


def _questions(args: argparse.Namespace) -> Sequence[Asked]:
    """What is to be asked; BoxgateError for what does not fit the protocol or is no item."""
    protocol = args.protocol
    for option in _MISFITS[protocol]:
        if getattr(args, option) is not None:
            raise BoxgateError("read_not_with", option=f"--{option}", protocol=protocol)
    needed = "unit" if protocol == MODBUS else "address"
    if getattr(args, needed) is None:
        raise BoxgateError("read_needs", option=f"--{needed}", protocol=protocol)
    # a protocol's tables are read only where it is spoken
    if protocol == MODBUS:
        from edge.cli import ask_modbus

        return ask_modbus.asked(args.unit, args)
    args.address = address_of(args.address)
    if protocol == DLT698:
        from edge.cli import ask698

        return ask698.asked(args.address, args)
    from edge.cli import ask645

    return ask645.asked(args.address, args)


def _ends(
    inbox: "queue.Queue[Any]", others: Others, port: str, line: Line, count: int
) -> Iterator[Ended]:
    """How each question ended; every wait is bounded by what one exchange can take."""
    timing = line_timing(line)
    longest = timing.answer_ns + MARGIN_NS + BYTE_GAP_NS
    longest += 2 * max(LONGEST_FRAME.values()) * timing.char_ns
    while count:
        try:
            # before its tries a question may wait for what a Modbus unit owes (edge/bus/owed.py)
            item = inbox.get(timeout=(longest * (2 * TRIES + 1) + _SPARE_NS) / SECOND)
        except queue.Empty:
            raise RuntimeError("the line gave no outcome") from None
        if isinstance(item, Ended):
            count -= 1
            yield item
        elif isinstance(item, Heard):
            others.hear(item)
        elif getattr(item, "state", "") == "down":
            # the outcomes of what was asked stand behind it, but none comes of what was not
            raise BoxgateError("tool_port_lost", port=port, reason=item.reason)


def _offer(inbox: "queue.Queue[Any]", item: Spoke | Heard) -> None:
    """A frame of the trace, from the line's thread; without room it is let go, the next says it."""
    with contextlib.suppress(queue.Full):
        inbox.put_nowait(item)


def _linger(inbox: "queue.Queue[Any]", others: Others) -> None:
    """Hear whether more meters answer to a wildcard."""
    until = monotonic_ns() + _LINGER_NS
    while (left := until - monotonic_ns()) > 0:
        try:
            item = inbox.get(timeout=left / SECOND)
        except queue.Empty:
            return
        if isinstance(item, Heard):
            others.hear(item)


def _lost(
    outcome: Outcome, asked: Asked, others: Others, args: argparse.Namespace, line: Line
) -> BoxgateError | None:
    """Why there was no answer, and what to look at; None where there was one."""
    facts = {
        "address": asked.exchange.address,
        "port": args.port,
        "baud": line.baud,
        "parity": line.parity,
    }
    match outcome.end:
        case End.SILENT | End.GARBLED if others.strangers:
            return BoxgateError("read_stranger", other=min(others.strangers), **facts)
        case End.SILENT:
            return _silent(args, facts)
        case End.GARBLED if others.wildcard:
            return BoxgateError("read_garbled_any", **facts)
        case End.GARBLED:
            return BoxgateError("read_garbled", **facts)
        case End.LINE_DOWN:
            return BoxgateError("tool_port_lost", port=args.port, reason="")
    return None


def _silent(args: argparse.Namespace, facts: dict[str, Any]) -> BoxgateError:
    facts |= {"tries": TRIES, "timeout": f"{args.timeout:g}"}
    match args.protocol:
        case "dlt698":
            return BoxgateError("read_silent_698", **facts)
        case "modbus":
            return BoxgateError("read_silent_unit", **facts)
    return BoxgateError("read_silent", **facts)


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


def _unit(text: str) -> int:
    value = int(text, 0)
    if not 1 <= value <= 247:
        raise argparse.ArgumentTypeError(f"{text} is not within 1..247")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 255:
        raise argparse.ArgumentTypeError(f"{text} is not within 1..255")
    return value
