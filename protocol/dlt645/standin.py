"""The meaning of DL/T 645 frames over the items of the sweep, until the wider tables stand."""

from cext.framing import Frame645, Scanner645
from protocol.decoded import Decoded, Fault, Field
from protocol.dlt645.frame import (
    ANSWER,
    ERROR,
    FUNCTION,
    IDENTIFIER,
    READ,
    READ_ON,
    address_text,
    error_names,
    function_name,
)  # fmt: skip
from protocol.dlt645.table import items


def find(data: bytes, lang: str = "en") -> tuple[list[Frame645], str]:
    """All frames, and why the rest was not understood."""
    scanner, frames = Scanner645(), []
    frame = scanner.feed(data)
    while frame is not None:
        frames.append(frame)
        frame = scanner.feed(b"")
    at, left = 0, b""
    for one in frames:
        left += data[at : one.start]
        at = one.start + len(one.raw)
    left = (left + data[at:]).replace(b"\xfe", b"")
    if not left:
        return frames, ""
    start = data.find(0x68)
    raw = data[start:] if start >= 0 else b""
    if not frames and len(raw) >= 12 and len(raw) >= 12 + raw[9] and raw[7] == 0x68:
        right = sum(raw[: 10 + raw[9]]) & 0xFF
        return frames, f"checksum: expected {right:02X}, got {raw[10 + raw[9]]:02X}"
    return frames, f"not a frame: {left[:12].hex(' ').upper()}"


def meaning(frame: Frame645, lang: str = "en") -> Decoded:
    """What one frame says."""
    control, data = frame.control, frame.data
    identifier, name, values, error = "", "", [], None
    if control & FUNCTION in (READ, READ_ON) and len(data) >= IDENTIFIER and not control & ERROR:
        identifier = f"{frame.identifier:08X}"
        item = items().get(frame.identifier)
        if item is not None:
            name = item.name(lang)
            numbers = item.numbers(data[IDENTIFIER:]) if control == READ | ANSWER else None
            for quantity, number in zip(item.quantities, numbers or (), strict=False):
                value = None if number is None else quantity.number(number)
                values.append(Field(quantity.en, quantity.name, value, quantity.unit))
    if control & ANSWER and control & ERROR and data:
        error = Fault(f"{data[0]:02X}", error_names(data[0], lang))
    return Decoded(
        "dlt645-2007" if (control & FUNCTION) > 7 else "dlt645-1997",
        frame.start, len(frame.raw), "response" if control & ANSWER else "request",
        address_text(frame.address), f"{control:02X}", function_name(control, lang),
        identifier, name, values, error, "",
    )  # fmt: skip
