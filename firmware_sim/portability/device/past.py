"""A made-up past for a meter (lib/metering.py): from integers and for good, so the same on any VM.

Numbers of full width, instants that nobody knows, events.
"""

from lib.metering import CHIP, EVENT, NOW, PEAKS

# of the instants a quarter of an hour apart one in seven is not known
QUARTER = 900
LOST = 7


def memory(buf, page, at, since):
    """The store's door."""
    if at != NOW and at // QUARTER % LOST == 3:
        return False
    x = (page * 31 + at // 60 + 40503) & 0xFFFF
    # what is a second or a count has no more digits than in this century
    short = page == PEAKS or page >= EVENT
    for i in range(len(buf)):
        x = (x * 197 + 12345) & 0xFFFF
        buf[i] = x >> 8
        if short and not i & 3:
            buf[i] &= 0x1F
    if page >= EVENT:
        buf[0] = buf[1] = buf[2] = 0
        buf[3] &= 0x0F
    elif page == CHIP:
        # the totals of a meter that has turned for some years
        for i in range(0x60, 0x80, 4):
            buf[i] &= 0x7F
    return True
