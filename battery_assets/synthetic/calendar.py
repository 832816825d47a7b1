"""Days and months as numbers: days since 1970-01-01 and months since year 0, all UTC."""

from datetime import UTC, date, datetime, timedelta

from battery_assets.synthetic.site import SyntheticSite

DAY_S = 86_400
EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_date(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=int(number))


def instant(seconds: float) -> datetime:
    """Aware UTC datetime of seconds since 1970, to the millisecond."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def month_index(month: str) -> int:
    """Months since year 0, so that neighbours differ by one."""
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def month_of_day(number: int) -> int:
    """Month index of a day number."""
    day = day_date(number)
    return day.year * 12 + day.month - 1


def month_days(index: int) -> tuple[int, int]:
    """First day number of a month and of the following one."""
    first, following = (date(i // 12, i % 12 + 1, 1) for i in (index, index + 1))
    return day_number(first), day_number(following)


def start_day(site: SyntheticSite) -> int:
    """Day number on which the site's telemetry begins."""
    return month_days(month_index(site.start))[0]
