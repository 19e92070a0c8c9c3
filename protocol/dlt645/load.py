"""Load records: the A0 … E5 blocks of class 06 (DL/T 645-2007 A.7, appendix B).

A block is A0 A0 (E0 E0: invalid), a length, the time (5 bytes), the six classes in order with AA
behind each (a class not kept is empty), the sum of all before it, E5. Blocks follow one another.
Sources do not agree what the length counts: from the time to the last AA, or that and sum and E5,
or the whole block. Sum and E5 must be right where the length says, so there is no guess in it. An
answer about one class may hold its six places or that class only.
"""

import functools
from dataclasses import dataclass

from protocol.dlt645.axis import rows
from protocol.dlt645.form import Form, Got, cell, form

_VALID, _INVALID, _APART, _LAST = 0xA0, 0xE0, 0xAA, 0xE5
_HEAD, _TIME, _TAIL = 3, 5, 2
_CLOCK = cell("time:YYMMDDhhmm")


@dataclass(frozen=True, slots=True)
class LoadClass:
    """One class of load records."""

    number: int
    en: str
    zh: str
    form: Form
    mark: str
    source: str
    example: bytes
    gives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One record block: time and values; of an invalid block no value but the time."""

    valid: bool
    values: tuple[Got, ...]


@functools.cache
def classes() -> tuple[LoadClass, ...]:
    """The six classes in their order on the wire."""
    return tuple(
        LoadClass(
            number=int(row["class"], 16),
            en=row["en"],
            zh=row["zh"],
            form=form(row["form"]),
            mark=row["mark"],
            source=row["source"],
            example=bytes.fromhex(row["example"]),
            gives=tuple(row["gives"].split("|")),
        )
        for row in rows("loads.csv")
    )


def is_load(identifier: int) -> bool:
    """Is it 06 {all, class} 00 {earliest, given time, newest}?"""
    return (
        identifier >> 24 == 0x06
        and (identifier >> 16 & 0xFF) <= len(classes())
        and identifier >> 8 & 0xFF == 0
        and (identifier & 0xFF) <= 2
    )


def blocks(data: bytes, only: int = 0) -> list[Block] | None:
    """The blocks of an answer, follow-ups joined; None where they are not whole and right.

    `only` is the class asked for, 0 = all.
    """
    found = []
    at = 0
    while at < len(data):
        end, block = _block(data, at, only)
        if block is None:
            return None
        found.append(block)
        at = end
    return found or None


def _block(data: bytes, at: int, only: int) -> tuple[int, Block | None]:
    head = data[at : at + _HEAD]
    if len(head) < _HEAD or head[0] != head[1] or head[0] not in (_VALID, _INVALID):
        return at, None
    for end in (at + _HEAD + head[2] + _TAIL, at + _HEAD + head[2], at + head[2]):
        raw = data[at:end]
        if len(raw) < _HEAD + _TIME + _TAIL or end > len(data):
            continue
        if raw[-1] != _LAST or sum(raw[:-_TAIL]) & 0xFF != raw[-_TAIL]:
            continue
        body = raw[_HEAD:-_TAIL]
        time = Got(_CLOCK, _CLOCK.read(body[:_TIME]))
        if head[0] == _INVALID:
            return end, Block(False, (time,))
        values = _classes(body[_TIME:], only)
        if values is not None:
            return end, Block(True, (time, *values))
    return at, None


def _classes(data: bytes, only: int) -> tuple[Got, ...] | None:
    """The values of a block's classes; None unless they fill it exactly."""
    found = _run(data, classes())
    if found is None and only:
        found = _run(data, classes()[only - 1 : only])
    return found


def _run(data: bytes, wanted: tuple[LoadClass, ...]) -> tuple[Got, ...] | None:
    found: list[Got] = []
    at = 0
    for each in wanted:
        if data[at : at + 1] != bytes([_APART]):
            size = each.form.size or 0
            got = each.form.read(data[at : at + size])
            at += size
            if got is None or data[at : at + 1] != bytes([_APART]):
                return None
            found += got
        at += 1
    return tuple(found) if at == len(data) else None
