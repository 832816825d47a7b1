"""Open connections that no meter read: a jar whose voltage falls at once when its string is loaded."""

from datetime import datetime

import polars as pl

from battery_assets.features.health.faults import OPEN_MOHM, sizes_of
from battery_assets.features.samples.blocks import SIX
from battery_assets.features.samples.rated_capacity import REFERENCE_AH

# A jar that at once falls by so much more than its string, of six cells, is not flat or worn: those lose less
# until a tenth of the rating is drawn. Looked at from C10's current on.
FALLS_V, FIRST_SHARE = 2.0, 0.1
_TIME = pl.Datetime("us", "UTC")
NO_READINGS = pl.DataFrame(
    schema={"battery_id": pl.String, "measured_at": _TIME, "resistance_mohm": pl.Float64}
)


def load_readings(jar_rows: pl.DataFrame, string_rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """What a day's loads tell of open connections, as ohmic readings: columns of NO_READINGS.

    Of a jar that falls by FALLS_V more than its string when a load begins, and beyond OPEN_MOHM: the ohms
    that take this, sample by sample. jar_rows, string_rows, jars: as for `float_signs`.
    """
    facts = sizes_of(jars)
    rated = facts.group_by("string_id").agg(ah=pl.col("capacity_ah").median().fill_null(REFERENCE_AH))
    least = rated["ah"].min()
    if jar_rows.is_empty() or string_rows.is_empty() or least is None:
        return NO_READINGS
    if not (string_rows["current_a"] <= -float(least) / 10).any():  # type: ignore[arg-type]
        return NO_READINGS
    loads = string_rows.select(
        pl.col("string_id").cast(pl.String),
        pl.col("ts").cast(_TIME),
        amps=-pl.col("current_a").cast(pl.Float64),
    )
    loads = loads.filter(pl.col("amps").is_not_null()).join(rated, on="string_id").sort("string_id", "ts")
    idle = pl.when(pl.col("amps") < pl.col("ah") / 10).then("ts")
    loads = loads.with_columns(since=idle.forward_fill().over("string_id"))
    drawn = pl.col("amps") * (pl.col("ts") - pl.col("since")).dt.total_seconds() / 3600.0
    loads = loads.filter(pl.col("ts") > pl.col("since")).with_columns(drawn=drawn)
    early = pl.col("drawn") <= FIRST_SHARE * pl.col("ah")
    opened = _opened(jar_rows, facts, loads.filter(early))
    # Of a slow monitor one sample falls into the begin: a jar that fell in it has to stay so in the next.
    once = opened.filter(pl.len().over("battery_id", "since") == 1)
    if once.height:
        next_one = loads.filter(~early).unique(["string_id", "since"], keep="first", maintain_order=True)
        again = _opened(jar_rows, facts, next_one.filter(pl.col("since").is_in(once["since"].implode())))
        opened = pl.concat([opened, again.join(once, on=["battery_id", "since"], how="semi")])
    return opened.sort("battery_id", "measured_at").select(NO_READINGS.columns)


def _opened(jar_rows: pl.DataFrame, facts: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """NO_READINGS, and `since`, of the jars that fell by FALLS_V more than their string since it was idle."""
    below = _below(jar_rows, facts, [*begun["ts"], *begun["since"]])
    before = below.select("battery_id", since="ts", usual="below")
    fell = below.join(begun, on=["string_id", "ts"]).join(before, on=["battery_id", "since"])
    fell = fell.with_columns(fell=pl.col("below") - pl.col("usual"))
    mohm = pl.col("fell") / pl.col("amps") * 1e3
    opened = fell.filter(pl.col("fell") >= FALLS_V, mohm > OPEN_MOHM)
    ohms = mohm * pl.col("cells") / SIX
    return opened.select("battery_id", "since", measured_at="ts", resistance_mohm=ohms)


def _below(rows: pl.DataFrame, facts: pl.DataFrame, at: list[datetime]) -> pl.DataFrame:
    """battery_id, string_id, cells, ts, below: V of six cells by which a jar is then below its string."""
    then = rows.select(
        pl.col("battery_id").cast(pl.String), pl.col("ts").cast(_TIME), v=pl.col("voltage_v").cast(pl.Float64)
    ).filter(pl.col("ts").is_in(sorted(set(at))), pl.col("v").is_not_null())
    then = then.join(facts, on="battery_id").with_columns(v=pl.col("v") * SIX / pl.col("cells"))
    middle = pl.col("v").quantile(0.5, "higher").over("string_id", "ts")
    return then.select("battery_id", "string_id", "cells", "ts", below=middle - pl.col("v"))
