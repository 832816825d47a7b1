"""Instants and dates that no calendar has: the largest number as "never", a damaged byte of a Parquet file.

Polars and Python fail in several ways, panics among them, when such a value is converted or taken out.
"""

import polars as pl

# From year 2 to year 9998: in every zone Python has them.
_FIRST_DAY, _LAST_DAY = -718_797, 2_932_531
_PER_DAY = {"days": 1, "ms": 86_400_000, "us": 86_400_000_000}


def clipped(values: pl.Series) -> pl.Series:
    """Instants or dates, those beyond the calendar at its ends, where every rule finds them out of range."""
    unit = _unit(values)
    if unit is None:
        return values
    first, last = _FIRST_DAY * _PER_DAY[unit], _LAST_DAY * _PER_DAY[unit]
    return values.to_physical().clip(first, last).cast(values.dtype)


def tellable(values: pl.Series) -> pl.Series:
    """The same values; as texts where one is beyond the calendar, which is told as the number that it is."""
    unit = _unit(values)
    if unit is None:
        return values
    numbers, within = values.to_physical(), clipped(values)
    beyond = numbers != within.to_physical()
    if not beyond.any():
        return values
    held = numbers.cast(pl.String) + f" {unit} since 1970"
    return held.zip_with(beyond, within.cast(pl.String)).alias(values.name)


def _unit(values: pl.Series) -> str | None:
    """What the numbers of instants or dates count; None for nanoseconds, which do not reach so far."""
    if values.dtype == pl.Date:
        return "days"
    unit = values.dtype.time_unit if isinstance(values.dtype, pl.Datetime) else None
    return unit if unit in _PER_DAY else None
