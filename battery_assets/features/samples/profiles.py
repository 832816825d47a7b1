"""Small hourly frames that rules and quality checks read instead of the telemetry itself.

Hours are labelled by their start. Each reduction takes one UTC day sorted by (unit, ts) and costs one pass.
"""

import numpy as np
import polars as pl

from battery_assets.features.samples.held import Held, held
from battery_assets.features.samples.runs import usual_steps
from battery_assets.features.samples.temperature import resistance_at_25c

# Below this a current is sensor offset or float (Hall offset 0.1-0.5 A, SOURCES 6).
ACTIVE_A = 2.0
# Rooms of a site lie no further apart, by more a sensor is wrong (convention).
ROOM_APART_K = 12.0
# How jars are built: see `blocks`.
SIZES = ("nominal_v", "cells", "lead_acid", "chemistry", "batteries_count", "string_nominal_v")
_RIPPLE = (
    Held("ripple_voltage_10min_v", "ripple_voltage_rms_v", 600),
    Held("ripple_current_10min_a", "ripple_current_rms_a", 600),
)
_CHARGE = (Held("charge_current_30s_a", "current_a", 30),)
_FLOAT = (Held("float_current_60min_a", "current_a", 3600),)
_ROOM = (Held("t_high_60min", "temperature_c", 3600), Held("fault_15min", "faulty", 900))
_MODES = ("float", "boost", "equalize", "discharge", "idle")


def jars_in_places(jars: pl.DataFrame, systems: pl.DataFrame, locations: pl.DataFrame) -> pl.DataFrame:
    """One row per jar with what rules need to know of it: codes, parents and its model's limits.

    jars: one row per jar of the columns of battery, with string_code and system_id of its string and the
    limits of its model. Columns: battery_id, battery_code, position_in_string, string_id, string_code,
    system_id, location_id, location_code, capacity_ah, float_voltage_min_v, float_voltage_max_v,
    boost_voltage_min_v, max_charge_current_a, installed_date, replaced_date (null: still there, or not
    known), and SIZES where they are there. An unknown system or place is null. Raises where a key is not
    unique.
    """
    codes = ("battery_id", "battery_code", "position_in_string", "string_id", "string_code", "system_id")
    limits = (
        "capacity_ah",
        "float_voltage_min_v",
        "float_voltage_max_v",
        "boost_voltage_min_v",
        "max_charge_current_a",
    )
    dates = [
        (pl.col(name) if name in jars.columns else pl.lit(None)).cast(pl.Date).alias(name)
        for name in ("installed_date", "replaced_date")
    ]
    sizes = [name for name in SIZES if name in jars.columns]
    return (
        jars.select(*codes, *dates, pl.col(*limits).cast(pl.Float64), *sizes)
        .join(systems.select("system_id", "location_id"), on="system_id", how="left", validate="m:1")
        .join(locations.select("location_id", "location_code"), on="location_id", how="left", validate="m:1")
        .sort("battery_code")
    )


def float_at_25c(voltage_v: pl.Expr, temperature_c: pl.Expr) -> pl.Expr:
    """A jar's float voltage brought to 25 degC; an unknown temperature counts as 25 degC.

    Set point per cell max(2.21, 2.27 - 0.0033 (T - 25)) V with the sensor's range 0..40 degC (SOURCES 1.5).
    """
    drop = 0.0033 * (temperature_c.fill_null(25.0).clip(0.0, 40.0) - 25.0)
    return voltage_v + 6.0 * drop.clip(upper_bound=0.06)


def working(capacity_ah: pl.Expr) -> pl.Expr:
    """True for hours of `string_hours` in which the string discharged at all or was charged above C/60."""
    return (pl.col("discharge_s") > 0) | (pl.col("current_mean").abs() > capacity_ah / 60.0)


def _runs(day: pl.DataFrame, unit: str) -> pl.DataFrame:
    """The day with `hour`, `run` (one number per unit and hour) and `step` (time since its last row)."""
    fresh = (pl.col(unit) != pl.col(unit).shift(1)).fill_null(True)
    turned = (pl.col("hour") != pl.col("hour").shift(1)).fill_null(True)
    return day.with_columns(hour=pl.col("ts").dt.truncate("1h")).with_columns(
        fresh=fresh,
        run=(fresh | turned).cum_sum().set_sorted(),
        step=pl.when(~(fresh | turned)).then(pl.col("ts").diff()),
    )


def _timing() -> list[pl.Expr]:
    return [
        pl.col("hour").first(),
        pl.len().cast(pl.Int64).alias("rows"),
        pl.col("ts").first().alias("first_ts"),
        pl.col("ts").last().alias("last_ts"),
        (pl.col("step").max().dt.total_milliseconds() / 1000.0).alias("gap_s"),
    ]


def _clean(day: pl.DataFrame, unit: str, numbers: tuple[str, ...]) -> pl.DataFrame:
    present = [name for name in numbers if name in day.columns]
    absent = [pl.lit(None, pl.Float32).alias(name) for name in numbers if name not in day.columns]
    floats = [name for name in present if day.schema[name].is_float()]
    others = [pl.col(name).cast(pl.Float64) for name in present if name not in floats]
    kept = day.select(unit, "ts", *(c for c in ("mode", "equalize_flag") if c in day.columns), *present)
    return kept.with_columns(pl.col(floats).fill_nan(None), *others, *absent)


def _spread(value: pl.Expr) -> list[tuple[str, pl.Expr]]:
    return [("mean", value.mean()), ("min", value.min()), ("max", value.max())]


def string_hours(day: pl.DataFrame) -> pl.DataFrame:
    """A day of telemetry_string_raw as one row per string and hour, for rules and quality checks.

    Columns: string_id, hour, rows, first_ts, last_ts, gap_s, period_s, v_rows, v_mean, v_min, v_max,
    current_mean, current_min, current_max (A, positive charges), float_share, discharge_s,
    float_voltage_v and float_current_a (means of float rows), float_current_60min_a (`held` for 60 min while
    charged), charge_current_30s_a (`held` for 30 s),
    ripple_voltage_v, ripple_current_a (means), ripple_voltage_10min_v, ripple_current_10min_a (`held` for
    10 min outside discharge: an inverter's ripple is not the rectifier's), equalize_rows,
    equalize_max_v, equalize_current_a, active_rows (over 2 A), contradiction_rows, outside_rows.
    """
    numbers = ("voltage_v", "current_a", "ripple_voltage_rms_v", "ripple_current_rms_a")
    rows = _runs(_clean(day, "string_id", numbers), "string_id")
    rows = rows.with_columns(_mode(day)).with_columns(_string_marks(day))
    v, i = pl.col("voltage_v"), pl.col("current_a")
    on_float, equalizing = pl.col("mode") == "float", pl.col("equalizing")
    hours = rows.group_by("run").agg(
        pl.col("string_id").first(),
        *_timing(),
        v.count().cast(pl.Int64).alias("v_rows"),
        *(how.cast(pl.Float64).alias(f"v_{name}") for name, how in _spread(v)),
        *(how.cast(pl.Float64).alias(f"current_{name}") for name, how in _spread(i)),
        on_float.mean().fill_null(0.0).alias("float_share"),
        pl.col("discharging").sum().alias("discharge_s"),
        v.filter(on_float).mean().cast(pl.Float64).alias("float_voltage_v"),
        i.filter(on_float).mean().cast(pl.Float64).alias("float_current_a"),
        pl.col("ripple_voltage_rms_v").mean().cast(pl.Float64).alias("ripple_voltage_v"),
        pl.col("ripple_current_rms_a").mean().cast(pl.Float64).alias("ripple_current_a"),
        equalizing.sum().cast(pl.Int64).alias("equalize_rows"),
        v.filter(equalizing).max().cast(pl.Float64).alias("equalize_max_v"),
        i.filter(equalizing).mean().cast(pl.Float64).alias("equalize_current_a"),
        pl.col("active").sum().cast(pl.Int64).alias("active_rows"),
        pl.col("contradicting").sum().cast(pl.Int64).alias("contradiction_rows"),
        pl.col("outside").sum().cast(pl.Int64).alias("outside_rows"),
    )
    quiet = rows.filter(~pl.col("discharging"))
    hours = hours.drop("run").with_columns(pl.col("string_id").cast(pl.String))
    charged = rows.filter(~pl.col("discharging") & (pl.col("mode") != "idle").fill_null(value=True))
    for peaks in (
        held(quiet, "string_id", _RIPPLE),
        held(rows, "string_id", _CHARGE),
        held(charged, "string_id", _FLOAT),
    ):
        hours = hours.join(peaks, on=["string_id", "hour"], how="left", validate="1:1")
    hours = hours.join(usual_steps(day, "string_id"), on="string_id", how="left", validate="m:1")
    return hours.with_columns(pl.col("discharge_s") * pl.col("period_s")).sort("string_id", "hour")


def _mode(day: pl.DataFrame) -> pl.Expr:
    return (pl.col("mode").cast(pl.String) if "mode" in day.columns else pl.lit(None, pl.String)).alias(
        "mode"
    )


def _string_marks(day: pl.DataFrame) -> list[pl.Expr]:
    """Row marks of a string day: discharging, active, contradicting, equalizing, outside (never null)."""
    i, mode = pl.col("current_a"), pl.col("mode")
    flag = pl.col("equalize_flag").fill_null(False) if "equalize_flag" in day.columns else pl.lit(False)
    wrong_way = ((mode == "discharge") & (i > ACTIVE_A)) | (
        mode.is_in(["float", "boost", "equalize"]) & (i < -ACTIVE_A)
    )
    unknown_mode = mode.is_not_null() & ~mode.is_in(_MODES)
    ripple = (pl.col("ripple_voltage_rms_v") < 0) | (pl.col("ripple_current_rms_a") < 0)
    outside = ~pl.col("voltage_v").is_between(0, 1000) | (i.abs() > 5000) | ripple | unknown_mode
    marks = {
        "discharging": i < -ACTIVE_A,
        "active": i.abs() > ACTIVE_A,
        "contradicting": wrong_way | ((mode == "idle") & (i.abs() > ACTIVE_A)),
        "equalizing": (mode == "equalize") | flag,
        "outside": outside,
    }
    return [mark.fill_null(False).alias(name) for name, mark in marks.items()]


def sensor_hours(env: pl.DataFrame) -> pl.DataFrame:
    """A day of telemetry_env as sensor_id, hour, temperature_c (mean), t_high_60min (`held` for an hour),
    fault (share of samples) and fault_15min: 1 where the unit reported a fault for 15 min, else 0.
    """
    hour = pl.col("ts").dt.truncate("1h").alias("hour")
    rows = env.with_columns(
        pl.col("sensor_id", "hvac_status").cast(pl.String), pl.col("temperature_c").cast(pl.Float64)
    ).with_columns(faulty=(pl.col("hvac_status") == "fault").cast(pl.Float64))
    hours = rows.group_by("sensor_id", hour).agg(
        pl.col("temperature_c").mean(), fault=pl.col("faulty").mean()
    )
    keys = ["sensor_id", "hour"]
    kept = held(rows.sort("sensor_id", "ts"), "sensor_id", _ROOM)
    return hours.join(kept, on=keys, how="left", validate="1:1").sort(keys)


def room_hours(hours: pl.DataFrame, sensors: pl.DataFrame) -> pl.DataFrame:
    """`sensor_hours` as location_id, hour, temperature_c and t_high_60min (medians of the sensors),
    hvac_fault_share, hvac_fault_15min (of any sensor's room), warmest_c (of the sensors that can be right).
    """
    near = (pl.col("temperature_c") - pl.col("temperature_c").median()).abs() <= ROOM_APART_K
    return (
        hours.join(sensors.select("sensor_id", "location_id"), on="sensor_id", validate="m:1")
        .group_by("location_id", "hour")
        .agg(
            pl.col("temperature_c", "t_high_60min").median(),
            hvac_fault_share=pl.col("fault").max(),
            hvac_fault_15min=pl.col("fault_15min").max(),
            warmest_c=pl.col("temperature_c").filter(near).max(),
        )
        .sort("location_id", "hour")
    )


def resistance_readings(hours: pl.DataFrame, impedance: pl.DataFrame | None = None) -> pl.DataFrame:
    """Ohmic readings as battery_id, measured_at, resistance_mohm (25 degC), baseline_pct.

    hours: 1 h features with r_internal_latest, r_internal_baseline_pct, t_mean; one reading a day is kept
    and a value carried unchanged is not a new one. impedance: battery_id, measured_at,
    temp_corrected_resistance_mohm, baseline_pct of the calculated measurements.
    """
    rows = hours.filter(pl.col("r_internal_latest").is_not_null()).sort("battery_id", "feature_ts")
    moved = (
        pl.col("r_internal_latest") != pl.col("r_internal_latest").shift(1).over("battery_id")
    ).fill_null(True)
    daily = (
        rows.filter(moved)
        .with_columns(measured_at=pl.col("feature_ts").dt.offset_by("-1h"))
        .group_by("battery_id", pl.col("measured_at").dt.date().alias("day"), maintain_order=True)
        .agg(pl.col("measured_at", "r_internal_latest", "r_internal_baseline_pct", "t_mean").last())
    )
    temperature = daily["t_mean"].cast(pl.Float64).fill_null(25.0).to_numpy()
    factor = resistance_at_25c(np.ones(daily.height), temperature)
    monitored = daily.select(
        "battery_id",
        "measured_at",
        resistance_mohm=pl.col("r_internal_latest").cast(pl.Float64) * pl.Series(factor),
        baseline_pct=pl.col("r_internal_baseline_pct").cast(pl.Float64) * pl.Series(factor),
    )
    if impedance is None or impedance.height == 0:
        return monitored.sort("battery_id", "measured_at")
    tested = impedance.select(
        "battery_id",
        "measured_at",
        resistance_mohm=pl.col("temp_corrected_resistance_mohm").cast(pl.Float64),
        baseline_pct=pl.col("baseline_pct").cast(pl.Float64),
    )
    # A test's value also reaches the hourly features: of a day's readings the test's own is kept.
    days = [pl.col("battery_id"), pl.col("measured_at").dt.date()]
    only_monitored = monitored.join(tested, on=days, how="anti")
    return pl.concat([only_monitored, tested]).sort("battery_id", "measured_at")
