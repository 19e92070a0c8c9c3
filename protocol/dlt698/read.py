"""The sweep's question: attributes of one meter, all in one GET, as scaled integers.

The awaited answer is always as long as the table says, with the same type bytes in the same places;
such a one is read by cext.values698 in one call. All else (refusals, nulls, fewer elements, a time
tag, a report that follows) goes the general way, which says the same of a plain one. A value counts
only with the type of the table: an edition with another one may scale it otherwise.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cext.values698 import Layout698
from protocol.dlt698.axdr import ARRAY, NULL, Data
from protocol.dlt698.parts import Dar, Result
from protocol.dlt698.question import IDENTIFIER, TAIL, Outcome, Question
from protocol.dlt698.requests import encode_get, encode_get_list
from protocol.dlt698.table import cells, entry, tag
from protocol.dlt698.words import dar_name, word
from protocol.exchange import Done, Refused, Value, Verdict
from protocol.quantity import Quantity

MOST = 127
"""Attributes in one question."""

_NORMAL, _LIST = 1, 2
_WIDTH = {0x05: 4, 0x06: 4, 0x0F: 1, 0x10: 2, 0x11: 1, 0x12: 2, 0x14: 8, 0x15: 8, 0x16: 1}
_OAD = 4
_DATA = 1
_HEADS = {_NORMAL: 3, _LIST: 4}
_KIND_AT = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One attribute of a question: what its datum holds."""

    oad: int
    quantities: tuple[Quantity, ...]
    skeleton: bytes
    """Its datum as it is when all is there, numbers as 00."""
    fixed: tuple[int, ...]
    """Places in it that are no number."""


@dataclass(frozen=True, slots=True)
class Plain:
    """The answer to a list of attributes when all is well."""

    asked: tuple[Asked, ...]
    quantities: tuple[Quantity, ...]
    size: int
    """Bytes of the APDU."""
    layout: Layout698
    fixed: Callable[[bytes], Any]
    """Takes out of an APDU of that size what is the same in each: kind, choices, types, counts."""
    wanted: Any
    """What it then is."""


def asked(oad: int) -> Asked:
    """The attribute or element of an OAD; KeyError where the table has no quantity of it."""
    found, place = entry(oad), oad & 0xFF
    if found is None or not found.quantities or (place and found.axis == "one"):
        raise KeyError(f"{oad:08X}")
    those = found.quantities[place - 1 : place] if place else found.quantities
    if not those:
        raise KeyError(f"{oad:08X}")
    kind = tag(found.type)
    one = bytes((kind,)) + bytes(_WIDTH[kind])
    if place or found.axis == "one":
        return Asked(oad, those, one, (0,))
    many = len(those)
    return Asked(
        oad,
        those,
        bytes((ARRAY, many)) + one * many,
        (0, 1, *range(2, 2 + many * len(one), len(one))),
    )


@functools.lru_cache(maxsize=64)
def plain(oads: tuple[int, ...]) -> Plain:
    """What answers these OADs; shared by all meters that are asked the same.

    KeyError for one that is no quantity, ValueError for none or more than MOST.
    """
    if not 0 < len(oads) <= MOST:
        raise ValueError(f"a question has 1..{MOST} OADs")
    those = tuple(asked(oad) for oad in oads)
    kind = _NORMAL if len(those) == 1 else _LIST
    at = _HEADS[kind]
    wanted = {_KIND_AT: kind}
    for one in those:
        at += _OAD
        wanted[at] = _DATA
        at += 1
        wanted |= {at + place: one.skeleton[place] for place in one.fixed}
        at += len(one.skeleton)
    return Plain(
        asked=those,
        quantities=tuple(quantity for one in those for quantity in one.quantities),
        size=at + TAIL,
        layout=Layout698(tuple((one.oad, len(one.quantities)) for one in those)),
        fixed=operator.itemgetter(*wanted),
        wanted=tuple(wanted.values()),
    )


class ReadObjects(Question):
    """One read of attributes; an Exchange (question.py says what each frame means to it).

    `oads` as ints or hex ("20000201"), in the order of the answer; one is asked by GET Normal,
    several by NormalList. KeyError for one that the table has no quantity of, ValueError for an
    address that has not 12 digits, for no OAD or more than MOST.
    """

    __slots__ = ("_plain",)

    KINDS = frozenset({_NORMAL, _LIST})

    def __init__(self, address: str, oads: Sequence[int | str], wake: int = 4) -> None:
        numbers = tuple(oad_number(oad) for oad in oads)
        self._plain = plain(numbers)
        request = encode_get(*numbers) if len(numbers) == 1 else encode_get_list(numbers)
        item = ",".join(f"{oad:08X}" for oad in numbers)
        super().__init__(address, request, item, self._plain.size, wake)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What a Done holds, in order; less those that the meter refuses."""
        return self._plain.quantities

    def _on_apdu(self, data: bytes) -> Verdict:
        # the hot path: where every type stands in its place, every number does
        whole = self._plain
        if len(data) == whole.size and whole.fixed(data) == whole.wanted:
            numbers = whole.layout.unpack_data(data, self._number)
            if numbers is not None:
                return Done(tuple(map(Value, whole.quantities, numbers)))
        return super()._on_apdu(data)

    def _end(self, outcome: Outcome) -> Verdict:
        ordered = _ordered(self._plain.asked, outcome.results)
        if ordered is None:
            return IDENTIFIER
        values: list[Value] = []
        refusals: list[tuple[int, int, str]] = []
        for one, result in zip(self._plain.asked, ordered, strict=True):
            if isinstance(result.outcome, Dar):
                code = result.outcome.code
                refusals.append((one.oad, code, dar_name(code, "en")))
                continue
            those = _values(one, result.outcome)
            if those is None:
                refusals.append((one.oad, 0, word("type", "en")))
            else:
                values += those
        if len(refusals) == len(ordered) == 1:
            return Refused(*refusals[0][1:])
        text = "; ".join(f"{oad:08X} {why}" for oad, _, why in refusals)
        if len(refusals) == len(ordered):
            return Refused(refusals[0][1], text)
        return Done(tuple(values), text)


def oad_number(oad: int | str) -> int:
    """An OAD as a number, "20000201" as well; KeyError if it is none."""
    number = oad
    if isinstance(number, str):
        try:
            number = int(number, 16)
        except ValueError:
            raise KeyError(oad) from None
    if not 0 <= number <= 0xFFFFFFFF:
        raise KeyError(oad)
    return number


def _ordered(wanted: tuple[Asked, ...], results: tuple[Result, ...]) -> list[Result] | None:
    """The results in the order asked; None where they are not just of what was asked."""
    if len(results) != len(wanted):
        return None
    left: dict[int, list[Result]] = {}
    for result in reversed(results):
        left.setdefault(result.oad, []).append(result)
    ordered: list[Result] = []
    for one in wanted:
        those = left.get(one.oad)
        if not those:
            return None
        ordered.append(those.pop())
    return ordered


def _values(one: Asked, data: Data) -> list[Value] | None:
    """The datum as all quantities asked, None for those it does not bring; None = wrong type."""
    found = cells(one.oad, data)
    if found is None:
        return None
    # a null instead of the whole array brings one cell that is none of its elements
    came = [] if data.tag == NULL else [cell.value for cell in found]
    numbers = [number if isinstance(number, int) else None for number in came]
    numbers += [None] * (len(one.quantities) - len(numbers))
    # elements that have no quantity (more tariffs) stand behind the others
    return [
        Value(quantity, number) for quantity, number in zip(one.quantities, numbers, strict=False)
    ]
