"""Hourly evidence and a day of telemetry of a quiet string, and the change that carries one objection."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl

from battery_assets_tests.worlds import operations as world

HOURS = 240
STEP_S = 60.0
HOUR = pl.col("index")


def evidence() -> pl.DataFrame:
    """240 quiet hours of string `a` and its jars, as `telemetry_evidence` returns them."""
    clock = pl.datetime_range(
        world.START, world.START + timedelta(hours=HOURS - 1), "1h", time_unit="us", eager=True
    )
    hours = pl.DataFrame({"hour": clock}).with_row_index().with_columns(pl.col("index").cast(pl.Int64))
    common = {
        "string_id": pl.lit("a"),
        "rows": pl.lit(60),
        "v_rows": pl.lit(60),
        "period_s": pl.lit(STEP_S),
        "first_ts": pl.col("hour"),
        "last_ts": pl.col("hour") + timedelta(minutes=59),
        "gap_s": pl.lit(STEP_S),
        "outside_rows": pl.lit(0),
    }
    wave = 0.3 * (HOUR % 24 - 12).cast(pl.Float64) / 12.0
    jar_only = {
        "v_mean": pl.lit(13.62),
        "v_min": 13.61 - wave / 100.0,
        "v_max": pl.lit(13.63),
        "t_mean": 25.0 + wave,
        "t_min": 24.9 + wave,
        "t_max": 25.1 + wave,
        "r_changes": pl.lit(0),
        "g_rows": pl.lit(1),
        "g_off": pl.lit(0),
    }
    string_only = {
        "v_mean": pl.lit(24 * 13.62),
        "float_share": pl.lit(1.0),
        "float_voltage_v": pl.lit(24 * 13.62),
        "float_current_a": pl.lit(0.03),
        "current_mean": pl.lit(0.03),
        "current_max": pl.lit(0.1),
        "discharge_s": pl.lit(0.0),
        "ripple_voltage_v": pl.lit(0.2),
        "ripple_current_a": pl.lit(0.2 / 0.11144),
        "equalize_rows": pl.lit(0),
        "equalize_max_v": pl.lit(None, pl.Float64),
        "equalize_current_a": pl.lit(None, pl.Float64),
        "active_rows": pl.lit(0),
        "contradiction_rows": pl.lit(0),
    }
    names = pl.DataFrame({"unit_id": [f"a-{k:02d}" for k in range(1, 25)]})
    jar_rows = names.join(hours, how="cross").with_columns(unit_kind=pl.lit("jar"), **common, **jar_only)
    string_rows = hours.with_columns(unit_kind=pl.lit("string"), unit_id=pl.lit("a"), **common, **string_only)
    return pl.concat([jar_rows, string_rows], how="diagonal")


def changed(unit: str, where: pl.Expr, **values: pl.Expr | float) -> pl.DataFrame:
    rows = evidence()
    here = (pl.col("unit_id") == unit) & where if unit != "jars" else (pl.col("unit_kind") == "jar") & where
    return rows.with_columns(
        pl.when(here).then(value).otherwise(name).alias(name) for name, value in values.items()
    )


def first(hours: float) -> pl.Expr:
    return round(hours) > HOUR


def on_string(value: float, unit: str) -> dict[str, Callable[[], pl.DataFrame]]:
    """Worlds in which an objection to string `a` has a given value."""
    total = pl.when(HOUR == 0)
    falling = 326.9 * (1.0 - 0.005 * HOUR.clip(0, round(value)))
    equalizing = {"equalize_rows": 60, "equalize_current_a": 8.0, "float_share": 0.0}
    boost = pl.when(100 * value > HOUR).then(24 * 13.0).otherwise(24 * 14.4)
    later = pl.when(HOUR > 150).then(1.0 + value / 100.0).otherwise(1.0)
    ohms = 24 * (4.25 + 0.06) / 1000.0 + 0.008
    return {
        "float_below_charged_voltage": lambda: changed("jars", first(HOURS * value), v_mean=12.5),
        "float_not_regulated": lambda: changed("a", pl.lit(True), float_voltage_v=24 * 13.62 * later),
        "equalize_below_boost": lambda: changed("a", HOUR < 100, equalize_max_v=boost, **equalizing),
        "sum_mismatch": lambda: changed("a", first(HOURS * value), v_mean=24 * 13.62 * 1.02),
        "charging_while_falling": lambda: changed("a", pl.lit(True), v_mean=falling, current_mean=1.0),
        "ripple_impedance": lambda: changed("a", pl.lit(True), ripple_current_a=0.2 / ohms / value),
        "mode_contradiction": lambda: changed(
            "a", HOUR == 0, active_rows=10_000, contradiction_rows=round(10_000 * value)
        ),
        "outside_physics": lambda: changed("a", HOUR == 0, outside_rows=round(HOURS * 60 * value / 100.0)),
        "missing_share": lambda: changed("a", pl.lit(True), v_rows=total.then(_kept(value)).otherwise(0)),
        "longest_gap": lambda: changed("a", HOUR == 5, gap_s=value * 3600.0),
    }


def _kept(missing_pct: float) -> int:
    return round(HOURS * 60 * (1.0 - missing_pct / 100.0))


def on_jar(value: float, unit: str) -> dict[str, Callable[[], pl.DataFrame]]:
    """Worlds in which an objection to the jar has a given value."""
    one, held = unit, round(value) > HOUR
    last = int((HOURS - 1) * value)
    jumps = 25.0 + 4.0 * (pl.min_horizontal(HOUR, pl.lit(last)) % 2)
    kept = pl.when(HOUR == 0).then(_kept(value)).otherwise(0)
    return {
        "resistance_every_sample": lambda: changed(one, HOUR == 0, r_changes=round(value * HOURS / 24.0)),
        "conductance_not_inverse": lambda: changed(
            one, HOUR == 0, g_rows=10_000 - 239, g_off=round(10_000 * value)
        ),
        "temperature_stuck": lambda: changed(one, held, t_min=25.0, t_max=25.0),
        "temperature_too_fast": lambda: changed(one, pl.lit(True), t_mean=jumps),
        "voltage_stuck": lambda: changed(one, held, v_min=13.62, v_max=13.62),
        "outside_physics": lambda: changed(one, HOUR == 0, outside_rows=round(HOURS * 60 * value / 100.0)),
        "missing_share": lambda: changed(one, pl.lit(True), v_rows=kept),
        "longest_gap": lambda: changed(one, HOUR == 5, gap_s=value * 3600.0),
    }


def day(jars: int = 24, step_s: int = 60) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A believable day of telemetry of string `a`: jars that sum to the string, noise of an instrument."""
    rng = np.random.default_rng(7)
    n = 86_400 // step_s
    end = world.START + timedelta(days=1)
    at = pl.datetime_range(world.START, end, f"{step_s}s", closed="left", time_unit="us", eager=True)
    names = pl.DataFrame({"battery_id": [f"a-{k:02d}" for k in range(1, jars + 1)]})
    volts = 13.62 + rng.normal(0, 0.05, (jars, 1)) + rng.normal(0, 0.003, (jars, n))
    heat = 25.0 + 0.5 * np.sin(np.arange(n) / n * 2 * np.pi) + rng.normal(0, 0.1, (jars, n))
    jar_rows = names.join(pl.DataFrame({"ts": at}), how="cross").with_columns(
        voltage_v=pl.Series(volts.round(3).ravel(), dtype=pl.Float32),
        temperature_c=pl.Series(heat.round(1).ravel(), dtype=pl.Float32),
        resistance_mohm=pl.when(pl.col("ts") == world.START + timedelta(hours=9)).then(4.2).cast(pl.Float32),
    )
    jar_rows = jar_rows.with_columns(conductance_s=1000.0 / pl.col("resistance_mohm"))
    string_rows = pl.DataFrame({"ts": at, "voltage_v": volts.sum(0).round(2)}).with_columns(
        string_id=pl.lit("a"),
        current_a=pl.Series(0.03 + rng.normal(0, 0.02, n)),
        mode=pl.lit("float"),
        ripple_voltage_rms_v=pl.lit(0.2),
        ripple_current_rms_a=pl.lit(1.8),
        equalize_flag=pl.lit(False),
    )
    return jar_rows, string_rows
