"""The jars of a string sum to its voltage, less what its links take.

Judged on the first minute of every hour (one sample, where the monitor is slower): every hour of every day
is seen at a sixtieth of the cost, so a wrong scale or a wrong mapping can hide for less than an hour.
"""

from datetime import datetime

import polars as pl

from battery_assets.features.laws.verdict import Finding, Verdict
from battery_assets.features.operations.data_objections import CABLE_MOHM, CONNECTOR_MOHM
from battery_assets.features.samples.blocks import in_series
from battery_assets.features.samples.rated_capacity import REFERENCE_AH

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
EDGE_US = 5_000_000  # clocks differ by 2 s (SOURCES 8): a sample just before the full hour is the hour's own
# A string's meter and the common gain of its jars' sensors are of class 0.5 each (SOURCES 8).
GAIN = 0.01
# One sensor may be off by this much: it is an objection to that sensor, not to the site's month.
ONE_SENSOR_V = 0.5
LINKS_FACTOR = 2.0  # a worn link takes twice the drop of a sound one without making the sum wrong
STEADY_C = 1 / 20
FEWEST, SHARE = 3, 0.05
NEXT_STEP = (
    "compare the named jar's or string's reading with a hand-held meter, correct scale or mapping at the "
    "source (or leave that sensor's voltages out: a sum that lacks a jar is not judged) and run the month "
    "again"
)


HOUR = pl.col("ts").dt.offset_by("5s").dt.truncate("1h")


def window_us(usual_step_s: float) -> int:
    """How much of each hour is read: a minute, or one step and a half of a slower monitor."""
    return max(MINUTE_US, int(1.5e6 * usual_step_s))


def in_window(width_us: int, before_us: int = 0) -> pl.Expr:
    """Samples of `ts` in the first part of an hour, and up to `before_us` before it."""
    return (pl.col("ts").dt.epoch("us") + EDGE_US + before_us) % HOUR_US < width_us + before_us


def jar_sums(jar_rows: pl.DataFrame, string_rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """One row per string and hour in which both can be compared: how far they are apart.

    jar_rows: ts, battery_id, voltage_v and string_rows: ts, string_id, voltage_v, current_a of the hours'
    first parts (`in_window`; of strings also one step before, to show whether the current was steady). jars:
    battery_id, string_id, position_in_string, capacity_ah; batteries_count where it is known.

    Returns string_id, hour, voltage_v, sum_v, off_v, limit_v, and the jar farthest from the median:
    battery_id, jar_v, median_v. Hours in which a jar is missing (or its channel is dead: exactly 0 V), or the
    current steps, are left out: clocks of gateways differ by seconds.
    """
    homes = jars.select(pl.col("battery_id", "string_id").cast(pl.String), "position_in_string")
    of_jars = (
        jar_rows.filter(pl.col("voltage_v") != 0)
        .group_by(pl.col("battery_id").cast(pl.String), HOUR.alias("hour"))
        .agg(pl.col("voltage_v").cast(pl.Float64).mean())
        .join(homes, on="battery_id")
    )
    median = pl.col("voltage_v").median().over("string_id", "hour")
    sums = (
        of_jars.with_columns(median_v=median, apart=(pl.col("voltage_v") - median).abs())
        .sort("string_id", "hour", "apart", "battery_id")
        .group_by("string_id", "hour", maintain_order=True)
        .agg(
            sum_v=pl.col("voltage_v").sum(),
            jars=pl.len(),
            places=pl.col("position_in_string").n_unique(),
            battery_id=pl.col("battery_id").last(),
            jar_v=pl.col("voltage_v").last(),
            median_v=pl.col("median_v").last(),
        )
    )
    facts = jars.group_by(pl.col("string_id").cast(pl.String)).agg(
        in_series=in_series(jars),
        capacity_ah=pl.col("capacity_ah").median().fill_null(REFERENCE_AH),
    )
    compared = (
        _steady(string_rows, facts)
        .join(sums, on=["string_id", "hour"])
        .filter(pl.col("jars") == pl.col("in_series"), pl.col("places") == pl.col("in_series"))
    )
    links_v = (CONNECTOR_MOHM * pl.col("in_series") + CABLE_MOHM) / 1000.0 * pl.col("current_a")
    return compared.with_columns(
        off_v=pl.col("voltage_v") - pl.col("sum_v") - links_v,
        limit_v=GAIN * pl.col("voltage_v").abs() + ONE_SENSOR_V + (LINKS_FACTOR - 1.0) * links_v.abs(),
    )


def _steady(string_rows: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Mean voltage and current of each string in the hours' first parts, where the current does not step."""
    # A sample from before the full hour belongs to the hour it leads to.
    led = (pl.col("ts").dt.epoch("us") + HOUR_US // 2) // HOUR_US
    inside = pl.col("ts").dt.epoch("us") >= led * HOUR_US - EDGE_US
    volts, amps = (pl.col(name).cast(pl.Float64) for name in ("voltage_v", "current_a"))
    return (
        string_rows.with_columns(pl.col("string_id").cast(pl.String), led=led, inside=inside)
        .group_by("string_id", "led")
        .agg(
            hour=HOUR.filter("inside").first(),
            voltage_v=volts.filter("inside").mean(),
            current_a=amps.filter("inside").mean(),
            moved_a=amps.max() - amps.min(),
        )
        .join(facts, on="string_id")
        .filter(
            pl.col("voltage_v").is_not_null(),
            pl.col("moved_a").fill_null(0.0) <= STEADY_C * pl.col("capacity_ah"),
        )
        .with_columns(pl.col("current_a").fill_null(0.0))
    )


def jar_sum(sums: pl.DataFrame, codes: dict[str, str]) -> Verdict:
    """Whether the sums hold in every string: frame of `jar_sums`, names of strings and jars.

    A string contradicts with three hours and one in twenty of those compared: less is a failing sensor.
    """
    off = pl.col("off_v").abs() > pl.col("limit_v")
    by_string = sums.group_by("string_id", maintain_order=True).agg(
        compared=pl.len(), off=off.sum(), typical=(pl.col("off_v").abs() / pl.col("limit_v")).median()
    )
    wrong = by_string.filter(pl.col("off") >= FEWEST, pl.col("off") > SHARE * pl.col("compared"))
    shown = (
        sums.filter(off)
        .join(wrong.select("string_id", n_off="off", n_all="compared"), on="string_id")
        .sort("string_id", "hour")
    )
    spans = shown.group_by("string_id", maintain_order=True).agg(
        pl.col("hour").min().alias("begin"), pl.col("hour").max().alias("end")
    )
    worst = shown.sort("string_id", pl.col("off_v").abs(), descending=[False, True]).unique(
        "string_id", keep="first", maintain_order=True
    )
    findings = [_finding(row, codes) for row in worst.join(spans, on="string_id").to_dicts()]
    judged = (
        f"jars and links sum to the string in {by_string.height} strings, {sums.height:,} hours compared"
        if sums.height
        else "not judged: no hour in which a string and all of its jars were read under a steady current"
    )
    facts = {"hours compared": float(sums.height), "strings": float(by_string.height)}
    if by_string.height:
        facts["largest median share of the limit"] = float(by_string["typical"].max() or 0.0)  # type: ignore[arg-type]
    return Verdict(judged, NEXT_STEP, findings, facts)


def _finding(row: dict, codes: dict[str, str]) -> Finding:
    begin: datetime = row["begin"]
    end: datetime = row["end"]
    jar = codes.get(row["battery_id"], row["battery_id"])
    return Finding(
        where=f"string {codes.get(row['string_id'], row['string_id'])}",
        when=f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC",
        expected=f"{row['voltage_v']:.2f} V within {row['limit_v']:.2f} V of the sum of its jars and links",
        found=f"a sum of {row['sum_v']:.2f} V ({row['n_off']} of {row['n_all']} hours); farthest is jar "
        f"{jar} with {row['jar_v']:.3f} V where the median is {row['median_v']:.3f} V",
        measured=abs(row["off_v"]),
        limit=row["limit_v"],
        unit="V",
        string_id=row["string_id"],
        days=(begin.date(), end.date()),
    )
