"""What the TMU makes of its sensors: status bits with hysteresis, door openings, uptime.

A limit reached sets its bit; the bit goes when the value has fallen below the limit by its
hysteresis. A sensor that gives nothing leaves the bits that rest on it as they are: an alarm must
not go away because its sensor did. The door counts when it is seen open after it was seen closed.
"""

from lib import ticks
from tmu import registers as r
from tmu import sensors as s

SECOND = 1000000

# 0.1 degree below the limit
FAN_BACK = 100
ALARM_BACK = 50
# residual current: tenths of its limit
RESIDUAL_BACK = 8
# supply, 0.01 V: lost below, back above
SUPPLY_LOW = 900
SUPPLY_BACK = 1000

CONTACT_BITS = 7

# fan on, alarm, trip where the unit begins with no settings of its own, 0.1 degree
OIL_LIMITS = (650, 850, 950)
DRY_LIMITS = (900, 1300, 1500)
RESIDUAL_LIMIT = 500


class Watch:
    """The state of one unit's surroundings; `holding` are its settings, shared with the core."""

    def __init__(self, snapshot, holding, t: int) -> None:
        self.snapshot = snapshot
        self.holding = holding
        self.image = bytearray(s.SIZE)
        self.status = 0
        self.by_hand = False
        self.uptime = 0
        self.openings = 0
        self._auto_fan = False
        self._whole = True
        self._second = t
        self._door = False
        self.look(t, True)
        if self.image[s.FITTED + 1] & 1:
            limits = OIL_LIMITS
        else:
            limits = DRY_LIMITS
        for i in range(3):
            holding[r.FAN_ON + i] = limits[i]
        holding[r.RESIDUAL_LIMIT] = RESIDUAL_LIMIT
        self.judge()

    def look(self, t: int, first: bool = False) -> None:
        """Read the sensors at tick t and count the time since the last look."""
        while ticks.diff(t, self._second) >= SECOND:
            self._second = ticks.add(self._second, SECOND)
            self.uptime += 1
        try:
            self.snapshot(self.image)
            self._whole = s.is_ours(self.image)
        except OSError:
            self._whole = False
        if not self._whole:
            # a front end that is not there has no sensors either
            for i in range(s.FITTED, s.SIZE):
                self.image[i] = 0
        door = self.image[s.CONTACTS] & 1 != 0
        if self._whole:
            if door and not self._door and not first:
                self.openings += 1
            self._door = door
        if not first:
            self.judge()

    def anew(self) -> None:
        """Judge as at power-on: other limits than these have nothing to hold on."""
        self.status = 0
        self._auto_fan = False
        self.judge()

    def judge(self) -> None:
        """Work out the status word."""
        image = self.image
        status = self.status
        if self._whole:
            status = (status & ~CONTACT_BITS) | (image[s.CONTACTS] & CONTACT_BITS)
        hot = self._hottest()
        if hot != s.NONE:
            self._auto_fan = over(hot, self.holding[r.FAN_ON], FAN_BACK, self._auto_fan)
            status = self._limit(status, r.OVER_TEMPERATURE, hot, r.ALARM)
            status = self._limit(status, r.TRIP, hot, r.TRIP_AT)
        leak = s.residual(image)
        if leak != s.NONE:
            limit = self.holding[r.RESIDUAL_LIMIT]
            back = limit - limit * RESIDUAL_BACK // 10
            on = over(leak, limit, back, bit(status, r.RESIDUAL_ALARM))
            status = put(status, r.RESIDUAL_ALARM, on)
        volts = s.supply(image)
        if volts != s.NONE:
            lost = volts < (SUPPLY_BACK if bit(status, r.SUPPLY_LOST) else SUPPLY_LOW)
            status = put(status, r.SUPPLY_LOST, lost)
        status = put(status, r.FAN, self._auto_fan or self.by_hand)
        status = put(status, r.SENSOR_FAULT, s.failed(image))
        self.status = put(status, r.SELF_TEST, not self._whole)

    def value(self, register: int) -> int:
        """The input registers that are measured, two's complement in 16 bits."""
        if r.OIL <= register <= r.OUTDOOR:
            return s.temperature(self.image, register - r.OIL) & 0xFFFF
        if register == r.HUMIDITY:
            return s.humidity(self.image)
        if register == r.RESIDUAL:
            return s.residual(self.image)
        return s.supply(self.image)

    def _hottest(self) -> int:
        """The hottest of oil and windings, 0.1 degree; NONE when none of them tells."""
        hottest = s.NONE
        for i in range(s.OIL, s.WINDING_C + 1):
            one = s.temperature(self.image, i)
            if one != s.NONE and (hottest == s.NONE or one > hottest):
                hottest = one
        return hottest

    def _limit(self, status: int, number: int, hot: int, register: int) -> int:
        on = over(hot, self.holding[register], ALARM_BACK, bit(status, number))
        return put(status, number, on)


def over(value: int, limit: int, back: int, was: bool) -> bool:
    """Whether a value stands over its limit, given whether it did before."""
    return value >= (limit - back if was else limit)


def bit(word: int, number: int) -> bool:
    """One bit of a word."""
    return word >> number & 1 != 0


def put(word: int, number: int, on: bool) -> int:
    """The word with one bit set or cleared."""
    if on:
        return word | 1 << number
    return word & ~(1 << number)
