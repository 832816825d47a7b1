"""What a value was held at: the level that no single sample decides, by unit and hour.

A rule with a persistence of P looks at the highest value that the samples kept for P seconds in a row, where
of each three samples the middle one counts. So a spike is nothing, P seconds are P seconds, and the limit
need not be known when telemetry is reduced. A window ends in its hour; none reaches over a UTC midnight,
where the days of telemetry are cut.
"""

from dataclasses import dataclass

import polars as pl

from battery_assets.features.samples.held_kernels import held_of_runs
from battery_assets.features.samples.hour_kernels import run_starts
from battery_assets.features.samples.runs import micros, numbers, usual_steps

US = 1_000_000


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
    named = day[unit]
    coded = named if isinstance(named.dtype, pl.Enum | pl.Categorical) else named.cast(pl.Categorical)
    codes, ts_us = coded.to_physical().to_numpy(), micros(day["ts"])
    starts = run_starts(codes, ts_us)
    first = starts[:-1]
    hours = pl.DataFrame(
        {unit: named.gather(first).cast(pl.String), "hour": day["ts"].gather(first).dt.truncate("1h")}
    )
    steps = hours.join(usual_steps(day, unit), on=unit, how="left", maintain_order="left")["period_s"]
    step_us = steps.cast(pl.Float64).fill_null(60.0).to_numpy() * US
    return hours.with_columns(
        pl.Series(
            each.name,
            held_of_runs(
                starts,
                codes,
                ts_us,
                numbers(day, each.column),
                step_us,
                each.seconds * US,
                -1.0 if each.lowest else 1.0,
            ),
            dtype=pl.Float64,
        ).fill_nan(None)
        for each in wanted
    )
