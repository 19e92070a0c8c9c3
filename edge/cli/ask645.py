"""`boxgate read` by DL/T 645-2007: one question an item, any identifier, load records by time."""

import argparse

from edge.bus.work import Outcome
from edge.cli.asked import Answer, came, milliseconds, nothing
from edge.cli.collect import Collect
from edge.cli.naming import identifier_of, time_of
from edge.words.messages import BoxgateError
from protocol.dlt645.ask import SINCE
from protocol.dlt645.load import is_load
from protocol.dlt645.meaning import item_name, item_values, meaning
from protocol.dlt645.request import load_extra

_WHICH = 0xFF
"""DI0 of class 06: from the earliest on, from a time on, the newest."""


class Asked645:
    """One identifier of one meter."""

    def __init__(self, address: str, item: str, identifier: int, extra: bytes, wake: int) -> None:
        self.item = item
        self.exchange = Collect(address, identifier, extra, wake)

    def answers(self, outcome: Outcome, lang: str) -> list[Answer]:
        """The one answer, in the words of its decoded frame."""
        exchange, last = self.exchange, self.exchange.last
        name = item_name(exchange.identifier, lang)
        if last is None or not came(outcome):
            return [nothing(exchange.address, self.item, exchange.item, name, outcome)]
        said = meaning(last, lang)
        values, note = said.values, said.note
        if exchange.frames > 1:
            # no frame of several holds all of it
            values, notes = item_values(exchange.identifier, exchange.data or b"", lang)
            note = "; ".join(notes)
        return [
            Answer(
                said.address,
                self.item,
                exchange.item,
                said.name or name,
                values,
                said.error,
                note,
                None,
                milliseconds(outcome),
            )
        ]

    def refusal(self, answer: Answer, outcome: Outcome) -> BoxgateError:
        """What the error word of the meter says."""
        cause = answer.error.text if answer.error else outcome.refusal
        return BoxgateError("read_refused", address=answer.address, item=answer.item, cause=cause)


def asked(address: str, args: argparse.Namespace) -> list[Asked645]:
    """The questions of a command line; BoxgateError where an item and an option do not fit."""
    those = [(item, identifier_of(item, bool(args.block))) for item in args.item]
    if not any(is_load(identifier) for _, identifier in those):
        for option, value in (("--last", args.last), ("--since", args.since)):
            if value is not None:
                raise BoxgateError("read_no_load", option=option)
    return [
        Asked645(address, item, *_load(item, identifier, args), args.wake)
        if is_load(identifier)
        else Asked645(address, item, identifier, b"", args.wake)
        for item, identifier in those
    ]


def _load(item: str, identifier: int, args: argparse.Namespace) -> tuple[int, bytes]:
    """Identifier of load records as the options want it, and what is asked besides."""
    count = args.last or 1
    if args.since is None:
        if identifier & _WHICH == SINCE:
            raise BoxgateError("read_load_since", item=item)
        return identifier, load_extra(count)
    at = time_of(args.since)
    since = (at.year % 100, at.month, at.day, at.hour, at.minute)
    return identifier & ~_WHICH | SINCE, load_extra(count, since)
