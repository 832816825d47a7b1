"""Columns of numbers: read, brought to the table's unit and held against its range."""

from collections import Counter
from typing import cast

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.files.quantities.checked import Checked, Faults
from battery_assets.ingest.files.quantities.letters import NO_READING, other_letters
from battery_assets.ingest.files.units import SENTINELS, declared, in_own_unit

INT32 = 2**31
_NON_FINITE = r"(?i)^\s*[+-]?(nan|inf|infinity|\d*\.#[a-z]+\d*)\s*$"
# What a row is about: without it the row is bad. What is measured besides may have no sensor.
_MEASURED = ("voltage_v", "current_a")


def _numbers(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    """Float64 values with NOT_A_NUMBER and NON_FINITE apart; words of an open input are no value."""
    faults: Faults = []
    notes: Counter = Counter()
    if series.dtype != pl.String:
        values = series.cast(pl.Float64)
    else:
        texts = series.str.replace(",", ".", literal=True) if contract.decimal == "," else series
        values = texts.cast(pl.Float64, strict=False)
        if values.null_count() > series.null_count():
            values = values.fill_null(texts.str.strip_chars().cast(pl.Float64, strict=False))
            # A cell of spaces is an empty cell.
            series = series.set((series.str.strip_chars() == "").fill_null(False), None)
            values, lost = _in_other_letters(values, series, column, notes)
            infinite = lost & series.str.contains(_NON_FINITE).fill_null(False)
            faults = [("NON_FINITE", infinite), ("NOT_A_NUMBER", lost & ~infinite)]
    finite = values.is_finite()
    if not finite.all():
        bad = ~finite.fill_null(True)
        faults.append(("NON_FINITE", bad))
        values = values.set(bad, None)
    return Checked(values, faults, notes)


def _in_other_letters(
    values: pl.Series, texts: pl.Series, column: sa.Column, notes: Counter
) -> tuple[pl.Series, pl.Series]:
    """The values with those of unusual letters, and where a text is still no number and no word for none."""
    lost = texts.is_not_null() & values.is_null()
    if not lost.any():
        return values, lost
    places = lost.arg_true()
    values = values.scatter(places, other_letters(texts.gather(places), notes))
    lost &= values.is_null()
    if column.nullable and column.name not in _MEASURED:
        words = lost & texts.str.strip_chars().str.contains(NO_READING).fill_null(False)
        for word, times in texts.filter(words).value_counts().iter_rows():
            notes[f"{column.name}: {word!r} read as an input without a sensor"] += times
        lost &= ~words
    return values, lost


def decimals(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    """A column of decimals. Raises FileRefused: UNIT."""
    info = column.info
    read = _numbers(series, column, contract)
    values, faults, notes = read.values, read.faults, read.notes
    unit = declared(column, contract.units) if contract.units else None
    if unit is not None:
        values = _of_unit(values, column, unit)
        notes[f"{column.name}: read as {unit}"] = len(values) - values.null_count()
    elif column.nullable:
        values = _without_sentinels(values, column, notes)
    rounded = values.round(info["scale"], mode="half_to_even")
    finer = 0 if series.dtype == pl.Float32 or unit is not None else int((rounded != values).sum())
    if finer:
        notes[f"{column.name}: rounded to {info['scale']} decimals"] = finer
    faults += _bounds(rounded, 10.0 ** (info["precision"] - info["scale"]), info["low"], info["high"])
    return Checked(rounded, faults, notes)


def _of_unit(values: pl.Series, column: sa.Column, unit: str) -> pl.Series:
    try:
        return in_own_unit(values, column, unit)
    except ValueError as error:
        raise FileRefused("UNIT", str(error), column=column.name) from error


def _without_sentinels(values: pl.Series, column: sa.Column, notes: Counter) -> pl.Series:
    """Numbers without those that say "no sensor": out of the column's range, and known for it."""
    low, high, smallest, largest = column.info["low"], column.info["high"], values.min(), values.max()
    if low is None or smallest is None or (smallest >= low and largest <= high):
        return values
    absent = ((values < low) | (values > high)) & values.is_in(list(SENTINELS))
    for value, times in values.filter(absent.fill_null(False)).value_counts().iter_rows():
        notes[f"{column.name}: {value:g} read as an input without a sensor"] += times
    return values.set(absent.fill_null(False), None)


def integers(series: pl.Series, column: sa.Column, contract: SourceContract) -> Checked:
    """A column of whole numbers."""
    read = _numbers(series, column, contract)
    values = read.values
    broken = (values != values.round(0)).fill_null(False)
    faults = [*read.faults, ("OUT_OF_TYPE", broken)]
    faults += _bounds(values, float(INT32), column.info.get("low"), column.info.get("high"))
    whole = values.set(broken | (values.abs() >= INT32).fill_null(False), None).cast(pl.Int64)
    return Checked(whole, faults, read.notes)


def _bounds(values: pl.Series, limit: float, low: float | None, high: float | None) -> Faults:
    """OUT_OF_TYPE from `limit` on in size, OUT_OF_RANGE outside low..high; masks only where there are any."""
    faults: Faults = []
    smallest, largest = cast(float | None, values.min()), cast(float | None, values.max())
    if smallest is None or largest is None:
        return faults
    if max(abs(smallest), abs(largest)) >= limit:
        faults.append(("OUT_OF_TYPE", (values.abs() >= limit).fill_null(False)))
    if (low is not None and smallest < low) or (high is not None and largest > high):
        under = values < low if low is not None else values != values
        over = values > high if high is not None else values != values
        faults.append(("OUT_OF_RANGE", (under | over).fill_null(False)))
    return faults
