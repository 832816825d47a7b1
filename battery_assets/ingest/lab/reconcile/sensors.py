"""Inputs without a sensor: what they show is the end of their range, or nothing, and no measurement."""

from collections import Counter
from typing import cast

import numpy as np
import polars as pl

from battery_assets.ingest.files.quantities.letters import NO_READING

ABSOLUTE_ZERO_C = -273.15
# A chamber reaches -90 °C; an open resistance thermometer shows -200 or -242.
_COLDEST_C = -120.0
# Above this no cell lives; a median between both is kelvin under a wrong heading, which refuses the file.
_HOTTEST_C, _KELVIN_TO_C = 200.0, 400.0
# What an open input, or a chip after its reset (DS18B20: 85 °C), shows inside of what a cell survives.
_CODES_C = (0.0, 85.0, 99.9, 99.99, 100.0, -40.0, -99.0, -99.9, -100.0)
# No chamber holds these: an input that shows nothing else has no sensor.
_NEVER_C = (0.0, -99.0, -99.9, -100.0)
# A declared factor, as of an export in thousandths of a degree.
OF_MILLI = "temperature_c:0.001"
# No cell warms or cools by this from one sample to the next, to exactly such a value.
_JUMP_C = 10.0
# What converters of 8 to 16 bits show at their end; a current of 10.0 A is common, these are not.
_CONVERTERS = (32.767, 32.768, 65.535, 327.67, 327.68, 655.35, 3276.7, 3276.8, 6553.5)
_DISPLAYS = (10.0, 20.0, 50.0, 60.0, 99.99, 99.999, 100.0, 999.9, 999.99)
_FULL_SCALE = {"voltage_v": _CONVERTERS + _DISPLAYS, "current_a": _CONVERTERS}
_FAR, _FAR_FROM = 1.5, 1.0


def temperature(series: pl.Series, notes: Counter) -> pl.Series:
    """°C, null where no sensor is: outside what a cell survives, or 0 °C without a way there."""
    if not series.len() or series.null_count() == series.len():
        return series
    low, high = cast(float, series.min()), cast(float, series.max())
    never = [code for code in _NEVER_C if code - 1e-6 < low <= high < code + 1e-6]
    if never and series.len() > 1 and series.null_count() == 0:
        return _cleared(series, series.is_not_null(), f"{never[0]:g} °C in every row", notes)
    inside = [code for code in _CODES_C if low - 1e-6 <= code <= high + 1e-6]
    is_code = {code: (series - code).abs() < 1e-6 for code in inside}
    coded = any(rows.any() for rows in is_code.values())
    if low > 0.0 and high <= _HOTTEST_C and not coded:
        return series
    series = _cleared(series, series < ABSOLUTE_ZERO_C, "below absolute zero", notes)
    series = _cleared(series, series < _COLDEST_C, f"below {_COLDEST_C:g} °C", notes)
    if (series > _HOTTEST_C).any():
        ends = pl.select(pl.any_horizontal((series - end).abs() < 1e-6 for end in _CONVERTERS)).to_series()
        series = _cleared(series, ends, "the end of an input's range", notes)
    if not _HOTTEST_C < (series.median() or 0.0) <= _KELVIN_TO_C:  # type: ignore[operator]
        why = f"above {_HOTTEST_C:g} °C, what no cell survives"
        measured = series.drop_nulls()
        if (measured > _HOTTEST_C).all() and measured.n_unique() > 1:
            why += f" (its unit may be another: --column 'its heading={OF_MILLI}')"
        series = _cleared(series, series > _HOTTEST_C, why, notes)
    for code, rows in is_code.items():
        if not rows.any():
            continue
        series = _cleared(
            series, _from_nowhere(series, rows, code), f"{code:g} °C from one sample to the next", notes
        )
    return series


def without_words(texts: pl.Series, notes: Counter) -> pl.Series:
    """Texts of a temperature, null where one says that no sensor is there: no fault of its row."""
    return _cleared(texts, texts.str.strip_chars().str.contains(NO_READING), "a word in its place", notes)


def _cleared(series: pl.Series, wrong: pl.Series, why: str, notes: Counter) -> pl.Series:
    many = int(wrong.sum() or 0)
    if not many:
        return series
    notes[f"temperature left out: {why}, an input without a sensor"] += many
    return pl.select(pl.when(~wrong).then(series)).to_series().alias(series.name)


def _from_nowhere(series: pl.Series, rows: pl.Series, code: float) -> pl.Series:
    """Rows of a code whose stretch is reached and left by a jump that no cell makes."""
    coded = rows.fill_null(False).to_numpy()
    if not coded.any() or coded.all():
        return pl.Series([False]).new_from_index(0, series.len())
    values = series.fill_null(float("nan")).to_numpy() - code
    begins = np.flatnonzero(coded & ~np.concatenate([[False], coded[:-1]]))
    ends = np.flatnonzero(coded & ~np.concatenate([coded[1:], [False]]))
    before = np.where(begins > 0, values[begins - 1], np.nan)
    after = np.where(ends < len(values) - 1, values[np.minimum(ends + 1, len(values) - 1)], np.nan)
    smooth = (np.abs(before) <= _JUMP_C) | (np.abs(after) <= _JUMP_C) | (np.isnan(before) & np.isnan(after))
    marks = np.zeros(len(values) + 1, int)
    np.add.at(marks, begins[~smooth], 1)
    np.add.at(marks, ends[~smooth] + 1, -1)
    return pl.Series(np.cumsum(marks[:-1]) > 0)


def at_end_of_range(values: np.ndarray, word: str) -> np.ndarray:
    """Rows (n,) of voltage_v or current_a at the end of an input's range (10.000 V, 655.35 A), far above
    every other value."""
    none = np.zeros(len(values), bool)
    if not len(values) or np.isnan(values).all():
        return none
    sizes = np.abs(values)
    top = float(np.nanmax(sizes))
    if not any(abs(top - end) <= 1e-6 * end for end in _FULL_SCALE[word]):
        return none
    at_end = np.abs(sizes - top) <= 1e-6 * top
    rest = sizes[~at_end & ~np.isnan(sizes)]
    far = len(rest) > 0 and top >= _FAR * rest.max() and top - rest.max() >= _FAR_FROM
    return at_end if far else none
