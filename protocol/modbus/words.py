"""What stands in one register or several: types of contents, word orders, exact scaling.

A register is sent high byte first (application protocol §4.2). Of more registers for one value no
standard says which comes first; four orders are met, named after the bytes A (highest) to D of a
32-bit value as they stand on the line: ABCD, CDAB (low word first), BADC (bytes of each word
swapped), DCBA (low byte first throughout). 64-bit values follow the same two swaps.
"""

from collections.abc import Sequence

TYPES = {
    "u16": ("H", 1),
    "s16": ("h", 1),
    "u32": ("I", 2),
    "s32": ("i", 2),
    "u64": ("Q", 4),
    "s64": ("q", 4),
    "f32": ("f", 2),
    "bit": ("", 1),
}
"""Of a type, its struct code and how many registers it takes; a bit is one coil or input."""

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")

_LIMIT = 2**63
_INFINITE = (float("inf"), float("-inf"))


def arranged(order: str, registers: int) -> list[int]:
    """Which byte on the line stands where in the value, highest first; its own inverse.

    ValueError for an order that is none of ORDERS.
    """
    if order not in ORDERS:
        raise ValueError(f"no word order: {order!r}, there are {', '.join(ORDERS)}")
    words = [(2 * word, 2 * word + 1) for word in range(registers)]
    if order in ("CDAB", "DCBA"):
        words.reverse()
    swapped = order in ("BADC", "DCBA")
    return [byte for word in words for byte in (word[::-1] if swapped else word)]


def moved(data: bytes, places: Sequence[int]) -> bytes:
    """The bytes at these places, in their order."""
    return bytes([data[place] for place in places])


def scaled(content: int | float, power: int, signed: bool) -> int | None:
    """content x 10**power as an integer, correctly rounded, ties to even.

    Rounded is the exact number a float stands for. None where there is no value: NaN, infinity,
    below zero although the quantity cannot be (after rounding), or too large for 63 bits.
    """
    if isinstance(content, float):
        if content != content or content in _INFINITE:
            return None
        over, under = content.as_integer_ratio()
    else:
        over, under = content, 1
    if power >= 0:
        over *= 10**power
    else:
        under *= 10**-power
    number, rest = divmod(over, under)
    number += 2 * rest > under or (2 * rest == under and number & 1)
    if not -_LIMIT < number < _LIMIT or (number < 0 and not signed):
        return None
    return number
