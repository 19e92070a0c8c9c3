"""What a step of a line master gives back; and what a traced line tells of its frames."""

from dataclasses import dataclass
from typing import Any

import msgspec

from edge.bus.hearing import Frame


class Step(msgspec.Struct, frozen=True, gc=False):
    """What one step gives back."""

    write: bytes
    wake: int
    out: tuple[Any, ...]
    listen: int = 0
    """Bytes need not be handed in before this time, ns: no answer can be whole yet, or one is and
    the line has to be idle until then anyhow."""
    sharp: bool = False
    """A short silence ends at `wake`: being late there costs the line its share."""


@dataclass(frozen=True, slots=True)
class Spoke:
    """Trace: bytes that go on the line."""

    at: int
    raw: bytes
    protocol: str
    """As in protocol/exchange.py."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Trace: a whole frame that was found, and what became of it."""

    at: int
    """When its last byte came, ns; of an answer that nobody watched, as learned."""
    frame: Frame
    verdict: str
