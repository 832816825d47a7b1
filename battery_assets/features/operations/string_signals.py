"""What rules look at of strings and rooms: float and charge current, ripple, heat, the cooling's own flag."""

import polars as pl

from battery_assets.features.operations.signal_frames import JAR_C, settled_hours, signal

BASELINE_HOURS, BASELINE_LEAST = 72, 24


def string_signals(hours: pl.DataFrame, jars: pl.DataFrame) -> dict[str, pl.DataFrame]:
    rows = settled_hours(hours, jars)
    calm = rows.filter(pl.col("settled"))
    per_ah = pl.col("float_current_60min_a") / pl.col("capacity_ah") * 1000.0
    usual = per_ah.rolling_median(BASELINE_HOURS, min_samples=BASELINE_LEAST).shift(1).over("string_id")
    ripple_pct = pl.col("ripple_voltage_10min_v") / pl.col("v_mean") * 100.0
    return {
        "float_current": signal(calm, "string_id", "hour", per_ah),
        "float_current_rise": signal(calm, "string_id", "hour", per_ah - usual),
        "charge_current": signal(
            rows, "string_id", "hour", pl.col("charge_current_30s_a") / pl.col("limit_a")
        ),
        "ripple_current": signal(
            rows, "string_id", "hour", pl.col("ripple_current_10min_a") / pl.col("capacity_ah")
        ),
        "ripple_voltage": signal(rows.filter(pl.col("v_mean") > 1.0), "string_id", "hour", ripple_pct),
    }


def room_signals(rooms: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Temperature that a room kept for an hour, and hours for which a cooling unit has been in fault."""
    held = [pl.lit(None, pl.Float64).alias(name) for name in ("t_high_60min", "hvac_fault_15min")
            if name not in rooms.columns]  # fmt: skip
    rows = rooms.with_columns(held).sort("location_id", "hour")
    sound = pl.col("hvac_fault_15min") == 0.0
    faulted = rows.filter(pl.col("hvac_fault_15min").is_not_null()).with_columns(
        spell=sound.cum_sum().over("location_id")
    )
    hours = pl.col("hvac_fault_15min").cum_sum().over("location_id", "spell")
    room = pl.when(pl.col("t_high_60min").is_between(*JAR_C)).then("t_high_60min")
    return {
        "room_temperature": signal(rows, "location_id", "hour", room),
        "hvac_fault": signal(faulted, "location_id", "hour", hours),
    }
