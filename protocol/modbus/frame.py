"""Modbus words: function codes, exception codes and their names (application protocol §6, §7)."""

import csv
import functools
from importlib import resources

EXCEPTION = 0x80
"""Bit of the function code that makes an answer an exception."""

READ_INPUT = 0x04

ENVELOPE = 5
"""Bytes of a read answer around its registers: unit, function, byte count, CRC."""

BITS = (0x01, 0x02)
"""Functions that read coils and inputs, a bit each, the first in the lowest bit of a byte."""

MOST_REGISTERS = 125
"""Of one read answer (§6.3, §6.4)."""

MOST_BITS = 2000
"""Of one read answer (§6.1, §6.2)."""


def function_name(function: int, lang: str = "en") -> str:
    """The name of a function code, its exception bit aside; "function 41" for an unknown one."""
    number = function & ~EXCEPTION
    row = _rows("functions.csv", "function").get(number)
    if row is None:
        return f"{'功能码' if lang == 'zh' else 'function'} {number:02X}"
    return row["zh" if lang == "zh" else "en"]


def function_form(function: int) -> str:
    """What a frame holds: "read", "write", "write many", "read write", "identity"; "" else."""
    row = _rows("functions.csv", "function").get(function)
    return row["form"] if row else ""


def asks_read_write(data: bytes) -> bool:
    """Whether this is what a request of function 17H holds: two starts, two counts, registers."""
    if len(data) < 11 or data[8] != len(data) - 9:
        return False
    read, written = int.from_bytes(data[2:4], "big"), int.from_bytes(data[6:8], "big")
    return 1 <= read <= MOST_REGISTERS and data[8] == 2 * written > 0


def exception_name(code: int, lang: str = "en") -> str:
    """The name of an exception code; "exception 0E" for an unknown one."""
    row = _rows("exceptions.csv", "code").get(code)
    if row is None:
        return f"{'异常码' if lang == 'zh' else 'exception'} {code:02X}"
    return row["zh" if lang == "zh" else "en"]


def exception_known(code: int) -> bool:
    """Whether the standard has an exception of this code."""
    return code in _rows("exceptions.csv", "code")


@functools.cache
def _rows(file: str, key: str) -> dict[int, dict[str, str]]:
    text = resources.files("protocol.modbus").joinpath(file).read_text(encoding="utf-8")
    return {int(row[key], 16): row for row in csv.DictReader(text.splitlines())}
