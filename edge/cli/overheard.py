"""Who else answers while one meter is asked: several to a wildcard, a stranger to an address."""

from cext.framing import Frame645
from cext.framing698 import Frame698
from edge.bus.step import Heard

_ANY = "A"
MOST = 64
"""Meters remembered; more than a few say nothing new."""


class Others:
    """The meters heard on a line on which `address` is asked ("" = none: Modbus has no such)."""

    def __init__(self, address: str) -> None:
        self.wildcard = _ANY in address.upper()
        self.meters: set[str] = set()
        """Those whose address fits a wildcard that is asked."""
        self.strangers: set[str] = set()
        """Those whose address is another one."""
        self._address = address.upper()

    def hear(self, heard: Heard) -> None:
        """One frame of the line's trace, whoever it was for."""
        match heard.frame:
            case Frame645() as frame:
                meter = f"{frame.address:012X}"
            case Frame698() as frame:
                meter = frame.address.hex().upper()
            case _:
                return
        if not heard.frame.answer or len(self.meters) + len(self.strangers) >= MOST:
            return
        if self._fits(meter):
            # one that repeats the wildcard has not said who it is
            if self.wildcard and _ANY not in meter:
                self.meters.add(meter)
        elif self._address:
            self.strangers.add(meter)

    def _fits(self, meter: str) -> bool:
        return len(meter) == len(self._address) and all(
            one in (_ANY, other) for one, other in zip(self._address, meter, strict=True)
        )
