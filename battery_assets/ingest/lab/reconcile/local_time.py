"""Instants of a clock in a zone whose hours may happen twice, or never."""

from collections import Counter
from typing import Literal

import numpy as np
import polars as pl

_SECOND = 1_000_000.0
# Clocks tick in seconds: what is nearer to the test time by less than this is no evidence.
_NO_EVIDENCE_US = 60 * _SECOND


def in_utc(
    clock: pl.Series, zone: str | None, time_s: np.ndarray | None = None, notes: Counter | None = None
) -> pl.Series:
    """Instants `ts` of a clock in `zone`, all null without one.

    An hour that happened twice in autumn is decided by the test time `time_s` that has passed since a row
    outside that hour, else by the clock's own jump back; with neither it is null. What never happened in
    spring is null. Both are told in `notes`.
    """
    if zone is None:
        return pl.Series("ts", [None], pl.Datetime("us", "UTC")).new_from_index(0, clock.len())
    notes = Counter() if notes is None else notes
    early = _local(clock, zone, "earliest")
    late = _local(clock, zone, "latest")
    never = early.null_count() - clock.null_count()
    if never:
        notes[f"the clock shows hours that never happened in {zone}: their instants are left out"] += never
    twice = (early != late).fill_null(False)
    if not twice.any():
        return early.alias("ts")
    doubtful = twice.to_numpy()
    second = _second(clock, early, late, doubtful, time_s)
    unknown = int((np.isnan(second) & doubtful).sum())
    if unknown:
        notes[
            f"the clock shows an hour that happened twice in {zone}, and nothing tells which: "
            "its instants are left out"
        ] += unknown
    choice = pl.Series(second)
    return (
        pl.select(pl.when(~twice).then(early).when(choice == 1.0).then(late).when(choice == 0.0).then(early))
        .to_series()
        .alias("ts")
    )


def _local(clock: pl.Series, zone: str, which: Literal["earliest", "latest"]) -> pl.Series:
    local = clock.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _second(
    clock: pl.Series, early: pl.Series, late: pl.Series, twice: np.ndarray, time_s: np.ndarray | None
) -> np.ndarray:
    """1 for the second of two hours, 0 for the first, NaN where nothing tells; of no meaning elsewhere."""
    first, last = _micros(early), _micros(late)
    by_jump = _by_jump(_micros(clock), twice)
    if time_s is None:
        return by_jump
    # Instant less test time is the same in all rows while the test does not pause.
    lag = np.where(twice, np.nan, first) - time_s * _SECOND
    apart = [np.full(len(lag), np.inf), np.full(len(lag), np.inf)]
    for lag_carried in (_carried(lag), _carried(lag[::-1])[::-1]):
        for place, instant in enumerate((first, last)):
            away = np.abs(instant - time_s * _SECOND - lag_carried)
            apart[place] = np.fmin(apart[place], np.where(np.isnan(away), np.inf, away))
    near_first, near_last = apart
    with np.errstate(invalid="ignore"):
        decided = np.abs(near_first - near_last) > _NO_EVIDENCE_US
    return np.where(decided, (near_last < near_first).astype(float), by_jump)


def _by_jump(clock: np.ndarray, twice: np.ndarray) -> np.ndarray:
    """Within each stretch of doubtful rows: before the clock's jump back the first hour, after it the second.

    A stretch without a jump says nothing.
    """
    begins = twice & ~np.concatenate([[False], twice[:-1]])
    stretch = np.cumsum(begins)
    back = np.concatenate([[False], np.diff(clock) < -30 * 60 * _SECOND]) & twice & ~begins
    after = np.cumsum(back)
    start = np.zeros(int(stretch[-1]) + 1)
    start[stretch[begins]] = after[begins]
    jumps = np.bincount(stretch[twice], weights=back[twice], minlength=len(start))
    return np.where(jumps[stretch] > 0, (after > start[stretch]).astype(float), np.nan)


def _micros(series: pl.Series) -> np.ndarray:
    return series.dt.epoch("us").cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _carried(values: np.ndarray) -> np.ndarray:
    """Each value carried on over the NaN behind it."""
    places = np.where(np.isnan(values), -1, np.arange(len(values)))
    last = np.maximum.accumulate(places)
    return np.where(last >= 0, values[last], np.nan)
