"""One question to one meter, as a small state machine without I/O.

An exchange gives a request, is shown every whole frame that arrives on the line, and says what it
makes of it. It knows nothing of time, ports or retries: those are the line master's.

    start() ----------------> Request
    on_frame(frame) --------> NotMine      some other answer, an echo, a late frame: keep waiting
                              Again        the answer continues: send this next (follow-up frames)
                              Done         the values
                              Refused      the meter answered that it will not or cannot
"""

from typing import Any, Protocol

import msgspec

from protocol.quantity import Quantity

DLT645, DLT698, MODBUS = "dlt645", "dlt698", "modbus"
"""The protocols of a question; the same words as a meter's in the site."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """Bytes for the line, and what the master must know to wait for the answer."""

    data: bytes
    answer_bytes: int
    """Expected length of the answer on the line, wake-up bytes included; 0 = no answer comes."""
    expect: tuple[int, int, int] | None = None
    """Modbus only, whose answers cannot be framed without it: (unit, function, length)."""
    protocol: str = DLT645
    """What the bytes are: which frames are listened for, which silence is kept before them."""


class Value(msgspec.Struct, frozen=True, gc=False):
    """One measured value as a scaled integer; None = the meter has no such value (FF fill)."""

    quantity: Quantity
    scaled: int | None


class NotMine(msgspec.Struct, frozen=True, gc=False):
    """Not the answer to this question."""

    why: str
    """"echo", "address", "identifier", "function", "sequence"."""


class Again(msgspec.Struct, frozen=True, gc=False):
    """The answer continues: send this request next."""

    request: Request


class Done(msgspec.Struct, frozen=True, gc=False):
    """The whole answer."""

    values: tuple[Value, ...]
    refused: str = ""
    """What the meter refused of a list while it gave the rest, in words; "" = nothing."""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The meter answered with an error."""

    code: int
    text: str


Verdict = NotMine | Again | Done | Refused


class Exchange(Protocol):
    """What the line master needs of a question, whatever the protocol."""

    @property
    def address(self) -> str:
        """The meter asked: its 12-digit address."""

    @property
    def item(self) -> str:
        """What is asked, for logs and frames: '02010100'."""

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What a Done will hold, in order."""

    def start(self) -> Request:
        """The first request; calling it again begins the exchange anew (a retry)."""

    def on_frame(self, frame: Any) -> Verdict:
        """What this whole, checked frame means to the question."""
