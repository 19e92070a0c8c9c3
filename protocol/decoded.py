"""What one frame says, whatever its protocol: the structs behind `boxgate decode --json`.

The order of the fields is the order of the keys. A number is in its unit and comes from a scaled
integer by one division; `value` None = the meter has no such value (FF-filled, not BCD, a length
that does not fit), which is never 0.
"""

from typing import Any

import msgspec


class Field(msgspec.Struct, frozen=True):
    """One value of a frame."""

    name: str
    quantity: str | None
    """Name in the vocabulary (protocol/quantity.csv): a value of now, or beside its own time."""
    value: int | float | str | bool | None
    unit: str


class Fault(msgspec.Struct, frozen=True):
    """Why the other side refused: its code in hex and the words for it."""

    code: str
    text: str


class Decoded(msgspec.Struct, frozen=True, omit_defaults=True):
    """One whole frame in words."""

    protocol: str
    """dlt645-2007, dlt645-1997, dlt698.45, modbus-rtu."""
    start: int
    """Offset of the frame's first byte in the input, wake-up bytes not counted in."""
    length: int
    direction: str
    """request, response, report."""
    address: str
    """Most significant digit first."""
    control: str
    function: str | int
    """In words; of modbus-rtu its number, as that is how everybody names it: 4, not 84H."""
    identifier: str
    """'0201FF00'; "" where the function has none."""
    name: str
    values: list[Field]
    error: Fault | None
    note: str
    """What a reader must know besides: doubtful rows, wildcard address, more to follow."""
    apdu: dict[str, Any] | None = None
    """DL/T 698.45 only, and no key of any other: the whole APDU, {"service", "kind", "piid", …}."""
    unit_id: int | msgspec.UnsetType = msgspec.UNSET
    """This and what follows: modbus-rtu only, and no key of any other."""
    start_register: int | msgspec.UnsetType = msgspec.UNSET
    """The first register, coil or input that is asked or written; no key where none is named."""
    count: int | msgspec.UnsetType = msgspec.UNSET
    """How many from there on."""
    registers: list[int] | msgspec.UnsetType = msgspec.UNSET
    """Their contents, unsigned, where the frame holds some."""
    exception: int | msgspec.UnsetType | None = msgspec.UNSET
    """The code of an exception answer, null for every other frame."""
