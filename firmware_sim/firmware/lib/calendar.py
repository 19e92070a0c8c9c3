"""Dates as seconds since 2000-01-01 00:00 of the meter's own clock, and back; good until 2099."""

DAY = 86400
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FOUR_YEARS = 1461


def month_days(year: int, month: int) -> int:
    """How many days the month has; year 0..99."""
    return 29 if month == 2 and year % 4 == 0 else DAYS[month - 1]


def valid(year: int, month: int, day: int, hour: int, minute: int, second: int) -> bool:
    """Whether such an instant exists; year 0..99."""
    if not 0 <= year <= 99 or not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
        return False
    return 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60


def seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Since 2000; year 0..99, month 1..12, day from 1."""
    days = year * 365 + (year + 3) // 4 + day - 1
    for one in range(1, month):
        days += month_days(year, one)
    return days * DAY + hour * 3600 + minute * 60 + second


def date(at: int) -> tuple:
    """(year 0..99, month, day, weekday with Sunday 0, hour, minute, second)."""
    days = at // DAY
    rest = at % DAY
    year = days // FOUR_YEARS * 4
    left = days % FOUR_YEARS
    if left >= 366:
        left -= 366
        year += 1 + left // 365
        left %= 365
    month = 1
    while left >= month_days(year, month):
        left -= month_days(year, month)
        month += 1
    # 2000-01-01 was a Saturday
    weekday = (days + 6) % 7
    return (year, month, left + 1, weekday, rest // 3600, rest // 60 % 60, rest % 60)
