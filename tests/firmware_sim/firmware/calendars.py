"""A calendar of tariffs by DL/T 645-2007 alone, with datetime: what the firmware's is held against.

It reads the same bytes as they stand on the line and shares nothing with the firmware.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

EPOCH = datetime(2000, 1, 1)


def second(when: datetime) -> int:
    """Seconds since 2000."""
    return int((when - EPOCH).total_seconds())


def two(byte: int) -> int | None:
    """Two decimal digits."""
    digits = f"{byte:02X}"
    return int(digits) if digits.isdecimal() else None


def day_of(year: int | None, month: int | None, day: int | None) -> date | None:
    """A date, where there is such a one."""
    if year is None or month is None or day is None:
        return None
    try:
        return date(2000 + year, month, day)
    except ValueError:
        return None


def instant(data: bytes) -> datetime | None:
    """mm hh DD MM YY."""
    minute, hour, *rest = map(two, data)
    day = day_of(rest[2], rest[1], rest[0])
    if day is None or minute is None or hour is None or minute > 59 or hour > 23:
        return None
    return datetime.combine(day, time(hour, minute))


def rows(data: bytes, size: int) -> list[bytes]:
    """A table's rows."""
    return [data[i : i + size] for i in range(0, len(data), size)]


def standing(starts: list[tuple[int, int]], now: int) -> int | None:
    """What has begun last; before the first one of all, the last of all."""
    begun = [pair for pair in starts if pair[0] <= now] or starts
    latest = max((start for start, _ in begun), default=None)
    return next((value for start, value in reversed(begun) if start == latest), None)


@dataclass(frozen=True)
class Reference:
    """The 90 bytes of a calendar (lib/tariffs.py has their places) and the sets it began with."""

    data: bytes
    sets: int = 0

    def day_set(self, now: datetime) -> int:
        """0 or 1."""
        return self._after(5, now, self.sets & 1)

    def zone_set(self, now: datetime) -> int:
        """0 or 1."""
        return self._after(0, now, self.sets >> 1 & 1)

    def _after(self, at: int, now: datetime, base: int) -> int:
        when = instant(self.data[at : at + 5])
        return 1 - base if when is not None and when <= now else base

    def tariff(self, now: datetime) -> int:
        """1 to 4."""
        starts = [
            (60 * hour + minute, row[0])
            for row in rows(self._table(now), 3)
            if (minute := two(row[1])) is not None and (hour := two(row[2])) is not None
            if minute < 60 and hour < 24 and row[0] in (1, 2, 3, 4)
        ]
        return standing(starts, 60 * now.hour + now.minute) or 1

    def _table(self, now: datetime) -> bytes:
        first = 22 + 30 * self.day_set(now) + 6 + 12 * (self._number(now) - 1)
        return self.data[first : first + 12]

    def _number(self, now: datetime) -> int:
        for row in rows(self.data[82:90], 4):
            if row[0] in (1, 2) and day_of(two(row[3]), two(row[2]), two(row[1])) == now.date():
                return row[0]
        sunday_first = now.isoweekday() % 7
        if not self.data[20] & 1 << sunday_first and self.data[21] in (1, 2):
            return self.data[21]
        at = 22 + 30 * self.zone_set(now)
        starts = [
            # any leap year
            (day.toordinal(), row[0])
            for row in rows(self.data[at : at + 6], 3)
            if (day := day_of(0, two(row[2]), two(row[1]))) is not None and row[0] in (1, 2)
        ]
        return standing(starts, now.date().replace(year=2000).toordinal()) or 1
