"""What services of DL/T 698.45 hold: the values of their parts, read or to be sent (§7.2)."""

from typing import Any

import msgspec

from protocol.dlt698.axdr import Chosen, Data, Road, Row, Ti


class Dar(msgspec.Struct, frozen=True):
    """Why there is no data (dar.csv)."""

    code: int


class Result(msgspec.Struct, frozen=True):
    """One attribute's data, or why there is none."""

    oad: int
    outcome: Dar | Data


class RecordAsk(msgspec.Struct, frozen=True):
    """Which rows and columns of a record are asked for."""

    oad: int
    rsd: Chosen
    rcsd: tuple[int | Road, ...]


class Record(msgspec.Struct, frozen=True):
    """Rows of a record, or why there are none. No rows is a valid answer."""

    oad: int
    columns: tuple[int | Road, ...]
    outcome: Dar | tuple[Row, ...]

    def cells(self) -> tuple[int, ...]:
        """The attribute each datum of a row is of."""
        flat = cells(self.columns, flat=True)
        rows = () if isinstance(self.outcome, Dar) else self.outcome
        if rows and len(rows[0]) == len(flat):
            return flat
        return cells(self.columns, flat=False)


class Results(msgspec.Struct, frozen=True):
    """A list of attributes' data, where it is one choice of several."""

    results: tuple[Result, ...]


class Records(msgspec.Struct, frozen=True):
    """A list of records, where it is one choice of several."""

    records: tuple[Record, ...]


class SetItem(msgspec.Struct, frozen=True):
    """An attribute and what it is to be."""

    oad: int
    data: Data


class SetThenGet(msgspec.Struct, frozen=True):
    """An attribute set, and after `delay` seconds another one read."""

    oad: int
    data: Data
    read: int
    delay: int


class Done(msgspec.Struct, frozen=True):
    """What became of one attribute that was to be set: DAR 0 is success."""

    oad: int
    dar: int


class DoneThenGot(msgspec.Struct, frozen=True):
    """What became of a SetThenGet."""

    oad: int
    dar: int
    result: Result


class Call(msgspec.Struct, frozen=True):
    """A method and its argument."""

    omd: int
    data: Data


class CallThenGet(msgspec.Struct, frozen=True):
    """A method called, and after `delay` seconds an attribute read."""

    omd: int
    data: Data
    read: int
    delay: int


class Called(msgspec.Struct, frozen=True):
    """What became of a call: DAR 0 is success, and what it gave back."""

    omd: int
    dar: int
    data: Data | None


class CalledThenGot(msgspec.Struct, frozen=True):
    """What became of a CallThenGet."""

    omd: int
    dar: int
    data: Data | None
    result: Result


class TimeTag(msgspec.Struct, frozen=True):
    """When it was sent (date_time_s), and how long it may be on its way."""

    sent: bytes
    allowed: Ti


class Plain(msgspec.Struct, frozen=True):
    """An APDU in a security envelope, readable."""

    apdu: bytes


class Cipher(msgspec.Struct, frozen=True):
    """An APDU in a security envelope, enciphered."""

    cipher: bytes


class Mac(msgspec.Struct, frozen=True):
    """A message authentication code; without a security module nobody can verify it."""

    mac: bytes


class Rn(msgspec.Struct, frozen=True):
    """A random number."""

    rn: bytes


class RnMac(msgspec.Struct, frozen=True):
    """A random number and the MAC over it and the APDU."""

    rn: bytes
    mac: bytes


class Public(msgspec.Struct, frozen=True):
    """CONNECT without a password."""


class Password(msgspec.Struct, frozen=True):
    """CONNECT with a password."""

    password: bytes


class Symmetric(msgspec.Struct, frozen=True):
    """CONNECT by a symmetric key."""

    cipher: bytes
    signature: bytes


class Signature(msgspec.Struct, frozen=True):
    """CONNECT by a signature."""

    cipher: bytes
    signature: bytes


class Security(msgspec.Struct, frozen=True):
    """What a server adds to its CONNECT-Response: its random number and signature."""

    rn: bytes
    signature: bytes


class Target(msgspec.Struct, frozen=True):
    """PROXY: one meter behind the terminal, how long to wait for it, and what is asked of it."""

    meter: bytes
    timeout: int
    items: tuple[Any, ...]


class TargetAnswer(msgspec.Struct, frozen=True):
    """PROXY: what came of one meter."""

    meter: bytes
    items: tuple[Any, ...]


def cells(columns: tuple[int | Road, ...], *, flat: bool) -> tuple[int, ...]:
    """The attributes of columns, one for each datum of a row.

    A ROAD column has one datum (sheet §2, PyPI dlt698), or `flat` one for each of its objects [?].
    """
    those: list[int] = []
    for column in columns:
        if not isinstance(column, Road):
            those.append(column)
        elif len(column.columns) == 1 or (flat and column.columns):
            those += column.columns
        else:
            those.append(column.oad)
    return tuple(those)
