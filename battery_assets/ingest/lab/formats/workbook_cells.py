"""Cells of a workbook by their type: Excel stores times of day and durations as days, with a format.

Day 0 is 1899-12-31. A day that never was, 1900-02-29, stands between the 59th and the 61st, so dates from
March 1900 on count from a day earlier.
"""

from datetime import datetime
from typing import cast

import polars as pl

_DAY_0, _DAY_0_LATER, _MARCH_1900 = datetime(1899, 12, 31), datetime(1899, 12, 30), datetime(1900, 3, 1)
# A test of twenty years: what lies before is no date of a cycler, but a duration.
_DURATIONS_UNTIL = datetime(1920, 1, 1)
_DATE = r"^(1899|19[01]\d)-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?$"
_DAYS = r"^\d*\.?\d+([eE]-?\d+)?$"


def sheet(book, name: str, header_row: int, skip_rows: int) -> pl.DataFrame:
    """A sheet below its headings; durations and times of day as Duration, whatever stands beside them."""
    import fastexcel

    below = {"header_row": header_row, "skip_rows": skip_rows, "schema_sample_rows": None}
    try:
        frame = book.load_sheet(name, **below).to_polars()
    except fastexcel.UnsupportedColumnTypeCombinationError:
        frame = _by_columns(book, name, below)
    return frame.with_columns(_duration(column) for column in frame if isinstance(column.dtype, pl.Datetime))


def _by_columns(book, name: str, below: dict) -> pl.DataFrame:
    """Each column for itself: one that mixes durations with texts or numbers becomes texts."""
    import fastexcel

    width = len(book.load_sheet(name, **below, dtypes="string").to_polars().columns)
    columns = []
    for place in range(width):
        try:
            one = book.load_sheet(name, **below, use_columns=[place]).to_polars().to_series()
        except fastexcel.UnsupportedColumnTypeCombinationError:
            one = book.load_sheet(name, **below, use_columns=[place], dtypes="string").to_polars().to_series()
            one = _mixed(one)
        columns.append(one.alias(str(place)))
    height = max(len(one) for one in columns)
    return pl.DataFrame([one.extend_constant(None, height - len(one)) for one in columns])


def _duration(column: pl.Series) -> pl.Series:
    """A column of dates before any cycler, as the durations that they are."""
    latest = cast(datetime | None, column.max())
    if latest is None or latest >= _DURATIONS_UNTIL:
        return column
    days = pl.when(column < _MARCH_1900).then(column - _DAY_0).otherwise(column - _DAY_0_LATER)
    return pl.select(days).to_series().alias(column.name)


def _mixed(texts: pl.Series) -> pl.Series:
    """Texts '0:01:00', dates that are durations, and days as numbers: all as texts of days and clock time."""
    dates = texts.str.contains(_DATE).fill_null(False)
    clock = texts.set(~dates, None).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    days = texts.set(~texts.str.contains(_DAYS).fill_null(False), None).cast(pl.Float64)
    micros = [(days * 86_400e6).round().cast(pl.Int64)]
    if dates.any():
        micros.insert(0, _duration(clock).dt.total_microseconds())
    written = _written(pl.select(pl.coalesce(micros)).to_series())
    return pl.select(pl.coalesce(written, texts)).to_series().alias(texts.name)


def _written(micros: pl.Series) -> pl.Series:
    """'1d 02:03:04.500000' of microseconds."""
    whole = micros // 1_000_000
    parts = pl.DataFrame(
        {
            "d": whole // 86_400,
            "h": whole // 3_600 % 24,
            "m": whole // 60 % 60,
            "s": whole % 60,
            "u": micros % 1_000_000,
        }
    ).cast(pl.String)
    padded = [pl.col(name).str.zfill(2) for name in "hms"]
    return parts.select(
        pl.format("{}d {}:{}:{}.{}", pl.col("d"), *padded, pl.col("u").str.zfill(6))
    ).to_series()
