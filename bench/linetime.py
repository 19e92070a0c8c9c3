"""Exchanges of a line out of a truth file, and the least time each could have taken on the wire.

Minimal time of an exchange: silence its protocol asks for, request, answer delay, answer, at 11
bits a character. DL/T 645-2007: a record is an exchange, 30 ms of silence. DL/T 698.45: the objects
of one list are one exchange, 33 bits of silence. Modbus RTU: 3.5 characters.
"""

import itertools
import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.site.model import Line
from edge.site.silence import silences

DELAY_MS = 20.0
"""The emulator's answer delay, `boxgate-sim up --delay-ms`."""
ANSWER_WAKE = 4
"""FE bytes before an answer, `boxgate-sim up --wake`."""
BITS = 11

FIXED_645 = 12
"""68 A0..A5 68 C L … CS 16."""
IDENTIFIER = 4

LINK_698 = 17
"""68, length of two, C, address of 1 + 6, client, HCS … FCS, 16."""
OAD = 4
TIME_TAG = 1
REPORT = 1

MODBUS_REQUEST = 8
MODBUS_FIXED = 5
"""Unit, function, byte count, CRC."""

Truth = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One answer of a meter or TMU: when its last byte left (ms), and what stood in it."""

    t: int
    line: str
    records: tuple[Truth, ...]


def exchanges(truth: pathlib.Path) -> Iterator[Exchange]:
    """All of a truth file, in its order."""
    rows = map(json.loads, truth.read_text(encoding="utf-8").splitlines())
    for (t, line, _), records in itertools.groupby(rows, _answer):
        found = tuple(records)
        if _protocol(found[0]) == "dlt698":
            yield Exchange(t, line, found)
        else:
            yield from (Exchange(t, line, (one,)) for one in found)


def least_ms(line: Line, one: Exchange) -> float:
    """Minimal line time of an exchange."""
    protocol = _protocol(one.records[0])
    raws = [len(record["raw"]) // 2 for record in one.records]
    match protocol:
        case "dlt645":
            asked = line.wake_bytes + FIXED_645 + IDENTIFIER
            chars = asked + ANSWER_WAKE + FIXED_645 + IDENTIFIER + sum(raws)
        case "dlt698":
            chars = line.wake_bytes + ANSWER_WAKE + 2 * LINK_698 + _apdus(raws)
        case _:
            chars = MODBUS_REQUEST + MODBUS_FIXED + sum(raws)
    return chars * BITS * 1000 / line.baud + DELAY_MS + silences(line)[protocol] / 1e6


def utilisation(line: Line, found: Sequence[Exchange]) -> float:
    """Minimal time over wall time, from the first to the last of these answers of a line."""
    return sum(least_ms(line, one) for one in found[1:]) / (found[-1].t - found[0].t)


def _apdus(raws: Sequence[int]) -> int:
    """Request and answer of a GET: 05 0x PIID [n] OADs 00; 85 0x PIID [n] results 00 00.

    A result is its OAD, 01 and the datum, or 00 and the reason.
    """
    count = 0 if len(raws) == 1 else 1
    asked = 3 + count + OAD * len(raws) + TIME_TAG
    results = sum(OAD + 1 + (raw or 1) for raw in raws)
    return asked + 3 + count + results + REPORT + TIME_TAG


def _answer(record: Truth) -> tuple[int, str, str]:
    return record["t"], record["line"], record["meter"]


def _protocol(record: Truth) -> str:
    """By how its item is written: an identifier, 698:OAD, or function and registers."""
    item = record["item"]
    if ":" not in item:
        return "dlt645"
    return "dlt698" if item.startswith("698:") else "modbus"
