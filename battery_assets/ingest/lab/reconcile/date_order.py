"""Whether 03/04 is the 4th of March or the 3rd of April: proven by the test time, else the dialect's order.

A wrong order makes a clock jump by whole months at midnight, and the test time beside it does not.
"""

from collections import Counter

import numpy as np
import polars as pl

# Clocks of both orders differ by whole days: less says nothing.
_HALF_DAY_S = 43_200.0
_PROVEN_SHARE = 0.1


def ordered(columns: dict[str, pl.Series], time_s: np.ndarray | None, notes: Counter) -> dict[str, pl.Series]:
    """`wall_clock` in the right order, and `ts` where the file names offsets, of both and `other_clock`."""
    clock = proven(columns["wall_clock"], columns["other_clock"], time_s, notes)
    right = {"wall_clock": clock}
    if "ts" in columns:
        right["ts"] = (columns["ts"] + (clock - columns["wall_clock"])).alias("ts")
    return right


def proven(clock: pl.Series, other: pl.Series, time_s: np.ndarray | None, notes: Counter) -> pl.Series:
    """The clock that runs with the test time: `clock`, or `other` with day and month exchanged.

    time_s: seconds of the test at each row; None where their unit is not known, then the clock that runs
    the shorter way is taken. Where neither is proven `clock` stays, with a note.
    """
    apart, other_apart = _apart_s(clock, time_s), _apart_s(other, time_s)
    near, far = sorted((apart, other_apart))
    if far - near < _HALF_DAY_S or near > _PROVEN_SHARE * far:
        first = clock.drop_nulls()[0]
        notes[
            f"the order of day and month is not proven: the clock begins in {first:%Y-%m-%d}, or in "
            f"{other.drop_nulls()[0]:%Y-%m-%d}; declare it: --date-order 'month first' or 'day first'"
        ] += 1
        return clock
    if apart <= other_apart:
        return clock
    notes["the clock is read with day and month exchanged: so it runs with the test time"] += 1
    return other.alias(clock.name)


def _apart_s(clock: pl.Series, time_s: np.ndarray | None) -> float:
    """Seconds by which the clock's intervals differ from those of the test, all added up."""
    seconds = clock.to_physical().to_numpy() / 1e6
    finite = ~np.isnan(seconds)
    ran = np.diff(time_s[finite]) if time_s is not None else 0.0
    return float(np.nansum(np.abs(np.diff(seconds[finite]) - ran)))
