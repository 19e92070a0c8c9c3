"""What the unit does not forget without power: the holding registers that somebody has written.

Those nobody wrote follow the switches of the front end and the kind of transformer, as before.
Image: which are kept (bit 0 = register 0), then each register's word, big-endian.
"""

from tmu import registers as r

LAYOUT = 1


def kept() -> tuple:
    """What a board keeps for this unit: the image's layout and its bytes."""
    return (LAYOUT, 1 + 2 * r.HOLDINGS)


class Keep:
    """The unit's part in its NV memory; `holding` are its settings, shared with the core."""

    def __init__(self, holding, nv) -> None:
        self._holding = holding
        self._nv = nv
        self._image = bytearray(1 + 2 * r.HOLDINGS)
        if nv.found:
            nv.get(0, self._image)
            for i in range(r.HOLDINGS):
                value = self._image[1 + 2 * i] << 8 | self._image[2 + 2 * i]
                if self._image[0] >> i & 1 and r.may_hold(i, value):
                    holding[i] = value

    def written(self, start: int, count: int) -> None:
        """Registers have been written: keep them."""
        image = self._image
        for i in range(start, start + count):
            image[0] |= 1 << i
            image[1 + 2 * i] = self._holding[i] >> 8
            image[2 + 2 * i] = self._holding[i] & 0xFF
        self._nv.put(0, image)
        self._nv.commit()
