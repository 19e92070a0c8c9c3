"""What `boxgate read` asks and gets, whatever the protocol: one question, its items' answers."""

from typing import Protocol

import msgspec

from edge.bus.work import End, Outcome
from edge.words.messages import BoxgateError
from protocol.decoded import Fault, Field
from protocol.exchange import Exchange


class Answer(msgspec.Struct):
    """One line of --json: what one item gave."""

    address: str
    """The meter that answered; of Modbus the unit's number."""
    item: str
    identifier: str
    name: str
    values: list[Field]
    error: Fault | None
    note: str
    reason: str | None
    """Why there is nothing: silent, garbled."""
    elapsed_ms: int


class Asked(Protocol):
    """One question for the line, and what its outcome says of each item in it."""

    @property
    def exchange(self) -> Exchange:
        """What the line master is given."""

    def answers(self, outcome: Outcome, lang: str) -> list[Answer]:
        """One for each item, in the order they were named."""

    def refusal(self, answer: Answer, outcome: Outcome) -> BoxgateError:
        """The sentence for an item that the meter refused."""


def came(outcome: Outcome) -> bool:
    """Whether the meter answered, be it with a refusal."""
    return outcome.end in (End.DONE, End.REFUSED)


def milliseconds(outcome: Outcome) -> int:
    """What the exchange took on the line."""
    return round(outcome.elapsed / 1e6)


def nothing(address: str, item: str, identifier: str, name: str, outcome: Outcome) -> Answer:
    """The answer to an item whose question ended without one."""
    reason = outcome.end.value
    elapsed = milliseconds(outcome)
    return Answer(address, item, identifier, name, [], None, "", reason, elapsed)
