"""The twin of each jar from discharges, and what it says without one."""

import json
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.twin.states import SCHEMA as TWIN
from battery_assets.features.windows.discharges import SCHEMA, discharge_windows
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.months.telemetry_days import (
    telemetry,
    units,
)
from battery_assets_tests.worlds.months.twinned import DAY, discharge_day, known, twins

NO_DISCHARGE = pl.DataFrame(schema=SCHEMA)


def test_discharge_windows_hold_the_discharge_and_the_two_minutes_after_it():
    rows = discharge_windows([discharge_day()], units("a", "b"))
    assert dict(rows.schema) == SCHEMA
    for _, jar in rows.group_by("battery_id"):
        assert jar.height == 15 * 12 + 24
        assert (jar["current_a"] < 0).sum() == 180
    assert rows["window_start"].unique().to_list() == [datetime(2026, 3, 1, 9, 59, 57, 500_000, tzinfo=UTC)]


def test_short_transfers_are_no_windows_and_only_the_largest_discharges_are_kept():
    assert discharge_windows([discharge_day(0.75)], units("a", "b")).height == 0
    days = [discharge_day(minutes) for minutes in (5.0, 2.0, 10.0)]
    rows = discharge_windows(days, units("a", "b"), per_string=1)
    assert rows.filter(battery_id="a").height == 10 * 12 + 24


def test_a_jar_sample_far_from_any_string_sample_is_left_out():
    day = discharge_day()
    sparse = day.strings.filter(pl.int_range(pl.len()) % 4 == 0)
    some = discharge_windows([telemetry(DAY, day.jars, sparse)], units("a", "b"))
    assert some["current_a"].null_count() == 0
    gone = day.strings.filter(
        ~pl.col("ts").is_between(
            datetime(2026, 3, 1, 10, 5, tzinfo=UTC), datetime(2026, 3, 1, 10, 10, tzinfo=UTC)
        )
    )
    fewer = discharge_windows([telemetry(DAY, day.jars, gone)], units("a", "b"))
    assert fewer.height < discharge_windows([day], units("a", "b")).height - 100


def test_the_twin_finds_the_circuit_of_each_jar():
    discharges = discharge_windows([discharge_day(30.0)], units("a", "b"))
    rows = twins(known("a", "b"), discharges, soh=100.0)
    a, b = rows.to_dicts()
    assert a["r0_mohm"] == pytest.approx(6.0, rel=0.08)
    assert b["r0_mohm"] == pytest.approx(12.0, rel=0.08)
    assert a["r1_mohm"] == pytest.approx(2.0, rel=0.3)
    assert a["c1_f"] == pytest.approx(30.0 / 2.0e-3, rel=0.5)
    assert a["calibration_rmse_v"] < 0.01
    assert a["last_calibrated_at"] == datetime(2026, 3, 1, 10, 31, 55, tzinfo=UTC)
    told = json.loads(a["ocv_params_json"])
    assert (told["source"], told["r0_source"]) == ("fit", "discharge_step")


def test_the_columns_are_those_of_the_reference_and_the_id_is_stable():
    rows = twins(known("a", "b"), NO_DISCHARGE)
    assert dict(rows.schema) == TWIN
    assert {**TWIN, "filter_json": pl.String} == polars_schema(t.digital_twin_state)
    assert rows.equals(twins(known("a", "b"), NO_DISCHARGE))
    assert rows["state_id"].n_unique() == 2


def test_without_a_discharge_the_circuit_is_the_prior_and_says_so():
    full, half = (twins(known("a"), NO_DISCHARGE, soc).to_dicts()[0] for soc in (100.0, 50.0))
    assert full["r0_mohm"] == pytest.approx(4.4 * 1.3)
    assert half["r1_mohm"] > full["r1_mohm"]
    assert full["r2_mohm"] == pytest.approx(12.9 * 4.4 / 4.25)
    assert (full["calibration_rmse_v"], full["last_calibrated_at"]) == (None, None)
    told = json.loads(full["ocv_params_json"])
    assert (told["source"], told["r0_source"]) == ("prior", "ohmic_reading")
    unread = twins(known("a"), NO_DISCHARGE, mohm=None).to_dicts()[0]
    assert unread["r0_mohm"] == pytest.approx(4.0 * 1.3)
    assert json.loads(unread["ocv_params_json"])["r0_source"] == "initial_resistance"


def test_a_jar_of_which_nothing_was_ever_read_has_no_circuit():
    bare = known("a", initial_resistance_mohm=pl.lit(None, pl.Float64))
    row = twins(bare, NO_DISCHARGE, mohm=None).to_dicts()[0]
    assert [row[name] for name in ("r0_mohm", "r1_mohm", "c1_f", "r2_mohm", "c2_f", "power_fade_pct")] == [
        None
    ] * 6


def test_values_that_no_jar_can_have_give_way_to_the_prior():
    discharges = discharge_windows([discharge_day(30.0, r2=0.1e-3)], units("a", "b"))
    row = twins(known("a", "b"), discharges, soh=100.0).to_dicts()[0]
    told = json.loads(row["ocv_params_json"])
    # 1500 s through 0.1 mΩ are 15 MF, which no jar has; the branch falls whole, and the others stand.
    assert told["not_valid"] == ["c2_f"]
    assert row["r2_mohm"] == pytest.approx(12.9 * 4.4 / 4.25)
    assert row["c2_f"] == pytest.approx(4740.0 / row["r2_mohm"] * 1e3)
    assert row["r0_mohm"] == pytest.approx(6.0, rel=0.1)
    assert row["r1_mohm"] == pytest.approx(2.0, rel=0.3)


def test_a_window_that_no_circuit_explains_keeps_its_rmse_only():
    day = discharge_day(30.0)
    rng = np.random.default_rng(5)
    wild = day.jars.with_columns(voltage_v=pl.Series(12.0 + 0.5 * rng.standard_normal(day.jars.height)))
    discharges = discharge_windows([telemetry(DAY, wild, day.strings)], units("a", "b"))
    row = twins(known("a", "b"), discharges).to_dicts()[0]
    assert row["calibration_rmse_v"] > 0.1
    assert json.loads(row["ocv_params_json"])["source"] == "prior"


def test_fade_is_told_against_the_jars_own_beginning():
    row = twins(known("a"), NO_DISCHARGE, soh=90.0).to_dicts()[0]
    assert row["capacity_fade_pct"] == pytest.approx(100 * (1 - 0.9 * 120 / 122))
    assert row["power_fade_pct"] == pytest.approx(100 * (1 - 4.0 / 4.4))
    # The same reading on a cold jar means less wear.
    assert twins(known("a"), NO_DISCHARGE, temp_c=10.0)["power_fade_pct"][0] < row["power_fade_pct"]


def test_the_corrosion_layer_grows_with_thermal_age_and_stays_within_its_column():
    layer = [twins(known("a"), NO_DISCHARGE, temp_c=c)["sei_thickness_nm"][0] for c in (20.0, 25.0, 30.0)]
    assert layer == sorted(layer)
    assert layer[1] == pytest.approx(20_000 * 4**0.8, rel=0.01)
    old = known("a", installed_date=pl.lit(date(2006, 4, 1), pl.Date))
    row = twins(old, NO_DISCHARGE).to_dicts()[0]
    assert row["sei_thickness_nm"] == 99_999.999
    assert json.loads(row["ocv_params_json"])["film_nm"] > 100_000
