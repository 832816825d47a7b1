"""Capacity tests that cannot have been what they say: the string's own telemetry, or the jars, disprove them.

Such a test is an objection, not evidence: its figures stand in its row, and no verdict or health rests on it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.health.capacity import integrated_capacity_ah
from battery_assets.features.samples.blocks import SIX

# A test that was entered a day early, or in local time, is looked for so far around its time.
AROUND = timedelta(hours=36)
# Of the test's current: less than this is no discharge of it.
SEEN_SHARE = 0.3
LEAST_SAMPLES = 3
# V per cell to which lead-acid is discharged; a test may tell it of the cell, the jar or the string.
END_V_CELL = (1.5, 2.05)
MOST_C, MOST_OF_RATED = 4.0, 1.5  # sheets end at 2.7 C10 (5 min); no jar has one and a half times its rating
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "test_id": pl.String,
    "string_id": pl.String,
    "test_date": pl.Datetime("us", "UTC"),
    "words": pl.String,
}


def doubted_tests(
    tests: pl.DataFrame,
    loads: Mapping[str, pl.DataFrame],
    rated_ah: Mapping[str, float],
    jars_per_string: Mapping[str, int],
    cells: Mapping[str, int],
    measured: Mapping[str, pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """The rows of capacity_test_raw that cannot be: test_id, string_id, test_date, words.

    loads: of a test its string's telemetry around it (ts, current_a); a test without any is not judged by it.
    rated_ah, jars_per_string: by string_id. cells: of a jar, of strings whose jars have other than six.
    measured: captures by test_id, which stand for themselves.
    """
    found = []
    for test in tests.to_dicts():
        if test["test_type"] == "impedance_sweep":
            continue
        string = test["string_id"]
        size = jars_per_string.get(string), cells.get(string, SIX)
        words = [
            _wrong_end(test, *size),
            _beyond_sheet(test, rated_ah.get(string), (measured or {}).get(test["test_id"])),
            None if test["test_id"] in (measured or {}) else _not_seen(test, loads.get(test["test_id"])),
        ]
        told = "; ".join(word for word in words if word)
        if told:
            found.append((test["test_id"], string, test["test_date"], told))
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def _wrong_end(test: dict, jars: int | None, cells: int) -> str | None:
    """An end voltage that is none of a cell, a jar or the string."""
    end = test["cutoff_voltage_v"]
    if end is None or not jars or end <= 0:
        return None
    readings = (end, end / cells, end / (jars * cells))
    if any(END_V_CELL[0] <= volts <= END_V_CELL[1] for volts in readings):
        return None
    return f"it ended at {end:g} V, which is {readings[2]:.2f} V per cell of the string"


def _beyond_sheet(test: dict, rated: float | None, capture: pl.DataFrame | None) -> str | None:
    rate, minutes = test["discharge_rate_a"], test["discharge_duration_min"]
    if not rated or not rate:
        return None
    if abs(rate) > MOST_C * rated:
        return f"{abs(rate):g} A are beyond what the sheet of jars of {rated:g} Ah rates"
    drawn = abs(rate) * (minutes or 0.0) / 60.0 if capture is None else integrated_capacity_ah(capture)
    if drawn > MOST_OF_RATED * rated:
        return f"{drawn:.0f} Ah were drawn of jars of {rated:g} Ah"
    return None


def _not_seen(test: dict, load: pl.DataFrame | None) -> str | None:
    """A discharge that the string's current does not show, at its time or within a day and a half of it."""
    rate, minutes = test["discharge_rate_a"], test["discharge_duration_min"]
    if load is None or not rate or not minutes or test["test_date"] is None:
        return None
    begin, end = test["test_date"], test["test_date"] + timedelta(minutes=float(minutes))
    known = load.filter(pl.col("current_a").is_not_null())
    inside = known.filter(pl.col("ts").is_between(begin, end))
    if inside.height < LEAST_SAMPLES or not _covers(inside, begin, end):
        return None
    least = -SEEN_SHARE * abs(float(rate))
    around = known.filter(pl.col("ts").is_between(begin - AROUND, end + AROUND))
    if (around["current_a"] < least).any():
        return None
    shown = float(np.median(inside["current_a"].cast(pl.Float64).to_numpy()))
    return (
        f"its string carried {shown:.2f} A all the time, in {inside.height} samples of its own telemetry, "
        f"and not -{abs(float(rate)):g} A"
    )


def _covers(inside: pl.DataFrame, begin: datetime, end: datetime) -> bool:
    """Whether the samples span three quarters of the test, so that a silence cannot hide it."""
    span = inside.select(pl.col("ts").max() - pl.col("ts").min()).item()
    return bool(span >= 0.75 * (end - begin))
