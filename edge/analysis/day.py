"""The business day: when the local day of a wall time began, 23, 24 or 25 hours long."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

LATEST = 10**14
"""UTC ms beyond which no calendar is asked."""


class Days:
    """Local midnights of one time zone."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._begin = 0  # of the day asked for last
        self._end = 0

    def start(self, t_ms: int) -> int | None:
        """UTC ms of the local midnight at or before `t_ms`; None for a time beyond any calendar.

        Where the clocks skip midnight, the day begins with its first moment; where midnight comes
        twice, with the first of the two.
        """
        if self._begin <= t_ms < self._end:
            return self._begin
        if not 0 <= t_ms < LATEST:
            return None
        local = datetime.fromtimestamp(t_ms // 1000, self._zone)
        midnight = datetime(local.year, local.month, local.day)
        self._begin = self._utc_ms(midnight)
        self._end = self._utc_ms(midnight + timedelta(days=1))
        return self._begin

    def _utc_ms(self, local: datetime) -> int:
        return int(local.replace(tzinfo=self._zone).timestamp()) * 1000
