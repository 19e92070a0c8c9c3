"""DL/T 645-2007 words: control codes, addresses, names of functions and errors (§5, §7)."""

import csv
import functools
import re
from importlib import resources

ANSWER = 0x80
"""D7 of the control code: from the meter."""
ERROR = 0x40
"""D6: the meter will not or cannot."""
MORE = 0x20
"""D5: the answer continues, to be fetched by READ_ON."""
FUNCTION = 0x1F
"""D4..D0."""

SECURITY = 0x03
TIME = 0x08
READ = 0x11
READ_ON = 0x12
READ_ADDRESS = 0x13
WRITE = 0x14
WRITE_ADDRESS = 0x15
FREEZE = 0x16
SPEED = 0x17
PASSWORD = 0x18
CLEAR_DEMAND = 0x19
CLEAR_METER = 0x1A
CLEAR_EVENTS = 0x1B
RELAY = 0x1C
TERMINAL = 0x1D

NO_DATA = 0x02
"""Bit 1 of ERR: the meter does not have what was asked; a caller need not ask again."""

ENVELOPE = 12
"""Bytes of a frame around its DATA."""
IDENTIFIER = 4
"""Bytes of DI0..DI3 in front of DATA."""

ANY_METER = 0xAAAAAAAAAAAA
BROADCAST = 0x999999999999

_ADDRESS = re.compile(r"[0-9A-Fa-f]{12}", re.ASCII)


def address_number(text: str) -> int:
    """The printed address (12 digits, most significant first) as A5..A0 in one int.

    Hex digits are accepted: non-BCD addresses exist in the field. ValueError otherwise.
    """
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"not a meter address of 12 digits: {text!r}")
    return int(text, 16)


def address_text(number: int) -> str:
    """The address as printed on the meter."""
    return f"{number:012X}"


def address_mask(number: int) -> int:
    """Which bits of an answer's address must equal the asked one: high bytes AA match any."""
    mask = 0xFFFFFFFFFFFF
    for shift in range(40, -8, -8):
        if (number >> shift) & 0xFF != 0xAA:
            break
        mask >>= 8
    return mask


def identifier_bytes(identifier: int) -> bytes:
    """DI0..DI3 as they stand in DATA, before +33H."""
    return identifier.to_bytes(IDENTIFIER, "little")


def function_name(control: int, lang: str = "en") -> str:
    """The name of a control code's function; "function 1F" for one that is not known."""
    names = _names("functions.csv", "function", 16).get(control & FUNCTION)
    if names is None:
        return f"{'功能码' if lang == 'zh' else 'function'} {control & FUNCTION:02X}"
    return names[lang == "zh"]


def error_names(code: int, lang: str = "en") -> str:
    """The error word's bits by name, joined by "; ". Bits combine; nonsense has been seen."""
    names = _names("errors.csv", "bit", 10)
    said = [names[bit][lang == "zh"] for bit in range(8) if code >> bit & 1]
    return "; ".join(said) or ("未给出原因" if lang == "zh" else "no reason given")


@functools.cache
def _names(file: str, key: str, base: int) -> dict[int, tuple[str, str]]:
    text = resources.files("protocol.dlt645").joinpath(file).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {int(row[key], base): (row["en"], row["zh"]) for row in rows}
