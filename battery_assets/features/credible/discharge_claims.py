"""Capacity tests that cannot have been what they say: the string's own telemetry, or the jars, disprove them.

Such a test is an objection, not evidence: its figures stand in its row, and no verdict or health rests on it.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.credible.paper_claims import words_of, words_of_dates
from battery_assets.features.samples.blocks import SIX

# A test that was entered a day early, or in local time, is looked for so far around its time.
AROUND = timedelta(hours=36)
# Of the test's current: less than this is no discharge of it.
SEEN_SHARE = 0.3
LEAST_SAMPLES = 3
# Of the claimed charge: a string that gave less of it, by every sample around the test, did not run it.
GIVEN_SHARE = 0.7
# A discharge that begins so near to the test's time is the test; one elsewhere is, if all of that is known.
AT_ITS_TIME, BY_ZONE = timedelta(hours=1), timedelta(hours=14)
# Of the median interval: a longer silence may hide the test's own current.
GAP_INTERVALS = 3.0
# Seconds between samples, and V per cell by which a string seen so often may stay above a test's end.
END_MISSED_V = ((1200.0, 0.1), (3600.0, 0.2))
# V per cell to which lead-acid is discharged; a test may tell it of the cell, the jar or the string.
END_V_CELL = (1.5, 2.05)
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
    cells: Mapping[str, float],
    measured: Mapping[str, pl.DataFrame] | None = None,
    installed: Mapping[str, date] | None = None,
) -> pl.DataFrame:
    """The rows of capacity_test_raw that cannot be: test_id, string_id, test_date, words.

    loads: of a test its string's telemetry around it (ts, current_a, and voltage_v if known); a test without
    any is not judged by it.
    rated_ah, jars_per_string: by string_id. cells: of a jar, of strings whose jars have other than six.
    measured: captures by test_id, which stand for themselves. installed: day of the first jar of a string.
    """
    doubts, captures = [], measured or {}
    by_date = words_of_dates(tests.to_dicts(), installed or {}, captures)
    for test in tests.to_dicts():
        if test["test_type"] == "impedance_sweep":
            continue
        string = test["string_id"]
        size = jars_per_string.get(string), cells.get(string, SIX)
        capture = captures.get(test["test_id"])
        words = [
            by_date.get(test["test_id"]),
            _wrong_end(test, *size),
            *words_of(test, rated_ah.get(string), *size, capture),
            None if capture is not None else _not_shown(test, loads.get(test["test_id"]), *size),
        ]
        words_joined = "; ".join(word for word in words if word)
        if words_joined:
            doubts.append((test["test_id"], string, test["test_date"], words_joined))
    return pl.DataFrame(doubts, schema=SCHEMA, orient="row")


def _wrong_end(test: dict, jars: int | None, cells: float) -> str | None:
    """An end voltage that is none of a cell, a jar or the string."""
    end = test["cutoff_voltage_v"]
    if end is None or not jars or end <= 0:
        return None
    readings = (end, end / cells, end / (jars * cells))
    if any(END_V_CELL[0] <= volts <= END_V_CELL[1] for volts in readings):
        return None
    return f"it ended at {end:g} V, which is {readings[2]:.2f} V per cell of the string"


def _not_shown(test: dict, load: pl.DataFrame | None, jars: int | None, cells: float) -> str | None:
    """What the string's own telemetry says against the test; None where it says nothing."""
    rate, minutes = test["discharge_rate_a"], test["discharge_duration_min"]
    if load is None or not rate or not minutes or test["test_date"] is None:
        return None
    begin, end = test["test_date"], test["test_date"] + timedelta(minutes=float(minutes))
    measured = load.filter(
        pl.col("current_a").is_not_null(), pl.col("ts").is_between(begin - AROUND, end + AROUND)
    ).sort("ts")
    inside = measured.filter(pl.col("ts").is_between(begin, end))
    if inside.height < LEAST_SAMPLES or not _covers(inside, begin, end):
        return None
    amps = abs(float(rate))
    drawing = measured.filter(pl.col("current_a") < -SEEN_SHARE * amps)
    if drawing.is_empty():
        shown = float(np.median(inside["current_a"].cast(pl.Float64).to_numpy()))
        return (
            f"its string carried {shown:.2f} A all the time, in {inside.height} samples of its own "
            f"telemetry, and not -{amps:g} A"
        )
    if not _is_whole(measured, drawing, begin, end):
        return None
    given_ah, claimed = _given_ah(measured, amps), amps * float(minutes) / 60.0
    if given_ah < GIVEN_SHARE * claimed:
        return (
            f"its string gave {given_ah:.1f} Ah at most around that time, in {measured.height} samples of "
            f"its own telemetry, and not {claimed:.1f} Ah"
        )
    return _end_not_reached(test, drawing, jars, cells)


def _is_whole(measured: pl.DataFrame, drawing: pl.DataFrame, begin: datetime, end: datetime) -> bool:
    """Whether the discharge of the test is among those that the samples show, from its begin to its end."""
    first, last = measured["ts"][0], measured["ts"][-1]
    if drawing["ts"][0] == first or drawing["ts"][-1] == last:
        return False
    near = drawing["ts"].is_between(begin - AT_ITS_TIME, begin + AT_ITS_TIME).any()
    return bool(near or (first <= begin - BY_ZONE and last >= end + BY_ZONE))


def _given_ah(measured: pl.DataFrame, amps: float) -> float:
    """The most that the string can have given: in a silence, and for a sample's interval more, the test's
    own current."""
    seconds = measured["ts"].diff().dt.total_milliseconds().drop_nulls().to_numpy() / 1e3
    drawn = np.clip(-measured["current_a"].cast(pl.Float64).to_numpy(), 0.0, None)
    usual = float(np.median(seconds))
    most = np.where(seconds > GAP_INTERVALS * usual, amps, (drawn[1:] + drawn[:-1]) / 2)
    return float((most * seconds).sum() + amps * usual) / 3600.0


def _end_not_reached(test: dict, drawing: pl.DataFrame, jars: int | None, cells: float) -> str | None:
    """A full discharge whose string never came near to the end voltage that the test tells of it."""
    end = test["cutoff_voltage_v"]
    if test["test_type"] != "full_discharge" or not end or not jars or "voltage_v" not in drawing.columns:
        return None
    claimed, volts = end / (jars * cells), drawing["voltage_v"].drop_nulls()
    often = drawing.select(pl.col("ts").diff().dt.total_seconds().median()).item()
    if not END_V_CELL[0] <= claimed <= END_V_CELL[1] or volts.is_empty():
        return None
    missed = next((volt for seconds, volt in END_MISSED_V if often and often <= seconds), np.inf)
    least = float(volts.to_numpy().min()) / (jars * cells)
    if least <= claimed + missed:
        return None
    return f"its string never fell below {least:.2f} V per cell, and not to {claimed:.2f} V"


def _covers(inside: pl.DataFrame, begin: datetime, end: datetime) -> bool:
    """Whether the samples span three quarters of the test, so that a silence cannot hide it."""
    span = inside.select(pl.col("ts").max() - pl.col("ts").min()).item()
    return bool(span >= 0.75 * (end - begin))
