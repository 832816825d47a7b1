"""What rules look at of a jar: voltages against its string, heat, resistance, distance from the others."""

import polars as pl

from battery_assets.features.operations.signal_frames import (
    BLOCK_V,
    FLOAT_SHARE,
    JAR_C,
    JAR_V,
    highest_v,
    settled_hours,
    signal,
)
from battery_assets.features.samples.profiles import float_at_25c

HELD = ("v_low_30min", "v_high_30min", "v_low_15s", "t_high_5min", "t_high_30min")
# A jar heats by 28 K/h at its 15 min rate (SOURCES 2): a peak further over the hour's mean is a bad sample.
PEAK_OVER_MEAN_K = 14.0
FLOATS_V = 13.0  # a string's middle jar above any open circuit: it floats, whatever its mode says
# A partial short takes 0.3 V or more within a day (SOURCES 3.2) and stays; wear takes months for as much.
FALL_V, STAYS_HOURS, BEFORE_HOURS, BEFORE_LEAST = 0.25, 12, 72, 24
MEDIAN_LEAST, ANOMALY_LEAST, DAY_HOURS = 6, 8, 6
# What sensors and readings scatter by themselves: 20 mV, 0.5 K, 3 % (SOURCES 8.1, 8.3).
ANOMALY_FLOORS = {"v": 0.02, "t": 0.5, "r": 0.03}


def jar_rows(jars: pl.DataFrame, strings: pl.DataFrame | None, hours: pl.DataFrame) -> pl.DataFrame:
    """The hours of jars with the jar's string and what the string did in that hour and the one before."""
    if "feature_window_hours" in hours.columns:
        hours = hours.filter(pl.col("feature_window_hours") == 1)
    numbers = ("v_mean", "t_mean", "t_delta_ambient_mean", *HELD)
    absent = [pl.lit(None, pl.Float64).alias(name) for name in numbers if name not in hours.columns]
    rows = hours.with_columns(absent).select(
        pl.col("battery_id").cast(pl.String),
        pl.col("feature_ts").dt.offset_by("-1h").alias("at"),
        pl.col(*numbers).cast(pl.Float64),
    )
    unsaid = {"lead_acid": pl.lit(value=True), "nominal_v": pl.lit(BLOCK_V)}
    jars = jars.with_columns(
        default.alias(name) for name, default in unsaid.items() if name not in jars.columns
    )
    facts = jars.select(
        "battery_id", "string_id", "location_id", "float_voltage_max_v", "lead_acid", highest=highest_v()
    )
    rows = rows.join(facts, on="battery_id")
    highest = {"v": pl.col("highest"), "t": pl.lit(JAR_C[1])}
    lowest = {"v": JAR_V[0], "t": JAR_C[0]}
    rows = rows.with_columns(
        pl.when(pl.col(name).is_between(lowest[name[0]], highest[name[0]])).then(pl.col(name)).alias(name)
        for name in HELD
    ).drop("highest")
    if strings is None:
        empty = pl.lit(None, pl.Float64)
        unknown = pl.lit(None, pl.Boolean)
        return rows.with_columns(float_share=empty, discharge_s=empty, settled=unknown)
    did = settled_hours(strings, jars).select("string_id", "float_share", "discharge_s", "settled", at="hour")
    # What was held half an hour may have begun in the hour before: both are hours on float.
    before = did.select("string_id", pl.col("at").dt.offset_by("1h"), before="float_share")
    did = did.join(before, on=["string_id", "at"], how="left", validate="1:1").with_columns(
        float_share=pl.min_horizontal("float_share", "before")
    )
    return rows.join(did, on=["string_id", "at"], how="left", validate="m:1")


def over_their_room(rows: pl.DataFrame, rooms: pl.DataFrame | None) -> pl.DataFrame:
    """`jar_rows` with over_room: how much warmer (K) the jar's hour was than the warmest room of its site.

    Nobody records in which of a site's rooms a jar stands. Without rooms it is what the features know.
    """
    over = rows.with_columns(over_room=pl.col("t_delta_ambient_mean"))
    if rooms is None or "warmest_c" not in rooms.columns:
        return over
    warm = rooms.select("location_id", "warmest_c", at="hour")
    over = over.join(warm, on=["location_id", "at"], how="left", validate="m:1")
    return over.with_columns(over_room=pl.coalesce(pl.col("t_mean") - pl.col("warmest_c"), "over_room"))


def jar_signals(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    on_float = pl.when(pl.col("float_share") >= FLOAT_SHARE)
    # A charger that holds too much for a day does not say float, and is no boost either.
    charged = pl.when((pl.col("float_share") >= FLOAT_SHARE) | pl.col("settled"))
    peak = pl.col("t_high_5min") - pl.col("t_mean") <= PEAK_OVER_MEAN_K
    # What temperature does to a float voltage, and where a discharge ends, is known of lead-acid.
    of_lead = pl.when("lead_acid")
    rows = rows.with_columns(
        v=on_float.then(pl.col("v_low_30min")),
        above=charged.then(pl.col("v_high_30min")),
        low=pl.when(pl.col("discharge_s") >= 15.0).then(pl.col("v_low_15s")),
        peak=pl.when(peak).then("t_high_5min").otherwise("t_mean"),
    ).with_columns(
        pl.col("v", "above", "low").median().over("string_id", "at").name.suffix("_middle"),
        low25=float_at_25c(pl.col("v"), pl.col("t_mean")),
        high25=of_lead.then(float_at_25c(pl.col("above"), pl.col("t_mean"))).otherwise(pl.col("above")),
    )
    lost = pl.col("v_middle") - pl.col("v")
    values = {
        "float_below_median": lost,
        # A jar below its string never floats high: the string's middle decides, not the charger alone.
        "float_above_median": pl.col("above") - pl.col("above_middle"),
        "float_voltage_25c": of_lead.then(pl.col("low25")),
        "float_above_band": pl.when(pl.col("above") >= pl.col("above_middle")).then(
            pl.col("high25") - pl.col("float_voltage_max_v")
        ),
        "discharge_below_median": pl.col("low_middle") - pl.col("low"),
        "discharge_voltage": of_lead.then(pl.col("low")),
        "jar_temperature": pl.col("peak"),
        "jar_above_room": pl.col("over_room") + (pl.col("t_high_30min") - pl.col("t_mean")),
    }
    by_name = {name: signal(rows, "battery_id", "at", value) for name, value in values.items()}
    floats = pl.when(pl.col("lead_acid") & (pl.col("v_middle") >= FLOATS_V))
    return by_name | {"cell_short": _short(rows.with_columns(lost=floats.then(lost)))}


def _short(rows: pl.DataFrame) -> pl.DataFrame:
    """Volts by which a jar suddenly floats lower than its string, over what it floated lower before.

    A cell shorts within hours and stays so. What a jar floats low when it is new, or as it dries out (Tafel),
    is as much or more and takes weeks. rows: `lost`, on float.
    """
    lost = rows.filter(pl.col("lost").is_not_null()).sort("battery_id", "at")
    usual = pl.col("lost").rolling_median(BEFORE_HOURS, min_samples=BEFORE_LEAST).shift(STAYS_HOURS)
    lost = lost.with_columns(before=usual.over("battery_id"))
    fell = (pl.col("lost") - pl.col("before")).rolling_min(STAYS_HOURS).over("battery_id")
    lost = lost.with_columns(jumped=(fell >= FALL_V).fill_null(value=False))
    level = pl.when("jumped").then("before").drop_nulls().first().over("battery_id")
    since = pl.col("jumped").cum_sum().over("battery_id") > 0
    value = pl.when(since).then(pl.col("lost") - level).otherwise(0.0)
    return signal(lost, "battery_id", "at", value)


def string_readings(resistance: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """Readings with `ratio` to the median of the string's readings of that UTC day (six jars at least)."""
    rows = resistance.join(jars.select("battery_id", "string_id"), on="battery_id").with_columns(
        day=pl.col("measured_at").dt.date()
    )
    whole = pl.col("battery_id").n_unique().over("string_id", "day") >= MEDIAN_LEAST
    middle = pl.col("resistance_mohm").median().over("string_id", "day")
    ratio = pl.when(whole & (middle > 0)).then(pl.col("resistance_mohm") / middle)
    return rows.with_columns(ratio=ratio)


def anomaly(rows: pl.DataFrame, readings: pl.DataFrame | None) -> pl.DataFrame:
    """Robust distance of a jar's UTC day from the others of its string, at the day's last known hour.

    sqrt(zv^2 + zt^2 + zr^2) with z = (x - median) / max(1.4826 MAD, floor) over the jars of the string;
    v: mean float voltage, t: mean temperature, r: resistance ratio. A quantity not measured adds nothing. A
    day of which fewer than DAY_HOURS are known says nothing.
    """
    on_float = pl.when(pl.col("float_share") >= FLOAT_SHARE)
    days = rows.with_columns(day=pl.col("at").dt.date(), v=on_float.then(pl.col("v_mean"))).with_columns(
        v=pl.col("v") - pl.col("v").median().over("string_id", "at"),
        t=pl.col("t_mean") - pl.col("t_mean").median().over("string_id", "at"),
    )
    days = days.group_by("battery_id", "string_id", "day").agg(
        pl.col("v").mean(), pl.col("t").mean(), at=pl.col("at").max(), hours=pl.len()
    )
    days = days.filter(pl.col("hours") >= DAY_HOURS)
    if readings is None:
        days = days.with_columns(r=pl.lit(None, pl.Float64))
    else:
        daily = readings.group_by("battery_id", "day").agg(r=pl.col("ratio").mean())
        days = days.join(daily, on=["battery_id", "day"], how="left", validate="1:1")
    squares = []
    for name, floor in ANOMALY_FLOORS.items():
        apart = pl.col(name) - pl.col(name).median().over("string_id", "day")
        spread = 1.4826 * apart.abs().median().over("string_id", "day")
        squares.append((apart / spread.clip(lower_bound=floor)) ** 2)
    enough = pl.len().over("string_id", "day") >= ANOMALY_LEAST
    measured = pl.any_horizontal(pl.col(name).is_not_null() for name in ANOMALY_FLOORS)
    distance = pl.when(enough & measured).then(pl.sum_horizontal(squares, ignore_nulls=True).sqrt())
    return signal(days.with_columns(d=distance), "battery_id", "at", pl.col("d"))
