"""04 00 05: the status words (lib/status.py) on the line, low byte first."""

from lib.status import WORDS, word
from meter645 import settings as s
from meter645.put import digits

ALL = 0xFF
NONE = -1


def put_status(out, at, d0, chip, elements, settings, key, tripped, fault=False, sets=0) -> int:
    """One word or, for FF, all seven; the length or NONE."""
    if d0 == ALL:
        first = 1
        last = WORDS
    elif 1 <= d0 <= WORDS:
        first = last = d0
    else:
        return NONE
    lower = 10 * digits(settings.data, s.LOWER, 2)
    upper = 10 * digits(settings.data, s.UPPER, 2)
    pos = at
    for n in range(first, last + 1):
        bits = word(n, chip, elements, lower, upper, key, tripped, fault, sets)
        out[pos] = bits & 0xFF
        out[pos + 1] = bits >> 8
        pos += 2
    return pos - at
