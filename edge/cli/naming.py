"""What a person calls a meter or an item -> its address, its identifier: 0201FF00, voltage_a."""

import datetime
import difflib
import re

from edge.words.messages import BoxgateError
from protocol.dlt645.table import items

_ADDRESS = re.compile(r"[0-9A-Fa-f]{1,12}", re.ASCII)
_IDENTIFIER = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{8})", re.ASCII)
_PHASES = "_a"


def address_of(text: str) -> str:
    """12 digits, zeros put in front as on a short nameplate; BoxgateError otherwise."""
    if not _ADDRESS.fullmatch(text):
        raise BoxgateError("read_address", address=text)
    return text.upper().zfill(12)


def identifier_of(text: str, block: bool = False) -> int:
    """The identifier of an item named by its 8 hex digits or by a quantity.

    A quantity is read alone, with `block` as part of the block it stands in. What stands in front
    of the phases (`voltage`) names their block. BoxgateError for what is neither.
    """
    digits = _IDENTIFIER.fullmatch(text.replace("-", "").replace(":", ""))
    if digits is not None:
        return int(digits[1], 16)
    name = text.lower()
    found = _by_name(name, block)
    if found is None:
        known = sorted({quantity.name for item in items().values() for quantity in item.quantities})
        near = difflib.get_close_matches(name, known, 1)
        if near:
            raise BoxgateError("read_item_near", item=text, near=near[0])
        raise BoxgateError("read_item", item=text)
    return found


def time_of(text: str) -> datetime.datetime:
    """A time of a meter's clock: 2026-10-05, 2026-10-05T08:00; BoxgateError for what is none."""
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise BoxgateError("read_time", text=text) from None
    if at.tzinfo is not None:
        # a meter knows its own clock only
        raise BoxgateError("read_time", text=text)
    return at


def _by_name(name: str, block: bool) -> int | None:
    alone = within = None
    for identifier, item in items().items():
        names = [quantity.name for quantity in item.quantities]
        if names == [name]:
            alone = identifier
        elif len(names) > 1 and (name in names or f"{name}{_PHASES}" in names):
            within = within if within is not None else identifier
    if block or alone is None:
        return within if within is not None else alone
    return alone
