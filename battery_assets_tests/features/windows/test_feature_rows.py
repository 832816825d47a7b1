"""The feature store, against sums by hand and against polars on the same rows."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.windows.feature_rows import TelemetryDay, feature_days, feature_rows
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.months.telemetry_days import (
    NO_ROUNDS,
    instants,
    jar_rows,
    string_rows,
    telemetry,
    times,
    units,
)
from battery_assets_tests.worlds.months.windowed import DAY, at, quiet_day


def one_row(rows: pl.DataFrame, battery_id: str, hours: int, end: datetime) -> dict:
    chosen = rows.filter(battery_id=battery_id, feature_window_hours=hours, feature_ts=end)
    assert chosen.height == 1
    return chosen.to_dicts()[0]


def noisy_day(day: date, step_s: int = 60) -> TelemetryDay:
    """Three jars with unequal rows: samples missing at random, values missing at random."""
    rng = np.random.default_rng(day.day)
    us, frames = instants(day, step_s), []
    for k, name in enumerate("abc"):
        mine = us[rng.random(len(us)) > 0.1 * (k + 1)]
        volts = 13.6 + 0.1 * k + 0.01 * rng.standard_normal(len(mine))
        volts[rng.random(len(mine)) < 0.02] = np.nan
        frames.append(jar_rows(name, mine, volts, 25 + rng.standard_normal(len(mine))))
    jars = pl.concat(frames).with_columns(pl.col("voltage_v").fill_nan(None))
    return telemetry(day, jars, string_rows("s1", us, 0.05))


def test_the_columns_are_those_of_the_reference():
    rows = feature_rows([quiet_day(DAY)], units("a", "b"), NO_ROUNDS)
    assert dict(rows.schema) == polars_schema(t.feature_store)
    assert feature_rows([], units("a"), NO_ROUNDS).schema == rows.schema


def test_a_small_hour_computed_by_hand():
    us = instants(DAY, 60)[[0, 1, 2, 4]]
    jars = pl.concat(
        [jar_rows("a", us, [13.4, 13.6, 13.9, 13.7], [25, 26, 27, 28]), jar_rows("b", us[:3], 13.6)]
    )
    rows = feature_rows(
        [telemetry(DAY, jars, string_rows("s1", us, [0.0, -2.0, 2.0, 4.0]))], units("a", "b"), NO_ROUNDS
    )
    row = one_row(rows, "a", 1, at(1, 1))
    assert row["v_mean"] == pytest.approx(13.65)
    assert row["v_std"] == pytest.approx(np.std([13.4, 13.6, 13.9, 13.7], ddof=1))
    assert (row["v_min"], row["v_max"], row["t_max"]) == (13.4, 13.9, 28.0)
    # At the fifth minute jar a is alone, so there is nothing to compare it with.
    assert row["v_balance_mean"] == pytest.approx(np.mean([0.1, 0.0, 0.15]))
    assert row["time_below_float_min"] == 1
    assert row["time_above_float_min"] == 1
    # 60 s between neighbours and 120 s over the missing one: (1 + 2) A min + 3 A · 2 min.
    assert row["ah_throughput"] == pytest.approx((1.0 + 2.0 + 6.0) / 60.0)
    assert row["ripple_rms_mean"] == pytest.approx(0.2)
    assert row["thd_mean"] is None
    assert row["discharge_cycles_count"] == 0


def test_a_day_equals_polars_on_the_same_rows():
    day = noisy_day(DAY)
    rows = feature_rows([day], units("a", "b", "c"), NO_ROUNDS).filter(feature_window_hours=24)
    mean = pl.col("voltage_v").mean().over("ts")
    jars_at = pl.col("voltage_v").count().over("ts")
    off = (pl.col("voltage_v") - mean).abs()
    direct = (
        day.jars.with_columns(off=pl.when(jars_at > 1).then(off))
        .group_by("battery_id")
        .agg(
            v_mean=pl.col("voltage_v").mean(), v_std=pl.col("voltage_v").std(),
            v_min=pl.col("voltage_v").min(), v_max=pl.col("voltage_v").max(),
            v_balance_mean=pl.col("off").mean(),
            t_mean=pl.col("temperature_c").mean(), t_max=pl.col("temperature_c").max(),
        )
        .sort("battery_id")
    )  # fmt: skip
    for name in direct.columns[1:]:
        np.testing.assert_allclose(rows[name].to_numpy(), direct[name].to_numpy(), rtol=1e-9, err_msg=name)


def test_a_week_equals_polars_on_its_seven_days_and_starts_at_the_seventh_midnight():
    days = [noisy_day(DAY + timedelta(days=k), 600) for k in range(9)]
    rows = feature_rows(days, units("a", "b", "c"), NO_ROUNDS)
    weeks = rows.filter(feature_window_hours=168, battery_id="b")
    assert weeks["feature_ts"].to_list() == [at(8), at(9), at(10)]
    seen = pl.concat([d.jars for d in days[1:8]]).filter(battery_id="b")["voltage_v"]
    row = one_row(rows, "b", 168, at(9))
    assert row["v_mean"] == pytest.approx(seen.mean(), rel=1e-12)
    assert row["v_std"] == pytest.approx(seen.std(), rel=1e-9)
    assert row["v_min"] == seen.min()
    minutes = rows.filter(feature_window_hours=24, battery_id="b")["time_above_float_min"]
    assert row["time_above_float_min"] == pytest.approx(minutes[1:8].sum(), abs=4)


def test_the_last_window_of_a_month_ends_with_the_first_instant_of_the_next():
    rows = feature_rows([quiet_day(date(2026, 3, 31))], units("a", "b"), NO_ROUNDS)
    assert rows["feature_ts"].max() == datetime(2026, 4, 1, tzinfo=UTC)
    assert rows.filter(feature_window_hours=1)["feature_ts"].min() == at(31, 1)


def test_a_missing_day_is_an_empty_day():
    rows = feature_rows([quiet_day(DAY), quiet_day(date(2026, 3, 9))], units("a", "b"), NO_ROUNDS)
    assert rows.filter(feature_window_hours=24, battery_id="a")["feature_ts"].to_list() == [at(2), at(10)]
    # The window that ends on the 8th still holds the first day; that of the 9th holds nothing.
    assert rows.filter(feature_window_hours=168, battery_id="a")["feature_ts"].to_list() == [at(8), at(10)]


def test_days_of_another_month_or_out_of_order_are_refused():
    with pytest.raises(ValueError, match="not in the month"):
        feature_rows([quiet_day(date(2026, 3, 31)), quiet_day(date(2026, 4, 1))], units("a"), NO_ROUNDS)
    with pytest.raises(ValueError, match="ascend"):
        feature_rows([quiet_day(DAY), quiet_day(DAY)], units("a"), NO_ROUNDS)


def test_unsorted_rows_are_refused():
    day = quiet_day(DAY)
    mixed = telemetry(DAY, day.jars.sort("ts", maintain_order=True), day.strings)
    with pytest.raises(ValueError, match="contiguous"):
        feature_rows([mixed], units("a", "b"), NO_ROUNDS)
    backwards = telemetry(DAY, day.jars.filter(battery_id="a").reverse(), day.strings)
    with pytest.raises(ValueError, match="order of time"):
        feature_rows([backwards], units("a"), NO_ROUNDS)


def test_single_precision_and_enum_ids_give_the_same_features():
    day = noisy_day(DAY, 300)
    ids = pl.Enum(["c", "b", "a"])
    light = day.jars.with_columns(
        pl.col("battery_id").cast(ids), pl.col("voltage_v", "temperature_c").cast(pl.Float32)
    )
    full = feature_rows([day], units("a", "b", "c"), NO_ROUNDS)
    other = feature_rows([telemetry(DAY, light, day.strings)], units("a", "b", "c"), NO_ROUNDS)
    for name in ("v_mean", "v_std", "v_balance_mean", "t_mean"):
        np.testing.assert_allclose(other[name], full[name], rtol=1e-4)


def test_a_sample_on_the_limit_of_the_band_is_inside_in_both_precisions():
    us = instants(DAY, 60, 1)
    for dtype in (pl.Float32, pl.Float64):
        jars = jar_rows("a", us, 13.8).with_columns(pl.col("voltage_v").cast(dtype))
        rows = feature_rows([telemetry(DAY, jars, string_rows("s1", us, 0.1))], units("a"), NO_ROUNDS)
        assert rows["time_above_float_min"].to_list() == [0, 0]


def test_minutes_outside_the_band_count_on_float_only():
    us = instants(DAY, 60, 1)
    modes = ["discharge"] * 20 + ["float"] * 40
    day = telemetry(DAY, jar_rows("a", us, 12.0), string_rows("s1", us, 0.0, modes))
    assert feature_rows([day], units("a"), NO_ROUNDS)["time_below_float_min"].to_list() == [40, 40]


def test_without_a_mode_the_voltage_tells_float_from_discharge():
    us = instants(DAY, 60, 1)
    volts = np.where(np.arange(60) < 30, 12.0, 13.4)
    jars = pl.concat([jar_rows("a", us, volts), jar_rows("b", us, volts + 0.2)])
    rows = feature_rows([telemetry(DAY, jars, string_rows("s1", us, 0.0, None))], units("a", "b"), NO_ROUNDS)
    hour = rows.filter(feature_window_hours=1)
    assert hour["time_below_float_min"].to_list() == [30, 0]


def test_ambient_is_the_mean_of_the_sensors_and_null_without_them():
    day = quiet_day(DAY)
    us = instants(DAY, 60)
    env = pl.DataFrame({"ts": times(us), "sensor_id": ["e1"] * len(us), "temperature_c": 22.0})
    both = pl.concat([env, env.with_columns(sensor_id=pl.lit("e2"), temperature_c=pl.lit(24.0))])
    rows = feature_rows([telemetry(DAY, day.jars, day.strings, both)], units("a", "b"), NO_ROUNDS)
    assert rows["t_delta_ambient_mean"].to_list() == pytest.approx([2.0] * rows.height)
    without = feature_rows([day], units("a", "b"), NO_ROUNDS)
    assert without["t_delta_ambient_mean"].null_count() == without.height


def test_the_latest_resistance_comes_from_rounds_and_telemetry_alike():
    us = instants(DAY, 600)
    ohms = np.full(len(us), np.nan)
    ohms[6 * 10] = 5.0
    jars = jar_rows("a", us, 13.6).with_columns(resistance_mohm=pl.Series(ohms, nan_to_null=True))
    rounds = pl.DataFrame(
        {
            "battery_id": ["a", "a"],
            "measured_at": [at(1) - timedelta(days=40), at(1, 20)],
            "resistance_mohm": [4.4, 6.0],
        }
    )
    rows = feature_rows([telemetry(DAY, jars, string_rows("s1", us, 0.0))], units("a"), rounds)
    hourly = rows.filter(feature_window_hours=1)["r_internal_latest"].to_list()
    assert hourly[:10] == [4.4] * 10
    assert hourly[10:19] == [5.0] * 9
    assert hourly[19:] == [6.0] * 5
    assert one_row(rows, "a", 24, at(2))["r_internal_baseline_pct"] == pytest.approx(150.0)


def test_a_resistance_beyond_the_column_stops_at_its_width():
    us = instants(DAY, 600, 1)
    day = telemetry(DAY, jar_rows("a", us, 13.6, 25.0, 200.0), string_rows("s1", us, 0.0))
    assert feature_rows([day], units("a"), NO_ROUNDS)["r_internal_baseline_pct"].to_list() == [999.99, 999.99]


def over_the_edge(first: date, lead: int, count: int) -> pl.DataFrame:
    """Rows of `count` days of a month, whose last `lead` days before are known."""
    jars = units("a", "b", "c")
    earlier = [noisy_day(first - timedelta(days=n), 600) for n in range(lead, 0, -1)]
    before = [(day, state) for day, _, state in feature_days(earlier, jars, NO_ROUNDS)]
    days = (noisy_day(first + timedelta(days=n), 600) for n in range(count))
    return pl.concat([rows for _, rows, _ in feature_days(days, jars, NO_ROUNDS, before)])


def test_a_week_reaches_back_over_the_month_s_edge():
    rows = over_the_edge(DAY, lead=6, count=3)
    weeks = rows.filter(feature_window_hours=168, battery_id="b").sort("feature_ts")
    assert weeks["feature_ts"].to_list() == [at(2), at(3), at(4)]
    seven = [noisy_day(DAY + timedelta(days=n), 600) for n in range(-5, 2)]
    seen = pl.concat([d.jars for d in seven]).filter(battery_id="b")["voltage_v"]
    row = one_row(rows, "b", 168, at(3))
    assert row["v_mean"] == pytest.approx(seen.mean(), rel=1e-12)
    assert row["v_std"] == pytest.approx(seen.std(), rel=1e-9)
    # One day fewer before: the week begins one day later, never with days that nobody knows.
    later = over_the_edge(DAY, lead=5, count=3).filter(feature_window_hours=168, battery_id="b")
    assert sorted(later["feature_ts"].to_list()) == [at(3), at(4)]


def test_a_discharge_that_goes_on_over_the_edge_is_one_and_its_charge_is_whole():
    def night(day: date, hours: slice) -> TelemetryDay:
        us = instants(day, 60)
        current = np.zeros(len(us))
        current[hours] = -30.0
        return telemetry(day, jar_rows("a", us, 12.5), string_rows("s1", us, current, None))

    jars, last = units("a"), DAY - timedelta(days=1)
    before = [
        (day, state) for day, _, state in feature_days([night(last, slice(-60, None))], jars, NO_ROUNDS)
    ]
    [(_, rows, _)] = feature_days([night(DAY, slice(0, 60))], jars, NO_ROUNDS, before)
    hour = one_row(rows, "a", 1, at(1, 1))
    assert hour["discharge_cycles_count"] == 0, "it began in the month before"
    assert hour["ah_throughput"] == pytest.approx(30.0 + 30.0 / 120, abs=0.3)
    assert before[0][1]["strings"][0, 0, kernel_cycles()] == 1


def kernel_cycles() -> int:
    from battery_assets.features.windows.kernels import CYCLES

    return CYCLES
