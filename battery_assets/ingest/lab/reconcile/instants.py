"""The cycler's clock: as it stands in the file, and as an instant where a zone is known."""

from collections import Counter
from datetime import datetime
from typing import cast

import polars as pl

from battery_assets.ingest.lab.dialects.definition import Dialect

_EXCEL_DAY_0 = datetime(1899, 12, 30)
_EXCEL_DAYS = (20_000, 80_000)
_HALF_DAY_US = 43_200_000_000
_EPOCH_SECONDS = (631_152_000, 4_102_444_800)


def wall_clock(series: pl.Series, dialect: Dialect, notes: Counter) -> dict[str, pl.Series]:
    """`wall_clock` without a zone, or `ts` where the file's times are epoch seconds.

    A clock that cannot be read is told and left out: the elapsed time is the truth.
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
    for pattern in dialect.instants:
        if not _whole(example, pattern).null_count():
            read = _read(texts, pattern)
            if read.null_count() == texts.null_count():
                return {name: read.alias(name)}
    notes[f"the wall clock is left out: {example.to_list()} fits none of {', '.join(dialect.instants)}"] += 1
    return {}


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
    if _EPOCH_SECONDS[0] <= low and high <= _EPOCH_SECONDS[1]:
        read = (numbers * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
        return {"ts": read.alias("ts")}
    if _EXCEL_DAYS[0] <= low and high <= _EXCEL_DAYS[1]:
        since = (numbers * 86_400e6).round().cast(pl.Int64).cast(pl.Duration("us"))
        return {"wall_clock": (pl.Series([_EXCEL_DAY_0]) + since).cast(pl.Datetime("us")).alias("wall_clock")}
    notes[f"the wall clock is left out: {low:g} is neither epoch seconds nor a day number"] += 1
    return {}


def in_utc(clock: pl.Series, zone: str | None) -> pl.Series:
    """Instants of a clock in `zone`, all null without one. What happened twice in autumn is told apart by
    the clock's own jump back; what never happened in spring is null."""
    if zone is None:
        return pl.Series("ts", [None], pl.Datetime("us", "UTC")).new_from_index(0, clock.len())
    frame = pl.DataFrame({"clock": clock})
    jumped = (pl.col("clock").diff() < pl.duration(minutes=-30)).fill_null(False)
    which = pl.when(jumped.cum_sum() > 0).then(pl.lit("latest")).otherwise(pl.lit("earliest"))
    local = pl.col("clock").dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
    return frame.select(local.dt.convert_time_zone("UTC").alias("ts")).to_series()
