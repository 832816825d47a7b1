"""Faults that end a jar's duty: a cell that is shorted, a connection that is broken or open.

Made once from telemetry and ohmic readings, and read by health, remaining life, ride-through and operations.
By definition SOH is the capacity at the jar's terminals: what the 10 h current draws until they show 1.80 V
for each of its cells. A shorted cell takes its voltage from the start on, however sound the others are.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import numpy as np
import polars as pl

from battery_assets.features.samples.blocks import SIX
from battery_assets.features.samples.rated_capacity import REFERENCE_AH
from battery_assets.features.twin.circuit import DC5S_FACTOR
from battery_assets.physics.discharge import Jars, discharge
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

SHORTED, BROKEN, OPEN = "shorted_cell", "broken_connection", "open_connection"
FAULTS = (SHORTED, BROKEN, OPEN)
# A partial or whole short of one cell (SOURCES 5), for a jar of six: the alerts' critical limit.
SHORT_V = 0.6
# A resistance that doubled is a broken weld or strap, not ageing (SOURCES 3.2).
BROKEN_RATIO = 2.0
# No 12 V jar has more (SOURCES 1.3): a connection that dissipates kilowatts at load burns open.
OPEN_MOHM = 40.0
END_V_CELL = 1.80
# So many hours of quiet float in a row say the same; a string charges or works above C/60.
FLOAT_HOURS, FLOAT_SHARE, WORKING_C = 3, 0.9, 60.0
FLOATS_V = 13.0  # where no mode is told: a string's median jar of six cells, above any open circuit
SAMPLES_A_DAY = 288
_TIME = pl.Datetime("us", "UTC")
SIGNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "battery_id": pl.String,
    "until": _TIME,
    "below_v": pl.Float64,
    "least_v": pl.Float64,
}
COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "battery_id": pl.String,
    "fault": pl.String,
    "lost_v": pl.Float64,
}
NO_SIGNS = pl.DataFrame(schema=SIGNS)
NO_FAULTS = pl.DataFrame(schema={**COLUMNS, "captured_at": _TIME})


def float_signs(jar_rows: pl.DataFrame, string_rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """How far each jar floated below its string in the last quiet hours of a day: columns of SIGNS.

    jar_rows, string_rows: credible telemetry of a day. jars: battery_id, string_id, capacity_ah and cells.
    below_v is the median of three hours, least_v the smallest, both in V of the jar as it is; a jar without
    three hours on float, or alone, has no row. About 288 samples of a jar are looked at.
    """
    if jar_rows.is_empty():
        return NO_SIGNS
    facts = sizes_of(jars)
    volts = _thinned(jar_rows, jars.height).select(
        pl.col("battery_id").cast(pl.String), _hour(), pl.col("voltage_v").cast(pl.Float64)
    )
    hours = volts.group_by("battery_id", "hour").agg(v=pl.col("voltage_v").fill_nan(None).mean())
    hours = hours.filter(pl.col("v").is_not_null()).join(facts, on="battery_id")
    together = ("string_id", "hour")
    # Of two jars the higher one is the sound one.
    middle = (pl.col("v") * SIX / pl.col("cells")).quantile(0.5, "higher").over(together)
    hours = hours.with_columns(
        below=middle * pl.col("cells") / SIX - pl.col("v"), middle=middle, beside=pl.len().over(together)
    )
    quiet = hours.join(_quiet_hours(string_rows, facts), on=together, how="left")
    telling = pl.col("quiet").fill_null(pl.col("middle") >= FLOATS_V) & (pl.col("beside") > 1)
    last = quiet.filter(telling).sort("battery_id", "hour").group_by("battery_id", maintain_order=True)
    signs = last.tail(FLOAT_HOURS).group_by("battery_id", maintain_order=True)
    return (
        signs.agg(
            until=pl.col("hour").max().dt.offset_by("1h"),
            below_v=pl.col("below").median(),
            least_v=pl.col("below").min(),
            count=pl.len(),
        )
        .filter(pl.col("count") == FLOAT_HOURS)
        .select(pl.col(name).cast(kind) for name, kind in SIGNS.items())
    )


def sizes_of(jars: pl.DataFrame) -> pl.DataFrame:
    """battery_id, string_id, capacity_ah and cells, as text and floats."""
    cells = pl.col("cells") if "cells" in jars.columns else pl.lit(SIX)
    return jars.select(
        pl.col("battery_id", "string_id").cast(pl.String),
        capacity_ah=pl.col("capacity_ah").cast(pl.Float64),
        cells=cells.fill_null(SIX).cast(pl.Float64),
    )


def _hour() -> pl.Expr:
    return pl.col("ts").dt.truncate("1h").cast(_TIME).alias("hour")


def _thinned(rows: pl.DataFrame, units: int) -> pl.DataFrame:
    """Rows of a day, so many fewer that each unit keeps some in every hour."""
    return rows.gather_every(max(1, rows.height // max(1, units * SAMPLES_A_DAY)))


def _quiet_hours(rows: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """string_id, hour, quiet: on float and hardly any current; NULL where no mode is told."""
    rated = facts.group_by("string_id").agg(pl.col("capacity_ah").median().fill_null(REFERENCE_AH))
    mode = pl.col("mode").cast(pl.String) if "mode" in rows.columns else pl.lit(None, pl.String)
    hours = (
        rows.select(
            pl.col("string_id").cast(pl.String),
            _hour(),
            floats=mode == "float",
            amps=pl.col("current_a").cast(pl.Float64).fill_nan(None),
        )
        .group_by("string_id", "hour")
        .agg(pl.col("floats").mean(), pl.col("amps").mean().abs())
        .join(rated, on="string_id")
    )
    calm = (pl.col("amps") <= pl.col("capacity_ah") / WORKING_C).fill_null(value=True)
    on_float = pl.col("floats") >= FLOAT_SHARE
    return hours.select(
        "string_id", "hour", quiet=pl.when(calm).then(on_float).otherwise(pl.lit(value=False))
    )


def handed_on(twins: pl.DataFrame) -> pl.DataFrame:
    """The faults that the newest twin of each jar knew: columns of COLUMNS and captured_at.

    twins: rows of digital_twin_state of earlier months.
    """
    newest = twins.sort("captured_at").group_by("battery_id", maintain_order=True).last()
    return newest.filter(pl.col("fault").is_not_null()).select(*COLUMNS, "captured_at").sort("battery_id")


def known_faults(
    jars: pl.DataFrame,
    signs: Iterable[pl.DataFrame],
    readings: pl.DataFrame,
    at: datetime,
    before: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The jars that have a fault at an instant: columns of COLUMNS; lost_v is that of a shorted cell.

    before: faults that earlier months knew, as `handed_on` gives them; what is seen since then overrules.

    signs: of days, as `float_signs` gives them: the last one counts. readings: battery_id, measured_at,
    resistance_mohm, with those of `loads.load_readings`; a connection is broken where the last two readings
    are twice the jar's baseline, or twice
    its string's median where it has none, and open where both are beyond what any jar of its size has.
    """
    upto = pl.lit(at).cast(_TIME)
    carried = NO_FAULTS if before is None else before
    lost = pl.col("lost_v").cast(pl.Float64)
    earlier = carried.filter(pl.col("fault") == SHORTED).select(
        "battery_id", until=pl.col("captured_at").cast(_TIME), below_v=lost, least_v=lost
    )
    newest = pl.concat([NO_SIGNS, earlier, *signs]).filter(pl.col("until") <= upto).sort("until")
    newest = newest.group_by("battery_id", maintain_order=True).last().join(sizes_of(jars), on="battery_id")
    limit = SHORT_V * pl.col("cells") / SIX
    shorted = newest.filter(pl.col("least_v") >= limit).select(
        "battery_id", fault=pl.lit(SHORTED), lost_v="below_v"
    )
    broken = _broken(jars, readings.filter(pl.col("measured_at") <= upto), carried)
    both = broken.join(shorted, on="battery_id", how="full", coalesce=True)
    # What carries no load at all is said before what carries some.
    fault = pl.when(pl.col("fault") == OPEN).then("fault").otherwise(pl.coalesce("fault_right", "fault"))
    return both.select("battery_id", fault=fault, lost_v="lost_v").cast(COLUMNS).sort("battery_id")  # type: ignore[arg-type]


def _broken(jars: pl.DataFrame, readings: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """battery_id and fault of the jars whose last two readings agree on a broken connection, and of those
    that had one before and were not read twice since."""
    since = jars.select(
        pl.col("battery_id", "string_id").cast(pl.String),
        baseline=pl.col("initial_resistance_mohm").cast(pl.Float64),
        installed_at=pl.col("installed_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        cells=(pl.col("cells") if "cells" in jars.columns else pl.lit(SIX)).fill_null(SIX).cast(pl.Float64),
    )
    served = pl.col("installed_at").is_null() | (pl.col("measured_at") >= pl.col("installed_at"))
    last = (
        readings.select(
            pl.col("battery_id").cast(pl.String), "measured_at", pl.col("resistance_mohm").cast(pl.Float64)
        )
        .filter(pl.col("resistance_mohm") > 0)
        .join(since, on="battery_id")
        .filter(served)
        .sort("battery_id", "measured_at")
        .group_by("battery_id", "string_id", "baseline", "cells", maintain_order=True)
        .agg(least=pl.col("resistance_mohm").tail(2).min(), count=pl.len())
    )
    usual = (
        pl.when(pl.col("baseline") > 0).then("baseline").otherwise(pl.col("least").median().over("string_id"))
    )
    doubled = (pl.col("count") > 1) & (pl.col("least") >= BROKEN_RATIO * usual)
    beyond = pl.col("least") * DC5S_FACTOR * SIX / pl.col("cells") > OPEN_MOHM
    fault = pl.when(beyond).then(pl.lit(OPEN)).otherwise(pl.lit(BROKEN))
    broken = last.filter(doubled).select("battery_id", fault=fault)
    lasting = before.filter(pl.col("fault") != SHORTED).join(jars, on="battery_id", how="semi")
    since_then = readings.join(lasting.select("battery_id", "captured_at"), on="battery_id")
    read_again = (
        since_then.filter(pl.col("measured_at") > pl.col("captured_at"))
        .group_by("battery_id")
        .len()
        .filter(pl.col("len") > 1)
    )
    still = lasting.join(read_again, on="battery_id", how="anti").join(broken, on="battery_id", how="anti")
    return pl.concat([broken, still.select("battery_id", "fault")])


@lru_cache(maxsize=1)
def _ten_hour_curve() -> tuple[np.ndarray, np.ndarray]:
    """Falling voltages of a new jar at the 10 h current, and the share of the capacity drawn by then."""
    grid = np.arange(0.0, 20 * 3600.0, 60.0)
    end_v = END_V_CELL * HX12_120.cells
    new = Jars.new(1, HX12_120.acceptance_scale)
    ran = discharge(new, grid, current_a=-HX12_120.rated_ah / 10, stop_jar_v=end_v, jar=HX12_120)
    volts = np.minimum.accumulate(ran.jar_v[0])
    return volts, np.arange(len(volts)) / (len(volts) - 1)


def share_at_terminals(lost_v: np.ndarray) -> np.ndarray:
    """Share of its capacity that a jar of six cells still gives down to 10.8 V at the 10 h current, where so
    many V of it are lost: 0.93 of it without 0.45 V, nothing without a whole cell."""
    volts, share = _ten_hour_curve()
    end_v = END_V_CELL * HX12_120.cells + np.maximum(np.nan_to_num(lost_v), 0.0)
    return np.interp(-end_v, -volts, share, left=0.0) / np.interp(-END_V_CELL * HX12_120.cells, -volts, share)


def with_faults(health: pl.DataFrame, faults: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """The health with fault, lost_v and working_soh_pct; soh_pct and its interval are those at the terminals.

    health: as `state_of_health` gives it. working_soh_pct is that of the cells that still work.
    """
    cells = sizes_of(jars).select("battery_id", "cells").unique("battery_id")
    joined = health.join(faults, on="battery_id", how="left", maintain_order="left").join(
        cells, on="battery_id", how="left", maintain_order="left"
    )
    as_six = (joined["lost_v"] * SIX / joined["cells"]).fill_null(0.0).to_numpy()
    share = np.where(
        (joined["fault"] == OPEN).fill_null(value=False).to_numpy(), 0.0, share_at_terminals(as_six)
    )
    faulty = pl.col("fault").is_not_null()
    of_jar = ("soh_pct", "soh_lower_pct", "soh_upper_pct")
    return joined.with_columns(
        *(
            pl.when(faulty).then(pl.col(name) * pl.lit(pl.Series(share))).otherwise(name).alias(name)
            for name in of_jar
        ),
        working_soh_pct="soh_pct",
        evidence=pl.when(faulty).then(pl.col("evidence") + "+fault").otherwise("evidence"),
    ).drop("cells")
