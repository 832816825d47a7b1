"""The cycler's clock: as it stands in the file, and as an instant where a zone is known."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import cast

import numpy as np
import polars as pl

from battery_assets.ingest.lab.dialects.definition import Dialect

_EXCEL_DAY_0 = datetime(1899, 12, 30)
_EXCEL_DAYS = (20_000, 80_000)
_HALF_DAY_US = 43_200_000_000
_DAY_US = 2 * _HALF_DAY_US
_EPOCH_SECONDS = (631_152_000, 4_102_444_800)
_EPOCH_PARTS = (1.0, 1e3, 1e6, 1e9)
# 'Z', 'UTC' or '+01:00' behind a time of day.
_OFFSET = re.compile(r"(:\d{2}(?:[.,]\d+)?)\s*(Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})$")
_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f")
# A month by its name can be taken for nothing else, whatever the format's own way is.
_NAMED = ("%d-%b-%Y %H:%M:%S%.f", "%d %b %Y %H:%M:%S%.f", "%d-%b-%Y %I:%M:%S %p")
_TWO_DIGITS = r"^\d{1,2}[/.-](?:\d{1,2}|[A-Za-z]{3})[/.-]\d{2}\b"
_LETTERED = r"^(\d{1,2})[.-](\d{1,2})[.-](\d{4}|\d{2})\b"
_DOTTED = r"^\d{1,2}[.]\d{1,2}[.](?:\d{4}|\d{2})\b"
# Behind a year the month stands first: nobody writes 2024-31-03.
_DATE = re.compile(r"%[md]([/.-])%[md]\1%y")
_NUMBERED = re.compile(r"(?<!%Y[/.-])(?<!%y[/.-])(%[md])([/.-])(%[dm])")


def wall_clock(
    series: pl.Series, dialect: Dialect, notes: Counter, order: str | None = None
) -> dict[str, pl.Series]:
    """`wall_clock` without a zone; `ts` where the file's times are epoch numbers or each names its offset.

    `order` declares 'month first' or 'day first'. Without it `other_clock` is the wall clock with day and
    month exchanged, where every row can be read so too. A clock that cannot be read is left out with a note.
    """
    name = "wall_clock"
    if isinstance(series.dtype, pl.Datetime):
        if series.dtype.time_zone:
            return {"ts": series.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC")).alias("ts")}
        return {name: series.cast(pl.Datetime("us")).alias(name)}
    if series.dtype.is_numeric():
        return _from_numbers(series.cast(pl.Float64), notes)
    texts = series.cast(pl.String).str.strip_chars()
    example = texts.drop_nulls()[:1]
    if not example.cast(pl.Float64, strict=False).null_count():
        numbers = series.cast(pl.Float64, strict=False)
        if numbers.null_count() == series.null_count() and numbers.len():
            return _from_numbers(numbers, notes)
    if example.len() and _OFFSET.search(example[0]):
        return _with_offsets(texts, dialect, notes, order)
    return _by_patterns(texts, dialect.instants, notes, order)


def _by_patterns(
    texts: pl.Series, patterns: Sequence[str], notes: Counter, order: str | None
) -> dict[str, pl.Series]:
    """`wall_clock`, and `other_clock` where its days and months can be exchanged."""
    sent = texts.drop_nulls()[:1]
    ways = in_both_orders([*patterns, *_NAMED], order)
    if sent.str.contains(_TWO_DIGITS).any():
        # '%Y' takes 24 for the year 24.
        ways = [one.replace("%Y", "%y") for one in ways if not one.startswith("%Y")]
    if order is None and sent.str.contains(_DOTTED).any():
        # No country puts the month first between dots; the rows may still prove it.
        ways.sort(key=lambda one: bool((match := _NUMBERED.search(one)) and match[1] == "%m"))
    fitting = _fitting(sent, ways)
    first = next(fitting, None)
    if first is None:
        # 03.04.2023 and 03-04-2023 are 03/04/2023 in the letters of another country.
        texts = texts.str.replace(_LETTERED, "$1/$2/$3")
        fitting = _fitting(texts.drop_nulls()[:1], ways)
    for pattern in fitting if first is None else itertools.chain([first], fitting):
        read = _read(texts, pattern).alias("wall_clock")
        if read.null_count() == texts.null_count():
            if (shorter := _year_first(texts, pattern, read)) is not None:
                return {"wall_clock": shorter}
            other = _day_and_month_exchanged(read) if exchanged(pattern) and not order else None
            return {"wall_clock": read} | ({} if other is None else {"other_clock": other})
    notes[f"the wall clock is left out: {sent.to_list()} fits none of {', '.join(patterns)}"] += 1
    return {}


def _year_first(texts: pl.Series, pattern: str, read: pl.Series) -> pl.Series | None:
    """The clock with the year of two digits in front, where it runs a far shorter way so; else None."""
    if "%y" not in pattern or not _NUMBERED.search(pattern):
        return None
    other = _read(texts, _DATE.sub(r"%y\1%m\1%d", pattern)).alias(read.name)
    if other.null_count() > texts.null_count():
        return None
    spans = [(clock.max() - clock.min()).total_seconds() for clock in (other, read)]  # type: ignore[operator, union-attr]
    return other if 10.0 * spans[0] < spans[1] else None


def _fitting(example: pl.Series, patterns: Sequence[str]) -> Iterator[str]:
    """Those of the patterns that read one text."""
    return (one for one in patterns if not _whole(example, one).null_count())


def exchanged(pattern: str) -> str | None:
    """The pattern with day and month exchanged; None where both are not numbers side by side."""
    match = _NUMBERED.search(pattern)
    if not match:
        return None
    first, between, second = match.groups()
    return pattern[: match.start()] + second + between + first + pattern[match.end() :]


def in_both_orders(patterns: Sequence[str], order: str | None) -> list[str]:
    """The patterns, then the same with day and month exchanged; of the declared order alone, if one is."""
    every = list(dict.fromkeys([*patterns, *(other for one in patterns if (other := exchanged(one)))]))
    if order is None:
        return every
    first = "%m" if order == "month first" else "%d"
    return [one for one in every if exchanged(one) is None or _NUMBERED.search(one)[1] == first]  # type: ignore[index]


def _day_and_month_exchanged(clock: pl.Series) -> pl.Series | None:
    """The clock with each day as its month; None where a day is no month, or nothing would change."""
    instants = clock.drop_nulls() if clock.null_count() else clock
    dates = instants.to_physical().to_numpy() // _DAY_US
    if not dates.size:
        return None
    # Dates change a few times in a test, so that each is taken apart once.
    begins = np.flatnonzero(np.diff(dates, prepend=dates[0] - 1))
    date = dates[begins].astype("datetime64[D]")
    month, year = date.astype("datetime64[M]"), date.astype("datetime64[Y]")
    day = (date - month).astype(int)
    months = (month - year.astype("datetime64[M]")).astype(int)
    if day.max() > 11 or (day == months).all():
        return None
    other = (year.astype("datetime64[M]") + day).astype("datetime64[D]") + months
    ahead = np.repeat((other - date).astype("timedelta64[us]"), np.diff(np.append(begins, dates.size)))
    return _with_nulls_of(clock, instants + pl.Series(ahead)).alias("other_clock")


def _with_nulls_of(clock: pl.Series, other: pl.Series) -> pl.Series:
    """Values of the rows in which the clock is known, among its nulls."""
    if not clock.null_count():
        return other
    return clock.clone().scatter(clock.is_not_null().arg_true(), other)


def _with_offsets(
    texts: pl.Series, dialect: Dialect, notes: Counter, order: str | None
) -> dict[str, pl.Series]:
    """Texts '2024-03-31T01:30:00+01:00': the clock as it is written, and the instant of its offset."""
    offset = texts.str.extract(_OFFSET.pattern, 2)
    patterns = list(dict.fromkeys([*(one.removesuffix("%#z") for one in dialect.instants), *_ISO]))
    read = _by_patterns(texts.str.replace(_OFFSET.pattern, "$1"), patterns, notes, order)
    if not read:
        return {}
    missing = offset.null_count() - texts.null_count()
    if missing:
        notes["a clock without an offset among others that name one: its instant is left out"] += missing
    digits = offset.str.replace_all("[^0-9]", "").str.pad_end(4, "0").cast(pl.Int64, strict=False)
    minutes = (digits // 100 * 60 + digits % 100) * pl.select(
        pl.when(offset.str.starts_with("-")).then(-1).when(offset.is_not_null()).then(1)
    ).to_series()
    instants = read["wall_clock"] - (minutes * 60_000_000).cast(pl.Duration("us"))
    return read | {"ts": instants.dt.replace_time_zone("UTC").alias("ts")}


def _whole(texts: pl.Series, pattern: str) -> pl.Series:
    return texts.str.to_datetime(pattern, time_unit="us", strict=False, cache=False)


def _read(texts: pl.Series, pattern: str) -> pl.Series:
    """The texts as instants, null where the pattern does not fit.

    Only plain numbers are read fast: fractions are left out of the pattern where no text has one, and halves
    of days are read apart.
    """
    if "%.f" in pattern and not texts.str.contains(".", literal=True).any():
        pattern = pattern.replace("%.f", "")
    if pattern.endswith("%I:%M:%S %p"):
        read = _by_halves(texts, pattern)
        if read.null_count() == texts.null_count():
            return read
    return _whole(texts, pattern)


def _by_halves(texts: pl.Series, pattern: str) -> pl.Series:
    """Instants of texts '23-Nov-23 3:56:11 PM'; null where the half is written in another way."""
    clock = _whole(texts.str.head(-3), pattern.replace("%I", "%H").removesuffix(" %p"))
    hour, after_noon = clock.dt.hour(), texts.str.ends_with(" PM")
    halves = after_noon.cast(pl.Int64) - (hour == 12).cast(pl.Int64)
    wrong = ~hour.is_between(1, 12) | ~(after_noon | texts.str.ends_with(" AM"))
    return (clock + (halves * _HALF_DAY_US).cast(pl.Duration("us"))).set(wrong, None)


def _from_numbers(numbers: pl.Series, notes: Counter) -> dict[str, pl.Series]:
    low, high = cast(float | None, numbers.min()), cast(float | None, numbers.max())
    if low is None or high is None:
        return {}
    for parts in _EPOCH_PARTS:
        # Seconds, ms, µs and ns since 1970 lie a thousandfold apart: none is another's instant.
        if _EPOCH_SECONDS[0] * parts <= low and high <= _EPOCH_SECONDS[1] * parts:
            read = (numbers / parts * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
            return {"ts": read.alias("ts")}
    if _EXCEL_DAYS[0] <= low and high <= _EXCEL_DAYS[1]:
        since = (numbers * 86_400e6).round().cast(pl.Int64).cast(pl.Duration("us"))
        return {"wall_clock": (pl.Series([_EXCEL_DAY_0]) + since).cast(pl.Datetime("us")).alias("wall_clock")}
    notes[f"the wall clock is left out: {low:g} is neither epoch seconds nor a day number"] += 1
    return {}
