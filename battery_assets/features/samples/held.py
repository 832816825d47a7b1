"""What a value was held at: the level that no single sample decides, by unit and hour.

A rule with a persistence of P looks at the highest value that the samples kept for P seconds in a row, where
of each three samples the middle one counts. So a spike is nothing, P seconds are P seconds, and the limit
need not be known when telemetry is reduced. A window ends in its hour; none reaches over a UTC midnight,
where the days of telemetry are cut.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from battery_assets.features.samples.held_kernels import held_of_runs
from battery_assets.features.samples.hour_kernels import run_starts
from battery_assets.features.samples.runs import NOT_SORTED, micros, numbers, usual_of

US = 1_000_000


@dataclass(frozen=True)
class HourRuns:
    """The rows of a day sorted by (unit, ts) in runs of a unit and an hour, found in one pass.

    starts (runs + 1,): first rows, behind them the number of rows. codes, ts_us (rows,): unit and instant.
    period_s (runs,): the unit's sampling interval; a unit of which none is known has the usual one of the
    others, NaN where there are none.
    """

    unit: pl.Series
    ts: pl.Series
    starts: np.ndarray
    codes: np.ndarray
    ts_us: np.ndarray
    period_s: np.ndarray

    @classmethod
    def of(cls, day: pl.DataFrame, unit: str) -> "HourRuns":
        """The runs of a day. Raises ValueError where the rows of a unit are not contiguous."""
        named, ts_us = day[unit], micros(day["ts"])
        coded = named if isinstance(named.dtype, pl.Enum | pl.Categorical) else named.cast(pl.Categorical)
        codes = coded.to_physical().to_numpy()
        starts = run_starts(codes, ts_us)
        of_hour = codes[starts[:-1]]
        begins = np.flatnonzero(np.r_[True, of_hour[1:] != of_hour[:-1]]) if len(of_hour) else of_hour
        if len(np.unique(of_hour[begins])) != len(begins):
            raise ValueError(NOT_SORTED)
        edges = np.r_[starts[begins], len(ts_us)]
        steps = usual_of(ts_us, edges[:-1], edges[1:])
        per_unit = np.diff(np.r_[begins, len(of_hour)])
        return cls(named, day["ts"], starts, codes, ts_us, np.repeat(steps, per_unit))

    def names(self) -> pl.Series:
        """The unit of each run."""
        return self.unit.gather(self.starts[:-1]).cast(pl.String)

    def hours(self) -> pl.Series:
        """The hour of each run."""
        return self.ts.gather(self.starts[:-1]).dt.truncate("1h")


@dataclass(frozen=True)
class Held:
    """A column of hours: `name`, of which column of samples, held for how long (s), the highest or lowest."""

    name: str
    column: str
    seconds: int
    lowest: bool = False


def held(day: pl.DataFrame, unit: str, wanted: tuple[Held, ...]) -> pl.DataFrame:
    """Of a day sorted by (unit, ts): unit, hour, and each wanted value (null where none was held so long).

    A unit that is sampled less often than that needs two samples of three.
    """
    runs = HourRuns.of(day, unit)
    return pl.DataFrame({unit: runs.names(), "hour": runs.hours(), **held_in(day, runs, wanted)})


def held_in(day: pl.DataFrame, runs: "HourRuns", wanted: tuple[Held, ...]) -> dict[str, pl.Series]:
    """Each wanted value of each run, as `held` gives them."""
    step_us = np.nan_to_num(runs.period_s, nan=60.0) * US
    spans = {}
    for each in wanted:
        values, sign = numbers(day, each.column), -1.0 if each.lowest else 1.0
        kept = held_of_runs(runs.starts, runs.codes, runs.ts_us, values, step_us, each.seconds * US, sign)
        spans[each.name] = pl.Series(kept, dtype=pl.Float64).fill_nan(None)
    return spans
