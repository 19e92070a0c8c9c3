"""Times and numbers as a person reads them on one glance; "-" = not known."""

import functools
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo


@functools.lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The time zone of that IANA name; UTC for whatever is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # no such zone, no fit name, a folder of zones
        return UTC


def stamp(at_ms: int | None, now_ms: int, where: tzinfo) -> str:
    """19:30:05 on the day of now, 11-22 19:30 within the year, else 2025-11-22."""
    if at_ms is None:
        return "-"
    try:
        at = datetime.fromtimestamp(at_ms / 1000, where)
        now = datetime.fromtimestamp(now_ms / 1000, where)
    except (ValueError, OverflowError, OSError):
        return "-"
    if at.date() == now.date():
        return f"{at:%H:%M:%S}"
    return f"{at:%m-%d %H:%M}" if at.year == now.year else at.date().isoformat()


def span(duration_ms: int | None) -> str:
    """3 s, 12 min, 5 h, 9 d."""
    if duration_ms is None:
        return "-"
    seconds = max(0, duration_ms) // 1000
    for unit, size, below in (("s", 1, 180), ("min", 60, 180 * 60), ("h", 3600, 72 * 3600)):
        if seconds < below:
            return f"{seconds // size} {unit}"
    return f"{min(seconds // 86_400, 9_999)} d"


def number(value: float | None, digits: int = 1, factor: float = 1.0) -> str:
    """With so many decimals."""
    return "-" if value is None else f"{value * factor:.{digits}f}"
